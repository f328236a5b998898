"""Loading models: what kind they are, and what is refused."""

from __future__ import annotations

import pytest
import torch
import transformers

from gradiend.autoencoder import Gradiend
from gradiend.errors import InputError
from gradiend.lm.cloze import ClozeLM
from gradiend.rewriting import rewritten
from tests.conftest import tiny_lm


def saved(lm: ClozeLM, folder) -> str:
    lm.model.save_pretrained(folder)
    lm.tokenizer.save_pretrained(folder)
    return str(folder)


def test_masked_and_causal_models_are_told_apart(lm, tmp_path):
    again = ClozeLM.from_pretrained(saved(lm, tmp_path / "model"))
    assert again.causal == lm.causal
    assert set(again.covered) == set(lm.covered)
    assert not again.model.training


def test_bfloat16_is_loaded_encoded_and_rewritten(tmp_path, table):
    from gradiend.encoding import encode

    folder = saved(tiny_lm("llama"), tmp_path / "model")
    lm = ClozeLM.from_pretrained(folder, dtype="bfloat16")
    gradiend = Gradiend.initialise(lm.covered, seed=0)
    assert next(iter(gradiend.encoder.values())).dtype == torch.bfloat16
    h = encode(lm, gradiend, table.iloc[:4])
    assert ((h >= -1) & (h <= 1)).all()
    before = {n: p.clone() for n, p in lm.covered.items()}
    with rewritten(lm, gradiend, 1.0, 0.5):
        assert any(not torch.equal(before[n], p) for n, p in lm.covered.items())
    assert all(torch.equal(before[n], p) for n, p in lm.covered.items())


def test_an_unknown_model_is_one_clear_line(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(
        InputError, match="'no-such/model' is neither a folder"
    ) as error:
        ClozeLM.from_pretrained("no-such/model")
    assert "\n" not in str(error.value)


def test_a_base_model_without_head_is_refused(tmp_path):
    lm = tiny_lm("bert")
    lm.model.bert.save_pretrained(tmp_path / "base")
    lm.tokenizer.save_pretrained(tmp_path / "base")
    with pytest.raises(InputError, match="without a language-modelling head"):
        ClozeLM.from_pretrained(tmp_path / "base")


def test_a_head_whose_weights_are_missing_is_refused(tmp_path):
    lm = tiny_lm("bert")
    lm.model.bert.save_pretrained(tmp_path / "base")
    lm.tokenizer.save_pretrained(tmp_path / "base")
    config = transformers.AutoConfig.from_pretrained(tmp_path / "base")
    config.architectures = ["BertForMaskedLM"]
    config.save_pretrained(tmp_path / "base")
    with pytest.raises(InputError, match="has no weights for"):
        ClozeLM.from_pretrained(tmp_path / "base")
