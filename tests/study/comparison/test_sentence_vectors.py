"""Vectors of whole sentences."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gradiend.errors import InputError
from gradiend.lm.cloze import ClozeLM
from study.comparison.sentence_vectors import sentence_means
from tests.conftest import SENTENCES


def test_sentence_means_do_not_depend_on_the_batch(lm64):
    texts = [*SENTENCES[:7], "Tom smiled."]
    found = sentence_means(lm64, texts)
    assert found.shape == (8, 16)
    for batch_size in (1, 3):
        batched = sentence_means(lm64, texts, batch_size=batch_size)
        # Llama's norms compute in float32 whatever the weights are.
        assert batched == pytest.approx(found, abs=1e-6)
    with pytest.raises(InputError, match="more than the"):
        sentence_means(lm64, ["Tom smiled. " * 40])


def test_where_padding_counts_a_sentence_is_asked_alone(lm64, monkeypatch):
    asked, inputs = [], ClozeLM.inputs

    def spy(lm, sequences, *rest):
        asked.append(len(sequences))
        return inputs(lm, sequences, *rest)

    monkeypatch.setattr(ClozeLM, "inputs", spy)
    alone = replace(lm64, ways=replace(lm64.ways, padded=False))
    found = sentence_means(alone, SENTENCES[:4])
    assert asked == [1, 1, 1, 1]
    assert found == pytest.approx(sentence_means(lm64, SENTENCES[:4]), abs=1e-6)
    assert asked[4:] == [4]
