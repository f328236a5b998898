"""The real model: only the published weights, and an adaptation that repeats."""

from __future__ import annotations

import pandas as pd
import pytest
import torch

from gradiend.errors import InputError
from gradiend.lm.cloze import ClozeLM
from study.models import minilm


def test_other_weights_than_the_published_ones_are_refused(tmp_path):
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"something else")
    with pytest.raises(InputError, match=r"model\.safetensors: sha256 .* is not that"):
        minilm.check_weights(path)


def test_a_short_adaptation_gives_a_masked_lm_and_the_same_bytes_again(tmp_path):
    threads = torch.get_num_threads()
    try:
        folders = [
            minilm.adapt_minilm(tmp_path / name, steps=2) for name in ("one", "two")
        ]
    finally:
        torch.set_num_threads(threads)
    first, second = (folder / "model.safetensors" for folder in folders)
    assert first.read_bytes() == second.read_bytes()
    lm = ClozeLM.from_pretrained(folders[0])
    row = {"masked": "The nurse said [MASK] ran.", "factual": "she"}
    encoded = lm.encode(pd.DataFrame([row | {"counterfactual": "he"}]))
    logits = lm.log_probabilities(lm.batch(encoded))
    assert not lm.causal and logits.shape == (1, len(lm.tokenizer))
