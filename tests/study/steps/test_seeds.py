"""All seeds are kept where that is asked for, and what is used is one of them."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import torch
from safetensors import safe_open

from gradiend.autoencoder import Gradiend
from gradiend.files import read_json
from gradiend.sampling import balanced_sample
from study.domains import FeatureData
from study.profiles.reading import load_profile
from study.results import files
from study.steps.data import data_for
from study.steps.models import load_model
from study.steps.seeds import seed_tables
from study.steps.training import load_gradiend, load_seed, train
from tests.study.changes import changed

SHORT = {"steps": 2, "evaluate_every": 1, "batch_size": 4, "validation_rows": 8}


@pytest.fixture(scope="module")
def lm():
    return load_model(load_profile("smoke").settings("standin-gpt2", "gender_MF"))


@pytest.fixture
def asked(monkeypatch, tmp_path):
    """Settings of a run with two seeds, in a folder of its own."""
    monkeypatch.setenv("GRADIEND_RESULTS", str(tmp_path))
    settings = load_profile("smoke").settings("standin-gpt2", "gender_MF")

    def of(**changes):
        own = {"seeds": (0, 1), "training": SHORT, "keep_seeds": True}
        return changed(settings, **(own | changes))

    return of


@pytest.fixture(scope="module")
def data(lm) -> FeatureData:
    settings = load_profile("smoke").settings("standin-gpt2", "gender_MF")
    whole = data_for(settings, lm)
    table = balanced_sample(whole.table, 240, by=["split", "label"], seed=0)
    return replace(whole, table=table)


def test_every_seed_has_its_file_and_the_best_is_one_of_them(asked, lm, data):
    settings = asked()
    result = train(settings, lm, data)
    assert [path.name for path in settings.kept_seeds] == [
        "0.safetensors",
        "1.safetensors",
    ]
    used = settings.seed_file(result.seed).read_bytes()
    assert (settings.folder / files.GRADIEND).read_bytes() == used
    first, second = (load_seed(settings, lm, seed) for seed in (0, 1))
    assert first.metadata["seed"] == 0 and second.metadata["feature"] == "gender_MF"
    name = next(iter(first.encoder))
    assert not torch.equal(first.encoder[name], second.encoder[name])


def test_what_is_kept_changes_nothing_that_is_used(asked, lm, data, monkeypatch):
    kept = asked()
    train(kept, lm, data)
    before = Gradiend.load(kept.folder / files.GRADIEND)
    alone = asked(keep_seeds=False)
    assert alone.kept_seeds == []
    train(alone, lm, data)
    after = Gradiend.load(alone.folder / files.GRADIEND)
    for part in ("encoder", "decoder_weight", "decoder_bias"):
        for name, tensor in getattr(before, part).items():
            assert torch.equal(tensor, getattr(after, part)[name])
    with safe_open(alone.folder / files.GRADIEND, "pt") as file:
        assert json.loads(file.metadata()["gradiend"])["feature"] == "gender_MF"


def test_one_seed_is_not_kept_twice(asked):
    assert asked(seeds=(0,)).kept_seeds == []


def test_a_seed_that_fails_is_made_up_for_as_often_as_the_settings_say(asked, lm, data):
    never = {**SHORT, "converged": 1.0, "retries": 2}
    settings = asked(training=never)
    train(settings, lm, data)
    values = read_json(settings.folder / files.TRAINING)["values"]
    assert list(values["seeds"]) == ["0", "1", "2", "3"]
    assert values["converged"] == []
    assert settings.seed_file(3).exists()
    at_once = {**SHORT, "converged": 0.0, "retries": 2}
    train(asked(training=at_once), lm, data)
    values = read_json(settings.folder / files.TRAINING)["values"]
    assert values["converged"] == [0, 1] and list(values["seeds"]) == ["0", "1"]


def test_seeds_are_compared_on_the_same_rows(asked, lm, data):
    settings = asked(anatomy={"rows": 20, "lms_texts": 20, "seed_candidates": 2})
    result = train(settings, lm, data)
    found = seed_tables(settings, lm, data)
    seeds = found[files.SEEDS].set_index("seed")
    assert list(seeds.index) == [0, 1]
    assert seeds.loc[seeds["used"]].index.item() == result.seed
    assert seeds.loc[result.seed, "mean |Δh|"] == 0
    assert seeds.loc[result.seed, "r of h"] == pytest.approx(1)
    assert seeds["pearson"].to_dict() == pytest.approx(result.seeds)
    assert seeds[["gap", "LMS", "said"]].notna().all(axis=None)
    assert list(found[files.SEED_PAIRS]["part"]) == ["W_e", "W_d", "b_d"]


def test_without_kept_seeds_there_is_the_one_that_is_used(asked, lm, data):
    small = {"rows": 20, "lms_texts": 20, "seed_candidates": 1}
    settings = asked(keep_seeds=False, anatomy=small)
    result = train(settings, lm, data)
    found = seed_tables(settings, lm, data)
    assert found[files.SEEDS]["seed"].tolist() == [result.seed]
    assert found[files.SEED_PAIRS].empty
    assert load_gradiend(settings, lm).metadata["seed"] == result.seed


def test_the_cost_of_a_resumed_training_is_said_to_be_of_a_part(asked, lm, data):
    settings = asked()
    note = settings.folder / "training.run.json"

    class Killed(BaseException):
        """As a machine that goes down: nothing is tidied up."""

    def killed(steps):
        for number, step in enumerate(steps):
            if number == 1:
                raise Killed
            yield step

    train(settings, lm, data)
    assert "resumed" not in read_json(note)
    with pytest.raises(Killed):
        train(settings, lm, data, progress=killed)
    train(settings, lm, data)
    assert read_json(note)["resumed"] is True
