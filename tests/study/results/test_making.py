"""Time and memory of a block, of blocks inside it, and what else is noted."""

from __future__ import annotations

import re
import time
from pathlib import Path

import numpy as np
import pytest

from gradiend.files import read_json
from study.results.making import measured


def most_used() -> int:
    """KiB of memory at most since the system last began a new peak."""
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1])


def begins_new_peaks() -> bool:
    """Whether the system does: not every one has the file, not every one heeds it."""
    try:
        np.ones(400 * 2**17)
        before = most_used()
        Path("/proc/self/clear_refs").write_text("5")
        return most_used() < before - 300 * 1024
    except (OSError, TypeError):
        return False


def test_a_block_notes_its_time_and_what_it_puts_in(tmp_path):
    with measured(tmp_path / "a.run.json") as more:
        time.sleep(0.05)
        more["forward"] = 7
    note = read_json(tmp_path / "a.run.json")
    assert 0.05 <= note["seconds"] < 5 and note["forward"] == 7
    assert note["peak_MiB"] > 10 and note["device"] == "CPU"


def test_the_peak_is_that_of_the_block_and_of_those_inside_it(tmp_path):
    if not begins_new_peaks():
        pytest.skip("no peak of a block on this system")
    with measured(tmp_path / "outer.run.json"):
        with measured(tmp_path / "large.run.json"):
            np.ones(400 * 2**17)  # 400 MiB, gone at once
        with measured(tmp_path / "small.run.json"):
            pass
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
