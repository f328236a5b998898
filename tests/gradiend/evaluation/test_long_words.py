"""Words of several tokens: which of them count once, and what is read of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from tokenizers import normalizers

from gradiend.evaluation.scoring import ClassProbabilities
from gradiend.lm.cloze import ClozeLM
from tests.conftest import tiny_lm

TEXTS = ["The road was long because [MASK] was tired.", "Tom said that [MASK] smiled."]
LONG = "grandfathersandmills"


def uncased(architecture: str) -> ClozeLM:
    """A model whose tokenizer does not tell upper from lower case."""
    lm = tiny_lm(architecture, dtype=torch.float64)
    lm.tokenizer.backend_tokenizer.normalizer = normalizers.Lowercase()
    return lm


@pytest.mark.parametrize("architecture", ["bert", "gpt2"])
@pytest.mark.parametrize("word", ["she", LONG])
def test_words_that_are_cut_alike_count_once_with_their_mean_weight(architecture, word):
    lm = uncased(architecture)
    (tokens,) = lm.token_ids([word])
    assert lm.token_ids([word.title()]) == [tokens]
    assert (len(tokens) > 1) == (word == LONG)
    one = ClassProbabilities(lm, TEXTS, {"x": {word: 1.0}, "y": {"he": 1.0}})()
    both = {word: 1.0, word.title(): 0.5}
    several = ClassProbabilities(lm, TEXTS, {"x": both, "y": {"he": 1.0}})()
    np.testing.assert_allclose(several["x"], 0.75 * one["x"], rtol=1e-6)
    np.testing.assert_allclose(several["y"], one["y"], rtol=1e-6)


def test_classes_that_share_a_word_each_have_it():
    lm = uncased("bert")
    found = ClassProbabilities(
        lm, TEXTS, {"x": {LONG: 1.0}, "y": {LONG.title(): 2.0}}
    )()
    np.testing.assert_allclose(found["y"], 2 * found["x"], rtol=1e-12)


@pytest.mark.parametrize("architecture", ["bert", "roberta", "gpt2"])
@pytest.mark.parametrize(
    "text", ["Tom said [MASK] and [MASK] smiled.", "The [MASK] [MASK] smiled."]
)
def test_of_several_slots_the_first_is_read(architecture, text):
    lm = tiny_lm(architecture, dtype=torch.float64)
    (row,) = lm.encode(
        pd.DataFrame({"masked": [text], "factual": LONG, "counterfactual": LONG})
    )
    (tokens,) = lm.token_ids([LONG])
    slots = 1 if lm.causal else 2
    assert row.factual.tokens == slots * tokens
    with torch.no_grad():
        p = lm.model(torch.tensor(row.sequences)).logits[0].softmax(-1)
    places = list(row.factual.positions[: len(tokens)])
    expected = float(p[places, list(tokens)].prod())
    (found,) = ClassProbabilities(lm, [text], {"x": {LONG: 1.0}})()["x"]
    assert found == pytest.approx(expected, rel=1e-6, abs=0)


def test_no_number_is_fetched_alone(monkeypatch):
    """Of a model on a GPU, each would be waited for."""
    lm = tiny_lm("gpt2")
    asked = ClassProbabilities(lm, TEXTS, {"x": {LONG: 1.0, "he": 1.0}})
    before = asked()

    def fetched(_tensor):
        raise AssertionError("a number was fetched alone")

    for name in ("__float__", "item"):
        monkeypatch.setattr(torch.Tensor, name, fetched)
    np.testing.assert_array_equal(asked()["x"], before["x"])
