"""Vectors of whole sentences."""

from __future__ import annotations

import pytest

from gradiend.errors import InputError
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
