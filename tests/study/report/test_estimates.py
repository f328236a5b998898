"""How many training seeds the gathered estimates of tasks are a mean over."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from gradiend.files import write_csv
from study.comparison.bootstrap import Estimate
from study.comparison.variants import ANY, Variant
from study.report import estimates
from study.report.estimates import robustness_estimates, suite_estimates
from study.results import files


def settings(folder: Path, **tasks) -> SimpleNamespace:
    return SimpleNamespace(
        model_folder=folder,
        seed=0,
        display="A",
        domain=SimpleNamespace(name="gender"),
        feature="gender_MF",
        tasks=SimpleNamespace(**tasks),
    )


def answers(*states: str, seeds: int) -> pd.DataFrame:
    """Of a task with four rows, half of them right."""
    one = pd.DataFrame({"unit": range(4), "label": 1, "prediction": [0, 0, 1, 1]})
    one = one.assign(task="sst2", split="validation")
    return pd.concat(
        one.assign(state=state, seed=seed) for state in states for seed in range(seeds)
    )


@pytest.mark.parametrize(("zero_shot", "expected"), [(False, 3), (True, 0)])
def test_rows_of_tasks_have_the_number_of_their_seeds(tmp_path, zero_shot, expected):
    base = Variant(ANY)
    table = answers(base.slug, seeds=1 if zero_shot else 3)
    write_csv(tmp_path / files.TASKS_FOLDER / files.TASKS, table)
    found = suite_estimates(settings(tmp_path, zero_shot=zero_shot), [base])
    assert found["metric"].tolist() == ["GLUE: sst2", "GLUE"]
    assert found["seeds"].tolist() == [expected] * 2
    assert found["value"].tolist() == [50, 50]


def test_a_change_of_tasks_is_against_the_base_model_whatever_comes_first(tmp_path):
    """And without it there is none: the first variant does not stand for it."""
    base, ours = Variant(ANY), Variant("gender", ("GRADIEND-N",))
    right = answers(ours.slug, seeds=1).assign(prediction=1)
    table = pd.concat([right, answers(base.slug, seeds=1)])
    write_csv(tmp_path / files.TASKS_FOLDER / files.TASKS, table)
    asked = settings(tmp_path, zero_shot=True)
    found = suite_estimates(asked, [ours, base]).set_index(["variant", "metric"])
    assert found["change"].loc[ours.name].tolist() == [50, 50]
    assert found["change"].loc[base.name].tolist() == [0, 0]
    write_csv(tmp_path / files.TASKS_FOLDER / files.TASKS, right)
    with pytest.raises(KeyError, match=base.name):
        suite_estimates(asked, [ours, base])


def test_survival_is_asked_of_one_seed(tmp_path, monkeypatch):
    folder = tmp_path / files.ROBUSTNESS_FOLDER
    states = ("fine-tuned", "debiased, then fine-tuned")
    write_csv(folder / files.TASKS, answers(*states, seeds=1))
    asked = pd.DataFrame({"state": ["base", *states]})
    write_csv(folder / files.ASSOCIATIONS, asked)
    one = {"SS": Estimate(60.0, np.array([59.0, 61.0]))}
    monkeypatch.setattr(
        estimates, "read_scores", lambda _: dict.fromkeys(("base", *states))
    )
    monkeypatch.setattr(estimates, "bias_estimates", lambda *_, **__: dict(one))
    monkeypatch.setattr(estimates, "association_estimates", lambda *_, **__: {})
    run = settings(tmp_path, names=("sst2",), survival=True)
    profile = SimpleNamespace(compared=lambda _: [run])
    found = robustness_estimates(profile, "a").set_index("metric")["seeds"]
    assert found["task"].tolist() == [1, 1] and found["SS"].isna().all()
