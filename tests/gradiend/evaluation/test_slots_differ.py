"""Slots that follow different characters are each asked as if they were alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tokenizers import processors

from gradiend.evaluation.scoring import ClassProbabilities
from tests.conftest import tiny_lm

TEXTS = [
    "A [MASK] family met a Jewish family in the park.",
    "[MASK] families met in the park.",
    "The family ([MASK]) met in the park.",
    "Grandmothers met a [MASK] family.",
]
WORDS = {"muslim": {"Muslim": 1.0}, "christian": {"Christian": 1.0, "Anna": 0.5}}


@pytest.mark.parametrize("architecture", ["bert", "roberta"])
def test_a_text_gets_what_it_gets_alone(architecture):
    lm = tiny_lm(architecture)
    together = ClassProbabilities(lm, TEXTS, WORDS)()
    for place, text in enumerate(TEXTS):
        alone = ClassProbabilities(lm, [text], WORDS)()
        for name, values in together.items():
            assert np.isclose(values[place], alone[name][0], atol=1e-6), (text, name)


def test_a_word_is_cut_as_it_is_cut_there():
    """Byte-level BPE has a token with a space and one without: both are asked."""
    lm = tiny_lm("roberta")
    probabilities = ClassProbabilities(lm, TEXTS, {"one": {"she": 1.0}})
    cut = {group.rows[0].factual.tokens for _, group in probabilities.groups}
    assert len(probabilities.groups) == 3
    assert cut == {
        lm.token_ids(["she"], context=context)[0]
        for context in ("the [MASK].", "[MASK] the.", "the([MASK].")
    }


@pytest.mark.parametrize("trimmed", [False, True])
def test_a_space_that_is_a_token_belongs_to_the_word_behind_it(trimmed):
    lm = tiny_lm("gpt2")
    processor = processors.ByteLevel(trim_offsets=trimmed)
    lm.tokenizer.backend_tokenizer.post_processor = processor
    before = lm.tokenizer("Anna said")["input_ids"]
    (space,) = lm.tokenizer(" ")["input_ids"]
    for word, spaces in (("she 7", 1), ("7 77", 2), ("77", 1)):
        own = lm.tokenizer(f" {word}")["input_ids"]
        assert own.count(space) == spaces
        assert lm.token_ids([word]) == [tuple(own)]
        words = {"seven": {word: 1.0}, "she": {"she": 1.0}}
        found = ClassProbabilities(lm, ["Anna said [MASK]."], words)()["seven"][0]
        logits = lm.model(torch.tensor([before + own])).logits[0].log_softmax(-1)
        places = torch.arange(len(own)) + len(before) - 1
        expected = logits[places, own].sum().exp()
        assert found == pytest.approx(float(expected), rel=1e-5)
    # One that is not the word's: at the start of a text, or behind a line's end.
    assert lm.token_ids(["77"], context="a\n[MASK]") == [tuple(own[1:])]
