"""Slots that follow different characters are each asked as if they were alone."""

from __future__ import annotations

import numpy as np
import pytest

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
