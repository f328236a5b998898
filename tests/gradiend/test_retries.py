"""Which seeds are trained, and what is said of each."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from gradiend.settings import TrainingSettings
from gradiend.training import _tried, fit
from tests.conftest import tiny_lm
from tests.gradiend.test_training import SHORT


@pytest.mark.parametrize(
    ("values", "retries", "tried"),
    [
        ({0: 0.9, 1: 0.9}, 3, [0, 1]),
        ({0: 0.9, 1: 0.2, 2: 0.9}, 3, [0, 1, 2]),
        ({0: 0.9, 1: 0.2, 2: 0.1, 3: 0.5}, 3, [0, 1, 2, 3]),
        ({0: 0.1, 1: 0.2, 2: 0.1}, 1, [0, 1, 2]),
        ({0: 0.1, 1: 0.2}, 0, [0, 1]),
    ],
)
def test_a_further_seed_for_each_that_failed(values, retries, tried):
    settings = TrainingSettings(converged=0.5, retries=retries)
    reached: dict[int, float] = {}
    found = []
    for seed in _tried((0, 1), settings, reached):
        found.append(seed)
        reached[seed] = values[seed]
    assert found == tried


def test_each_run_is_handed_over_and_the_best_is_kept(table, caplog):
    lm, runs = tiny_lm("bert"), []
    settings = replace(SHORT, converged=1.0, retries=1)
    result = fit(lm, table, settings, seeds=(0, 1), each=runs.append)
    assert [run.seed for run in runs] == [0, 1, 2] == list(result.seeds)
    best = max(runs, key=lambda run: run.correlation)
    assert (result.seed, result.correlation) == (best.seed, best.correlation)
    reached = f"has not converged: .* reached {result.correlation:.2f} .*seeds: 0, 1, 2"
    assert re.search(reached, caplog.text) and "larger learning rate" in caplog.text


def test_a_run_that_has_converged_is_not_remarked_on(table, caplog):
    fit(tiny_lm("bert"), table, replace(SHORT, converged=0.0))
    assert not caplog.messages
