"""The paper's profile from end to end, on a small copy of the hub."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from study.results.places import REPOSITORY
from study.run.notebooks import NOTEBOOKS
from tests.replica import write_models, write_public

PROFILE = REPOSITORY / "tests" / "replica.yaml"


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A replica, a profile that reads it, and the variables that lead there."""
    root = tmp_path_factory.mktemp("paper")
    content = yaml.safe_load(PROFILE.read_text(encoding="utf-8"))
    names = [n if isinstance(n, str) else next(iter(n)) for n in content["models"]]
    write_models(root / "hub", names)
    manifest = write_public(root / "hub", root / "results" / "public" / "downloads")
    content["data"] = str(manifest)
    (root / "replica.yaml").write_text(yaml.safe_dump(content))
    return os.environ | {
        "GRADIEND_RESULTS": str(root / "results"),
        "HF_HOME": str(root),  # and no token
        "HF_HUB_CACHE": str(root / "hub"),
        "HF_HUB_OFFLINE": "1",
        "VIRTUAL_ENV": sys.prefix,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }


def run(environment: dict[str, str], *options: str) -> subprocess.CompletedProcess:
    root = Path(environment["HF_HOME"])
    return subprocess.run(
        [REPOSITORY / "run_all.sh", "replica.yaml", *options],
        env=environment,
        cwd=root,
        text=True,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )


def test_the_papers_profile_runs_through_every_notebook(environment):
    done = run(environment)
    assert done.returncode == 0, done.stdout + done.stderr
    # The preflight comes first.
    assert "distilbert-base-cased: 0.0 MB to fetch" in done.stdout
    folder = Path(environment["GRADIEND_RESULTS"]) / "replica"
    executed = {path.stem.split("--")[0] for path in folder.glob("notebooks/*.ipynb")}
    assert executed == {path.stem for path in NOTEBOOKS.glob("*.ipynb")}
    assert "Main results, race" in (folder / "report.html").read_text()
    (mark,) = folder.glob("distilbert-base-cased/fetched.json")
    assert json.loads(mark.read_text())["sha256"]
    planned = run(environment, "-n")
    assert "Nothing to be done" in planned.stdout + planned.stderr
