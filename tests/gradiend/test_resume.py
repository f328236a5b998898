"""A run that is cut off anywhere ends with the numbers of an undisturbed one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import torch
from safetensors import safe_open

from gradiend import checkpoints as module
from gradiend.evaluation import contrasts
from gradiend.settings import TrainingSettings
from gradiend.training import Trainer, TrainingResult, fit
from tests.conftest import tiny_lm

# Validations at 1, 3, 6 and 7.
SHORT = TrainingSettings(
    steps=7, batch_size=4, evaluate_every=3, learning_rate=1e-2, min_rows=2
)


class Killed(Exception):
    pass


class Steps:
    """A progress that notes the steps it gives, and is killed before one of them."""

    def __init__(self, killed_before: int | None = None, run: int = 0) -> None:
        self.killed_before, self.run = killed_before, run
        self.given: list[list[int]] = []  # by run

    def __call__(self, steps: Sequence[int]) -> Iterable[int]:
        self.given.append([])
        for step in steps:
            if len(self.given) == self.run + 1 and step == self.killed_before:
                raise Killed
            self.given[-1].append(step)
            yield step


def same(first: TrainingResult, second: TrainingResult) -> None:
    """Every bit of what was kept, and how it came about."""
    assert first.history.equals(second.history)
    assert (first.seed, first.best_step) == (second.seed, second.best_step)
    assert first.seeds == second.seeds
    for name, tensor in first.gradiend.tensors().items():
        assert torch.equal(tensor, second.gradiend.tensors()[name]), name


def kept_step(path: Path) -> int:
    with safe_open(path, framework="pt") as file:
        return json.loads(file.metadata()["training"])["step"]


@pytest.mark.parametrize("architecture", ["bert", "llama"])
@pytest.mark.parametrize(
    ("killed_before", "left"),
    [(2, [2, 3, 4, 5, 6, 7]), (5, [4, 5, 6, 7]), (7, [7])],
)
def test_what_follows_the_last_validation_is_done_again(
    table, tmp_path, architecture, killed_before, left
):
    lm = tiny_lm(architecture)
    with pytest.raises(Killed):
        fit(lm, table, SHORT, checkpoints=tmp_path, progress=Steps(killed_before))
    (path,) = tmp_path.iterdir()
    assert kept_step(path) == left[0] - 1
    steps = Steps()
    resumed = fit(lm, table, SHORT, checkpoints=tmp_path, progress=steps)
    assert steps.given == [left]
    same(resumed, fit(lm, table, SHORT))


def test_a_run_may_be_cut_off_again_and_again(table, tmp_path):
    lm = tiny_lm("bert")
    for step in (2, 5, 7):
        with pytest.raises(Killed):
            fit(lm, table, SHORT, checkpoints=tmp_path, progress=Steps(step))
    same(fit(lm, table, SHORT, checkpoints=tmp_path), fit(lm, table, SHORT))


def test_seeds_that_are_finished_are_not_trained_again(table, tmp_path):
    lm, seeds = tiny_lm("bert"), (0, 1, 2)
    with pytest.raises(Killed):
        killed = Steps(5, run=1)
        fit(lm, table, SHORT, seeds=seeds, checkpoints=tmp_path, progress=killed)
    steps = Steps()
    resumed = fit(lm, table, SHORT, seeds=seeds, checkpoints=tmp_path, progress=steps)
    assert steps.given == [[], [4, 5, 6, 7], [1, 2, 3, 4, 5, 6, 7]]
    same(resumed, fit(lm, table, SHORT, seeds=seeds))


def test_the_best_is_kept_though_it_came_before_the_last_checkpoint(
    table, tmp_path, monkeypatch
):
    """Validations grow worse after the first: the kept GRADIEND is step 1's."""
    lm = tiny_lm("bert")
    monkeypatch.setattr(contrasts, "pearson", falling())
    whole = fit(lm, table, SHORT)
    assert whole.best_step == 1
    monkeypatch.setattr(contrasts, "pearson", falling())
    with pytest.raises(Killed):
        fit(lm, table, SHORT, checkpoints=tmp_path, progress=Steps(5))
    same(fit(lm, table, SHORT, checkpoints=tmp_path), whole)


def falling() -> Callable[..., float]:
    values = iter([0.9, 0.8, 0.7, 0.6])
    return lambda _h, _labels: next(values)


def test_a_kill_while_a_checkpoint_is_written_costs_that_checkpoint_alone(
    table, tmp_path, monkeypatch
):
    lm = tiny_lm("bert")
    whole = fit(lm, table, SHORT)
    written: list[Path] = []

    def half(tensors, path, metadata):
        written.append(path)
        if len(written) == 3:  # at step 6
            Path(path).write_bytes(b"half of a file")
            raise Killed
        save(tensors, path, metadata=metadata)

    save = module.save_file
    monkeypatch.setattr(module, "save_file", half)
    with pytest.raises(Killed):
        fit(lm, table, SHORT, checkpoints=tmp_path)
    monkeypatch.undo()
    (path,) = tmp_path.iterdir()
    assert kept_step(path) == 3
    same(fit(lm, table, SHORT, checkpoints=tmp_path), whole)


@pytest.mark.parametrize(
    "change", [{"learning_rate": 2e-2}, {"steps": 8}, {"source": "difference"}]
)
def test_another_runs_checkpoint_is_not_taken(table, tmp_path, change):
    lm = tiny_lm("bert")
    fit(lm, table, SHORT, checkpoints=tmp_path)
    steps, other = Steps(), replace(SHORT, **change)
    found = fit(lm, table, other, checkpoints=tmp_path, progress=steps)
    assert steps.given[0][0] == 1
    same(found, fit(lm, table, other))


def test_other_rows_or_another_model_make_another_run(table, tmp_path):
    lm = tiny_lm("bert")
    fit(lm, table, SHORT, checkpoints=tmp_path)
    longer = table.assign(masked="Then " + table["masked"])
    changed = tiny_lm("bert")
    with torch.no_grad():
        next(iter(changed.covered.values())).add_(0.01)
    for model, rows in ((lm, longer), (changed, table)):
        steps = Steps()
        fit(model, rows, SHORT, checkpoints=tmp_path, progress=steps)
        assert steps.given == [[1, 2, 3, 4, 5, 6, 7]]
    assert len(list(tmp_path.iterdir())) == 3


@dataclass(frozen=True)
class Says:
    """A change of what the head says."""

    strength: float


def test_all_that_a_models_gradients_depend_on_makes_another_run(table, tmp_path):
    lm, other_head = tiny_lm("bert"), tiny_lm("bert")
    with torch.no_grad():
        other_head.model.cls.predictions.bias.add_(0.01)
    narrow = tiny_lm("bert", dtype=torch.bfloat16)
    widened = replace(narrow, model=deepcopy(narrow.model).float())
    swapped = tiny_lm("bert")
    with torch.no_grad():
        first = next(iter(swapped.covered.values()))
        first.copy_(first.flip(0))
    others = [
        replace(lm, prefix="Anna said "),
        replace(lm, autocast=True),
        *(replace(lm, says=Says(strength)) for strength in (1.0, 2.0)),
        other_head,
        narrow,
        widened,  # its parameters are the numbers of the narrow one
        swapped,  # their sums are those of the first one
    ]
    paths = [Trainer(m, table, SHORT, checkpoints=tmp_path).checkpoint
             for m in (lm, *others)]  # fmt: skip
    assert len({*paths}) == len(paths)
    again = Trainer(replace(lm, says=Says(2.0)), table, SHORT, checkpoints=tmp_path)
    assert again.checkpoint == paths[4]
