"""Every method on every model, and what each asks of the texts."""

from __future__ import annotations

import dataclasses
from collections import Counter

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
        if name == "DPO":  # see test_contrasts, which loads what trains it
            continue
        settings = dataclasses.replace(SETTINGS, pretraining_steps=1)
        edit = fit(lm, data, settings)
        for key, tensor in lm.model.state_dict().items():
            assert torch.equal(tensor, before[key]), name
        with edit.on(lm) as changed:
            inside = text_likelihoods(changed, data.texts[:3])["nll"]
        assert abs(inside - plain).max() > 1e-3, name


def test_sentences_are_sorted_by_the_one_class_they_name():
    texts = ["He ran.", "She ran.", "He saw her.", "Rain.", "he slept", "her", "Snow."]
    assert sentences_by_class(texts_data(texts), 2) == {
        "male": ["He ran.", "he slept"],
        "female": ["She ran.", "her"],
        "neutral": ["Rain.", "Snow."],
    }
    texts = ["A Jew ran.", "Rain.", "The mosque.", "Snow."]
    found = sentences_by_class(texts_data(texts, RELIGION, "religion"), 9)
    assert found == {
        "biased": ["A Jew ran.", "The mosque."],
        "neutral": ["Rain.", "Snow."],
    }


def of_classes(counts: dict[str, int]) -> list[str]:
    """A corpus sorted by class: so many different texts with each word."""
    return [f"{word} came at {n}" for word, count in counts.items()
            for n in range(count)]  # fmt: skip


def drawn_words(texts: list[str]) -> Counter:
    return Counter(text.split(" came")[0] for text in texts)


def test_sentences_are_a_seeded_draw_of_as_many_of_each_class():
    texts = of_classes({"He": 50, "She": 30, "Rain": 90, "He and she": 20})
    data = texts_data(texts)
    for corpus in (texts, texts[::-1], texts[40:] + texts[:40]):
        # As the rarest class has, or as many as are asked for.
        for limit, size in ((99, 30), (7, 7)):
            found = sentences_by_class(texts_data(corpus), limit)
            assert {n: drawn_words(t) for n, t in found.items()} == {
                "male": {"He": size},
                "female": {"She": size},
                "neutral": {"Rain": size},
            }
    seven = sentences_by_class(data, 7)
    assert sentences_by_class(data, 7) == seven
    assert seven["male"] != texts[:7]
    assert sentences_by_class(dataclasses.replace(data, seed=1), 7) != seven


def test_classes_that_are_one_are_drawn_from_evenly():
    texts = of_classes({"A Jew": 40, "A Muslim": 30, "A Christian": 4, "Rain": 22})
    for corpus in (texts, texts[::-1]):
        found = sentences_by_class(texts_data(corpus, RELIGION, "religion"), 99)
        # Christians are too few for their share; the others make up for them.
        words = {"A Jew": 9, "A Muslim": 9, "A Christian": 4}
        assert drawn_words(found["biased"]) == words
        assert drawn_words(found["neutral"]) == {"Rain": 22}


def test_matching_texts_are_a_seeded_draw_of_as_many_of_each_class():
    texts = of_classes({"He": 50, "Rain": 90, "She": 30, "He and she": 4})
    data = texts_data(texts)
    for corpus in (texts, texts[::-1]):
        found = matching_texts(texts_data(corpus), 24)
        assert drawn_words(found) == {"He": 10, "She": 10, "He and she": 4}
        assert found == [text for text in corpus if text in found]
    found = matching_texts(data, 24)
    assert matching_texts(data, 24) == found
    assert found[:10] != texts[:10]
    assert matching_texts(dataclasses.replace(data, seed=1), 24) != found
    assert matching_texts(data, 999) == [t for t in texts if "Rain" not in t]


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
