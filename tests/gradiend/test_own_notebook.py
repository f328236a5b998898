"""Notebook 12 with a file of one's own: it needs the package alone."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from study.models.standins import STANDINS
from study.results.places import REPOSITORY
from study.run.notebooks import NOTEBOOKS

# The package alone: what is not installed with it cannot be imported.
ALONE = """
import sys
sys.modules["study"] = None
exec(sys.stdin.read())
"""


def code(**given: object) -> str:
    """What the notebook's cells say, its parameters set as papermill sets them."""
    path = NOTEBOOKS / "12_your_own_bias.ipynb"
    said = []
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            said.append("".join(cell["source"]).removeprefix("%matplotlib inline\n"))
        if "parameters" in cell["metadata"].get("tags", ()):
            said += [f"{name} = {value!r}" for name, value in given.items()]
    return "\n".join(said)


@pytest.mark.parametrize("with_probes", [True, False])
def test_it_runs_without_the_study(tmp_path, with_probes):
    probes = tmp_path / "probes.txt"
    probes.write_text(
        "\n".join(f"Some [MASK] in Milbrook sang {n} songs." for n in range(2, 24))
    )
    given = {
        "model": str(STANDINS / "standin-bert-base"),
        "file": str(REPOSITORY / "data" / "examples" / "age.csv"),
        "probes": str(probes) if with_probes else None,
        "output": str(tmp_path),
    }
    done = subprocess.run(
        [sys.executable, "-c", ALONE],
        input=code(**given),
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "level" / "test_texts.csv").exists() == with_probes
