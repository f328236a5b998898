"""What a saved model keeps of its base: settings, numbers, and where it comes from."""

from __future__ import annotations

import json
import logging

import pandas as pd
import pytest
import torch
from huggingface_hub import constants
from transformers import AutoConfig

from gradiend import ClozeLM, debias
from gradiend.autoencoder import Gradiend
from gradiend.cli import main
from gradiend.lm.caching import cache_as_it_was, cache_off
from gradiend.rewriting import save_rewritten
from study.models.standins import STANDINS
from study.results.places import REPOSITORY
from tests.conftest import tiny_lm
from tests.replica import snapshot

AGE = REPOSITORY / "data" / "examples" / "age.csv"


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("architecture", ["bert", "llama"])
def test_the_cache_is_used_as_before(tmp_path, architecture, before):
    lm = tiny_lm(architecture)
    lm.model.config.use_cache = before
    lm.model.save_pretrained(tmp_path / "base")
    lm.tokenizer.save_pretrained(tmp_path / "base")
    lm = ClozeLM.from_pretrained(tmp_path / "base")
    assert lm.model.config.use_cache is False
    again = ClozeLM.wrap(lm.model, lm.tokenizer, causal=lm.causal, name=lm.name)
    feature = Gradiend.initialise(lm.covered, seed=0)
    folder = save_rewritten(again, feature, 1.0, 0.1, tmp_path / "out")
    assert AutoConfig.from_pretrained(folder).use_cache is before
    assert lm.model.config.use_cache is False


def test_a_cache_turned_on_between_is_kept():
    model = tiny_lm("llama").model
    model.config.use_cache = False
    del model._use_cache_before
    cache_off(model)
    model.config.use_cache = True
    cache_off(model)
    with cache_as_it_was(model):
        assert model.config.use_cache is True
    assert model.config.use_cache is False


def test_a_folder_s_card_names_its_last_part(tmp_path):
    lm = tiny_lm("bert")
    (tmp_path / "my-model").mkdir()
    for name, base in (
        (str(tmp_path / "my-model"), "my-model"),
        ("own/tiny-bert", "own/tiny-bert"),
    ):
        named = ClozeLM.wrap(lm.model, lm.tokenizer, causal=False, name=name)
        out = tmp_path / f"of {base.replace('/', ' ')}"
        save_rewritten(named, Gradiend.initialise(lm.covered, seed=0), 1, 0.1, out)
        _, front, _ = (out / "README.md").read_text().split("---\n", 2)
        assert f"base_model: {base}\n" in front


@pytest.fixture
def hub(tmp_path, monkeypatch) -> str:
    """The name of a model that only the hub's local cache knows."""
    folder = snapshot(tmp_path / "hub", "models", "own/tiny-bert", "main")
    for file in (STANDINS / "standin-bert-base").iterdir():
        (folder / file.name).symlink_to(file)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    return "own/tiny-bert"


def test_debias_takes_a_hub_name(hub, tmp_path, capsys):
    out = tmp_path / "out"
    given = ["debias", hub, str(AGE), "--out", str(out), "--candidates", "1"]
    assert main([*given, "--texts", "10"]) == 0, capsys.readouterr().err
    assert f"base_model: {hub}\n" in (out / "README.md").read_text()
    assert Gradiend.load(out / "gradiend.safetensors").metadata["base_model"] == hub
    assert set(ClozeLM.from_pretrained(out).covered)


def test_debias_in_bfloat16_saves_bfloat16(tmp_path):
    name = STANDINS / "standin-bert-base"
    found = debias(name, AGE, dtype="bfloat16", candidates=4, texts=20)
    assert found.learning_rate > 0 and found.after["gap"] < found.before["gap"]
    folder = found.save(tmp_path / "out")
    assert json.loads((folder / "config.json").read_text())["dtype"] == "bfloat16"
    again = ClozeLM.from_pretrained(folder, dtype="bfloat16")
    assert all(p.dtype == torch.bfloat16 for p in again.covered.values())


@pytest.mark.parametrize("kept", [torch.bfloat16, torch.float64])
def test_auto_is_the_type_of_the_checkpoint(tmp_path, kept):
    lm = tiny_lm("gpt2", dtype=kept)
    lm.model.save_pretrained(tmp_path / "base")
    lm.tokenizer.save_pretrained(tmp_path / "base")
    own = ClozeLM.from_pretrained(tmp_path / "base", dtype="auto")
    assert own.model.dtype == kept
    assert ClozeLM.from_pretrained(tmp_path / "base").model.dtype == torch.float32
    feature = Gradiend.initialise(own.covered, seed=0)
    save_rewritten(own, feature, 0.0, 0.1, tmp_path / "out")
    assert ClozeLM.from_pretrained(tmp_path / "out", dtype="auto").model.dtype == kept


def test_a_device_map_places_a_model(tmp_path, table: pd.DataFrame, caplog):
    lm = tiny_lm("llama")
    lm.model.save_pretrained(tmp_path)
    lm.tokenizer.save_pretrained(tmp_path)
    plain = ClozeLM.from_pretrained(tmp_path)
    with caplog.at_level(logging.WARNING, logger="gradiend"):
        placed = ClozeLM.from_pretrained(tmp_path, device_map={"": "cpu"})
    assert placed.ways == plain.ways and placed.device == torch.device("cpu")
    rows = plain.encode(table.iloc[:4])
    left, right = (m.logits(m.batch(rows)) for m in (plain, placed))
    assert torch.equal(left, right)
