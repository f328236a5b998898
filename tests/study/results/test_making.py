"""Time and memory of a block, of blocks inside it, and what else is noted."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from gradiend.files import read_json
from study.results import making
from study.results.making import measured
from study.results.places import REPOSITORY

# Without the setting of run_all.sh by which a process keeps what it has freed.
PEAKS = """
import sys
from pathlib import Path
import numpy as np
from gradiend.files import read_json
from study.results.making import measured
folder = Path(sys.argv[1])
with measured(folder / "outer.run.json"):
    with measured(folder / "large.run.json"):
        np.ones(400 * 2**17)  # 400 MiB, gone at once
    with measured(folder / "small.run.json"):
        pass
"""


def test_a_block_notes_its_time_and_what_it_puts_in(tmp_path):
    with measured(tmp_path / "a.run.json") as more:
        time.sleep(0.05)
        more["forward"] = 7
    note = read_json(tmp_path / "a.run.json")
    assert 0.05 <= note["seconds"] < 5 and note["forward"] == 7
    assert note["peak_MiB"] > 10 and note["device"] == "CPU"


@pytest.mark.skipif(
    not os.access("/proc/self/clear_refs", os.W_OK), reason="no peak of a block here"
)
def test_the_peak_is_that_of_the_block_and_of_those_inside_it(tmp_path):
    environment = {k: v for k, v in os.environ.items() if k != "GLIBC_TUNABLES"}
    environment["PYTHONPATH"] = str(REPOSITORY)
    subprocess.run([sys.executable, "-c", PEAKS, tmp_path], env=environment, check=True)
    peak = {
        name: read_json(tmp_path / f"{name}.run.json")["peak_MiB"]
        for name in ("outer", "large", "small")
    }
    assert peak["large"] > peak["small"] + 300
    assert peak["outer"] == peak["large"]


def test_a_block_that_breaks_off_notes_nothing(tmp_path):
    with pytest.raises(KeyboardInterrupt), measured(tmp_path / "a.run.json"):
        raise KeyboardInterrupt
    assert not list(tmp_path.iterdir())
    with measured(tmp_path / "b.run.json"):
        pass
    assert (tmp_path / "b.run.json").exists()


def test_the_code_that_computes_has_a_digest(tmp_path, monkeypatch):
    for name in ("gradiend/a.py", "study/steps/b.py", "study/report/c.py"):
        path = tmp_path / name
        path.parent.mkdir(parents=True)
        path.write_text("x = 1")
    monkeypatch.setattr(making, "REPOSITORY", tmp_path)
    digest = making.code_digest.__wrapped__
    before = digest()
    (tmp_path / "study/report/c.py").write_text("x = 2")
    assert digest() == before
    method = digest("gradiend")
    (tmp_path / "study/steps/b.py").write_text("x = 2")
    assert digest() != before
    assert digest("gradiend") == method
