"""Every method on every model, and what each asks of the texts."""

from __future__ import annotations

import dataclasses

import pandas as pd
import pytest
import torch

from gradiend.errors import InputError
from study.comparison.baselines import FITTERS
from study.comparison.baselines.data import (
    filled_texts,
    matching_texts,
    sentences_by_class,
)
from study.comparison.benchmarks.perplexity import text_likelihoods
from study.comparison.methods import METHODS
from tests.conftest import tiny_lm
from tests.study.comparison.baselines.small import SETTINGS, texts_data
from tests.study.comparison.words import RELIGION


def test_there_is_a_fitter_for_every_method():
    assert FITTERS.keys() == METHODS.keys()


def test_every_method_changes_every_model_and_leaves_it_as_it_was(lm, data):
    before = {n: t.clone() for n, t in lm.model.state_dict().items()}
    plain = text_likelihoods(lm, data.texts[:3])["nll"]
    for name, fit in FITTERS.items():
        if name == "Dropout" and "llama" in lm.name:
            continue
        settings = dataclasses.replace(SETTINGS, pretraining_steps=1)
        edit = fit(lm, data, settings)
        for key, tensor in lm.model.state_dict().items():
            assert torch.equal(tensor, before[key]), name
        with edit.on(lm) as changed:
            inside = text_likelihoods(changed, data.texts[:3])["nll"]
        assert abs(inside - plain).max() > 1e-3, name


def test_sentences_are_sorted_by_the_one_class_they_name():
    texts = ["He ran.", "She ran.", "He saw her.", "Rain.", "he slept", "Snow."]
    found = sentences_by_class(texts_data(texts), 2)
    assert found == {
        "male": ["He ran.", "he slept"],
        "female": ["She ran."],
        "neutral": ["Rain.", "Snow."],
    }
    assert sentences_by_class(texts_data(texts), 1)["male"] == ["He ran."]
    texts = ["A Jew ran.", "Rain.", "The mosque."]
    found = sentences_by_class(texts_data(texts, RELIGION, "religion"), 9)
    assert found == {"biased": ["A Jew ran.", "The mosque."], "neutral": ["Rain."]}


def test_texts_are_filled_with_their_factual_word():
    table = pd.DataFrame(
        {"masked": ["[MASK] ran and [MASK] slept."], "factual": ["she"]}
    ).assign(factual_class="female")
    assert filled_texts(table).to_dict("records") == [
        {"text": "she ran and she slept.", "label": "female"}
    ]


@pytest.mark.parametrize("method", ["CDA", "SentenceDebias"])
def test_no_match_names_the_words_and_counts_the_texts(method):
    data = texts_data(["The road was long."] * 1_200)
    message = r"gender: no attribute word \(he, she, …\) is in any of 1,200 texts; give"
    with pytest.raises(InputError, match=message):
        FITTERS[method](tiny_lm("bert"), data, SETTINGS)
    with pytest.raises(InputError, match=message):
        matching_texts(data, 5)


@pytest.mark.parametrize(
    ("texts", "missing"),
    [
        (["He ran.", "The road."], "female"),
        (["She ran.", "The road."], "male"),
        (["She ran.", "He ran."], "neutral"),
    ],
)
def test_a_class_without_sentences_is_named(texts, missing):
    message = rf"gender: none of 2 texts is {missing}; give .*\(he, she, …\)"
    with pytest.raises(InputError, match=message):
        FITTERS["INLP"](tiny_lm("bert"), texts_data(texts), SETTINGS)
