"""What measures speed runs through the entrance and writes what it measured."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
import torch
from our_worker import grid_seconds

from tests.study.run.test_entrance import entrance


def bench(*arguments: str, out: Path) -> dict:
    """The JSON that ``./run_all.sh bench`` writes."""
    done = entrance("bench", *arguments, "--out", str(out), results=out)
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = out.glob("*.json")
    return json.loads(path.read_text(encoding="utf-8"))


def test_speed_has_every_measure_and_the_limits(tmp_path):
    model = "BERT, a stand-in's size"
    found = bench("speed", "--models", model, "--repeats", "1", out=tmp_path)
    values = {(row["measure"], row["setting"]): row for row in found["measures"]}
    steps = {f"step, batch {batch}" for batch in (1, 32)}
    peaks = {f"peak memory, batch {batch}" for batch in (1, 32)}
    measures = steps | peaks | {"encoding a row", "a grid candidate"}
    assert {measure for measure, _ in values} > measures
    assert len(values) == 2 * 8  # with two shares of the machine's rates
    assert min(row["value"] for row in values.values()) > 0
    for measure in steps:
        for setting in ("kept", "plain"):
            assert [len(turn) for turn in values[measure, setting]["turns"]] == [2]


def test_the_base_model_is_not_a_candidate():
    def grid(progress):
        for number in progress(range(3)):
            time.sleep(0.5 if number == 0 else 0)

    candidates, every = grid_seconds(grid)
    assert candidates < 0.25 and every >= 0.5


def test_memory_of_bookcorpus_is_written_a_size(tmp_path):
    found = bench("bookcorpus", "--rows", "30000", "60000", out=tmp_path)
    assert [row["rows"] for row in found["measures"]] == [30_000, 60_000]
    assert all(row["peak_MiB"] >= row["before_MiB"] for row in found["measures"])


def test_stereoset_is_compared_on_equal_scores(tmp_path):
    sizes = {"hidden": 32, "layers": 2, "heads": 2, "intermediate": 64}
    counts = {"examples": 40, "plain-examples": 20, "repeats": 1}
    options = [f"--{name}={value}" for name, value in (sizes | counts).items()]
    found = bench("stereoset", *options, out=tmp_path)
    assert found["plain_examples_scored"] == 20
    assert found["largest_relative_difference"] < 1e-4


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_its_benchmark_says_so(tmp_path):
    done = entrance("bench", "gpu", results=tmp_path)
    assert done.returncode != 0 and "torch sees no GPU here" in done.stderr
