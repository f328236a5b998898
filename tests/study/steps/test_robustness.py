"""Debiasing before and after fine-tuning: what each state is, and what is left."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
import torch

from gradiend.autoencoder import Gradiend
from gradiend.lm.cloze import ClozeLM
from study.comparison.benchmarks.suite import Suite, read_scores, read_suite
from study.comparison.edits import Chain, Edit, Rewriting
from study.comparison.settings import Begun
from study.comparison.variants import Variant
from study.profiles.reading import load_profile
from study.profiles.settings import Settings
from study.profiles.variants import balanced_variant
from study.results import files
from study.sources.world import ensure_world
from study.steps import examples, robustness
from study.steps.models import load_model
from study.steps.robustness import run_robustness
from tests.study.changes import changed

TUNED = ("debiased, then fine-tuned", "fine-tuned", "fine-tuned, then debiased")
STATES = ("base", "debiased", *TUNED)
ROWS = 12


@pytest.fixture(scope="module")
def lm() -> ClozeLM:
    return load_model(load_profile("smoke").settings("standin-gpt2", "gender_MF"))


@pytest.fixture(scope="module")
def suite() -> Suite:
    """A few examples of each benchmark; sentence vectors are asked elsewhere."""
    whole = read_suite(ensure_world(), ["The garden is green."])
    return dataclasses.replace(
        whole,
        stereoset=whole.stereoset.groupby("bias_type").head(3),
        crows=whole.crows.groupby("bias_type").head(3),
        seat={},
    )


@pytest.fixture
def begun() -> Begun:
    """Which tokens of a sentence follow a begin-of-sentence token."""
    return "all"


@pytest.fixture
def settings(tmp_path, monkeypatch, begun) -> Settings:
    rows = [
        {
            "sentence1": "Anna opened the window.",
            "sentence2": f"The garden is {word}.",
            "label": number % 2,
            "idx": number,
        }
        for number, word in enumerate(["green", "old"] * (ROWS // 2))
    ]
    for split in ("train", "validation"):
        pd.DataFrame(rows).to_csv(tmp_path / f"rte_{split}.csv", index=False)
    source = SimpleNamespace(task_folder=tmp_path)
    monkeypatch.setattr(examples, "source_of", lambda _data: source)
    run = load_profile("smoke").settings("standin-gpt2", "gender_MF")
    # A rate at which one epoch moves a stand-in.
    training = {"epochs": 1, "learning_rate": 1e-3}
    run = changed(run, benchmarks={"begin_of_sentence": begun})
    return changed(run, tasks={"rows": 2, "seeds": [7, 8], "training": training})


@pytest.fixture
def run(settings, lm, suite, tmp_path) -> Callable[[Edit], Path]:
    """Robustness of an edit; gives the folder of what was written."""

    def with_edit(edit: Edit) -> Path:
        asked: list[Variant] = []
        bench = SimpleNamespace(
            settings=settings,
            folder=tmp_path,
            lm=lm,
            suite=lambda: suite,
            edit=lambda variant: asked.append(variant) or edit,
        )
        table = run_robustness(bench, settings, "rte")
        assert asked == [balanced_variant(settings)]
        assert table["state"].unique().tolist() == list(TUNED)
        return tmp_path / files.ROBUSTNESS_FOLDER

    return with_edit


def moving(lm: ClozeLM) -> Rewriting:
    return Rewriting(Gradiend.initialise(lm.covered, seed=0), 1.0, 1.0)


def predictions(folder: Path) -> dict[str, pd.DataFrame]:
    table = pd.read_csv(folder / files.TASKS)
    parts = table.groupby("state")
    return {s: t.drop(columns="state").reset_index(drop=True) for s, t in parts}


def likelihoods(folder: Path) -> dict[str, pd.DataFrame]:
    scores = read_scores(folder)
    return {s: scores[s].likelihoods.drop(columns="state") for s in STATES}


def learned(folder: Path) -> dict[str, pd.Series]:
    table = pd.read_csv(folder / files.ASSOCIATIONS)
    return {s: t["learned"].reset_index(drop=True) for s, t in table.groupby("state")}


def test_debiasing_that_changes_nothing_leaves_the_base_and_one_fine_tuning(run):
    folder = run(Chain())
    for found in (likelihoods(folder), learned(folder)):
        assert found.keys() == set(STATES)
        assert found["debiased"].equals(found["base"])
        for state in TUNED:
            assert found[state].equals(found["fine-tuned"]), state
        assert not found["fine-tuned"].equals(found["base"])
    said = predictions(folder)
    assert said.keys() == set(TUNED)
    for state in TUNED:
        assert said[state].equals(said["fine-tuned"]), state


def test_every_order_of_steps_is_a_state_of_its_own_and_the_model_is_left_as_it_was(
    run, lm
):
    before = {name: t.clone() for name, t in lm.model.state_dict().items()}
    folder = run(moving(lm))
    for found in (likelihoods(folder), learned(folder)):
        for number, state in enumerate(STATES):
            for other in STATES[number + 1 :]:
                assert not found[state].equals(found[other]), (state, other)
    for name, tensor in lm.model.state_dict().items():
        assert torch.equal(tensor, before[name]), name


@pytest.mark.parametrize("begun", ["all", "none"])
def test_debiased_is_the_edited_model_and_only_the_domain_is_asked(
    run, lm, suite, begun
):
    edit = moving(lm)
    folder = run(edit)
    with edit.on(lm) as changed_lm:
        expected = robustness.suite_scores(changed_lm, suite, ["gender"], begun=begun)
    found = read_scores(folder)["debiased"].likelihoods.drop(columns="state")
    pd.testing.assert_frame_equal(found, expected.likelihoods, rtol=1e-6)
    crows = pd.read_csv(folder / "crows.csv")
    assert set(crows["bias_type"]) == {"gender"}
    assert set(pd.read_csv(folder / files.ASSOCIATIONS)["domain"]) == {"gender"}


def test_fine_tuning_sees_all_rows_and_the_first_seed(run, settings, monkeypatch):
    seen: list[tuple[int, int]] = []

    def noted(bench, given, seed):
        seen.append((len(given.train), seed))
        return tuned(bench, given, seed)

    tuned = robustness.tuned_classifier
    monkeypatch.setattr(robustness, "tuned_classifier", noted)
    folder = run(Chain())
    assert settings.tasks.rows < ROWS
    assert seen == [(ROWS, 7), (ROWS, 7)]
    table = pd.read_csv(folder / files.TASKS)
    assert len(table) == len(TUNED) * ROWS
    assert set(table["task"]) == {"rte"} and set(table["seed"]) == {7}
