"""What is measured: seeded draws, balanced over classes, not what was selected on."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from gradiend.data import SLOT
from gradiend.settings import TrainingSettings
from gradiend.training import Trainer
from study.domains import DOMAINS
from study.profiles.reading import load_profile
from study.profiles.settings import Settings
from study.sources.chosen import (
    asked_associations,
    load_data,
    neutral_parts,
    perplexity_texts,
)
from study.steps import decoder, encoder, names
from study.steps.examples import read_examples
from study.steps.seeds import asked_rows
from tests.conftest import tiny_lm
from tests.study.changes import changed

MINI = load_profile("mini")
MODEL = "standin-bert-base"


@pytest.fixture(params=["gender_MF", "race_AW", "religion_MJ"])
def settings(request: pytest.FixtureRequest) -> Settings:
    return MINI.settings(MODEL, request.param)


def test_validation_has_as_many_rows_of_either_class():
    words = {1: ("she", "he"), -1: ("he", "she")}
    rows = [
        {
            "masked": f"{split} {number} {SLOT} .",
            "factual": words[label][0],
            "counterfactual": words[label][1],
            "label": label,
            "factual_class": str(label),
            "counterfactual_class": str(-label),
            "split": split,
        }
        for split in ("train", "validation")
        for label in (1, -1)
        for number in range(30)
    ]
    own = TrainingSettings(steps=1, min_rows=1, validation_rows=20)
    trainer = Trainer(tiny_lm("bert"), pd.DataFrame(rows), own, seed=3)
    assert sorted(trainer.validation_labels) == [-1] * 10 + [1] * 10


class Recorded(Exception):
    """What a step was about to ask a model."""


def test_test_rows_have_as_many_of_every_class(settings, monkeypatch):
    def record(_lm, features, neutral, *, untrained=None, **_options):
        raise Recorded(features, neutral, untrained)

    monkeypatch.setattr(encoder, "evaluation_table", record)
    data = load_data(settings)
    with pytest.raises(Recorded) as found:
        encoder.evaluate_encoder(settings, tiny_lm("bert"), data, None)
    features, neutral, untrained = found.value.args
    rows = settings.encoder.test_rows
    assert features["factual_class"].value_counts().to_dict() == dict.fromkeys(
        data.feature.classes, rows // 2
    )
    assert len(neutral) == settings.encoder.neutral_texts
    if untrained is not None:
        pairs = untrained.groupby(["factual_class", "counterfactual_class"]).size()
        assert len(pairs) == 4 and set(pairs) == {rows // 4}


def test_all_evaluations_of_a_causal_model_have_the_same_test_rows(monkeypatch):
    """Rows that it cannot answer are dropped before the draw, wherever it is made."""

    def record(_lm, features, _neutral, **_options):
        raise Recorded(features)

    monkeypatch.setattr(encoder, "evaluation_table", record)
    settings = MINI.settings("standin-gpt2", "gender_MF")
    settings = changed(settings, encoder={"test_rows": 40}, anatomy={"rows": 40})
    data, lm = load_data(settings), tiny_lm("gpt2")
    masked = data.table["masked"].where(data.table.index % 3 > 0, f"{SLOT} is here .")
    data = replace(data, table=data.table.assign(masked=masked))
    with pytest.raises(Recorded) as found:
        encoder.evaluate_encoder(settings, lm, data, None)
    (rows,) = found.value.args
    assert len(rows) == 40 and rows.equals(asked_rows(settings, lm, data))


@pytest.mark.parametrize("balance", [False, True])
def test_candidates_are_reported_on_other_texts(settings, balance, monkeypatch):
    monkeypatch.setattr(
        decoder, "ClassProbabilities", lambda _lm, texts, *_, **__: texts
    )
    monkeypatch.setattr(decoder, "LanguageModelling", lambda _lm, texts, **_: texts)
    data, lm = load_data(settings), tiny_lm("bert")
    selected, held_out = (
        decoder.decoder_measure(settings, lm, data, balance=balance, held_out=held_out)
        for held_out in (False, True)
    )
    for kind in ("probabilities", "modelling"):
        texts = [set(getattr(measure, kind)) for measure in (selected, held_out)]
        assert all(texts) and not texts[0] & texts[1]


def test_neutral_texts_are_not_selected_on_and_reported(settings):
    data = load_data(settings)
    selected, held_out = neutral_parts(settings, data.neutral)
    assert len(selected) == len(held_out) == settings.decoder.refinement.lms_texts
    assert not set(selected) & set(held_out)
    asked = perplexity_texts(settings)
    assert len(asked) == settings.benchmarks.perplexity_texts
    assert set(asked) <= set(held_out)


def test_more_neutral_texts_begin_with_the_same():
    few, many = (
        changed(MINI.settings(MODEL, "race_AB"), decoder={"lms_texts": count})
        for count in (20, 600)
    )
    assert load_data(many).neutral[:240] == load_data(few).neutral[:240]


@pytest.mark.parametrize("task", ["sst2", "rte", "cb"])
def test_training_rows_of_a_task_are_of_all_labels(task):
    settings = MINI.settings(MODEL, "gender_MF")
    first, again, other = (
        read_examples(changed(settings, seed=seed), task, rows=30).train
        for seed in (0, 0, 1)
    )
    counts = first["label"].value_counts()
    assert len(first) == 30 and counts.max() - counts.min() == 0
    assert first.equals(again) and not first.equals(other)


def test_names_are_asked_in_drawn_sentences(monkeypatch):
    settings = MINI.settings(MODEL, "gender_MF")

    def record(templates, _names, **_options):
        raise Recorded(templates)

    monkeypatch.setattr(names, "crossed", record)
    found = []
    for seed in (0, 1):
        with pytest.raises(Recorded) as asked:
            names.names_by_split(changed(settings, seed=seed), None, None)
        found.append(asked.value.args[0])
    assert len(found[0]) == settings.encoder.test_rows // 2
    assert set(found[0]) != set(found[1])
    with pytest.raises(Recorded) as asked:
        names.names_by_split(changed(settings, encoder={"test_rows": 1}), None, None)
    assert len(asked.value.args[0]) == 1  # 0 would be all


def test_associations_say_what_nothing_was_selected_on():
    asked = asked_associations(MINI.settings(MODEL, "gender_MF"))
    professions = asked[asked["kind"] == "profession"]
    kept = professions.groupby("held_out")["word"].nunique()
    assert kept.to_dict() == {False: 40, True: 20}
    rest = asked[asked["kind"] != "profession"]
    assert rest["held_out"].all() and set(rest["domain"]) >= set(DOMAINS)
