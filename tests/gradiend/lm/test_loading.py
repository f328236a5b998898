"""Loading and saving models: what is refused, and what a rewritten checkpoint holds."""

from __future__ import annotations

import pytest
import torch
import transformers

from gradiend.autoencoder import Gradiend
from gradiend.errors import InputError
from gradiend.lm.cloze import ClozeLM
from gradiend.rewriting import rewritten, save_rewritten
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


def test_a_rewritten_model_is_saved_whole(lm, tmp_path):
    gradiend = Gradiend.initialise(lm.covered, seed=2)
    folder = save_rewritten(lm, gradiend, 0.5, 0.1, tmp_path / "out")
    again = ClozeLM.from_pretrained(folder)
    with rewritten(lm, gradiend, 0.5, 0.1):
        for name, parameter in again.covered.items():
            assert torch.equal(parameter, lm.covered[name])
    card = (folder / "README.md").read_text()
    assert "h = 0.5" in card and "learning rate α = 0.1" in card
    with pytest.raises(InputError, match="out exists"):
        save_rewritten(lm, gradiend, 0, 0.1, folder)
    save_rewritten(lm, gradiend, 0, 0.1, folder, overwrite=True)
    assert "h = 0," in (folder / "README.md").read_text()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_folder_of_somebody_elses_is_not_overwritten(lm, tmp_path):
    (tmp_path / "mine").mkdir()
    gradiend = Gradiend.initialise(lm.covered, seed=2)
    with pytest.raises(InputError, match="mine exists"):
        save_rewritten(lm, gradiend, 0, 0.1, tmp_path / "mine", overwrite=True)


def test_a_gradiend_of_another_model_is_refused(tmp_path):
    bert, gpt2 = tiny_lm("bert"), tiny_lm("gpt2")
    gradiend = Gradiend.initialise(bert.covered, seed=0)
    with (
        pytest.raises(InputError, match="does not cover"),
        rewritten(gpt2, gradiend, 0, 0.1),
    ):
        pass
    gradiend.save(tmp_path / "g.safetensors")
    with pytest.raises(InputError, match="does not fit this model"):
        Gradiend.load(tmp_path / "g.safetensors", like=gpt2.covered)
