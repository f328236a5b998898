"""Loading models: what kind they are, and what is refused."""

from __future__ import annotations

import json
import types
from functools import partial

import pandas as pd
import pytest
import torch
import transformers

from gradiend.autoencoder import Gradiend
from gradiend.errors import InputError
from gradiend.lm.checks import check_slots
from gradiend.lm.cloze import ClozeLM
from gradiend.lm.probe import comparable
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
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
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


def with_architectures(folder, names: list[str] | None) -> str:
    path = folder / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    config.pop("architectures")
    if names is not None:
        config["architectures"] = names
    path.write_text(json.dumps(config), encoding="utf-8")
    return str(folder)


@pytest.mark.parametrize("names", [None, [], ["BertForPreTraining"]])
def test_a_head_under_another_name_is_found(tmp_path, names):
    lm = tiny_lm("bert")
    saved(lm, tmp_path)
    assert not ClozeLM.from_pretrained(with_architectures(tmp_path, names)).causal


def test_a_causal_model_without_architectures_is_causal(tmp_path):
    saved(tiny_lm("llama"), tmp_path)
    assert ClozeLM.from_pretrained(with_architectures(tmp_path, None)).causal


def test_a_checkpoint_in_shards_is_loaded(lm, tmp_path):
    lm.model.save_pretrained(tmp_path, max_shard_size="20KB")
    lm.tokenizer.save_pretrained(tmp_path)
    assert len(list(tmp_path.glob("*.safetensors"))) > 1
    again = ClozeLM.from_pretrained(tmp_path)
    assert all(torch.equal(p, again.covered[n]) for n, p in lm.covered.items())


def test_a_sequence_to_sequence_model_is_refused(tmp_path):
    transformers.T5Config(
        d_model=16, d_ff=16, num_layers=1, num_heads=2, vocab_size=40
    ).save_pretrained(tmp_path)
    with pytest.raises(InputError, match="sequence-to-sequence") as error:
        ClozeLM.from_pretrained(tmp_path)
    assert "\n" not in str(error.value)


def test_a_folder_without_a_tokenizer_is_refused(tmp_path):
    tiny_lm("bert").model.save_pretrained(tmp_path)
    with pytest.raises(InputError, match="tokenizer") as error:
        ClozeLM.from_pretrained(tmp_path)
    assert "\n" not in str(error.value)


def test_a_tokenizer_that_lacks_most_of_the_model_is_refused(tmp_path):
    lm = tiny_lm("bert")
    lm.model.resize_token_embeddings(3 * len(lm.tokenizer))
    with pytest.raises(InputError, match="put the files of the model's own tokenizer"):
        ClozeLM.from_pretrained(saved(lm, tmp_path))


def test_a_tokenizer_with_words_that_the_model_has_not_is_refused(tmp_path):
    lm = tiny_lm("gpt2")
    known = len(lm.tokenizer)
    lm.model.resize_token_embeddings(known - 10)
    said = rf"has {known} tokens and the model embeddings of {known - 10};"
    with pytest.raises(InputError, match=said) as error:
        ClozeLM.from_pretrained(saved(lm, tmp_path))
    assert "\n" not in str(error.value)


def test_tokens_added_without_embeddings_do_no_harm(tmp_path):
    lm = tiny_lm("llama")
    expected = ClozeLM.from_pretrained(saved(lm, tmp_path / "own"))
    lm.tokenizer.add_special_tokens({"pad_token": "<|pad|>"})
    assert lm.tokenizer.pad_token_id >= lm.model.get_input_embeddings().weight.shape[0]
    found = ClozeLM.from_pretrained(saved(lm, tmp_path / "more"))
    read = [[5, 6, 7, 8], [9, 10]], [(0, 3), (1, 1)]
    left, right = (m.logits(m.inputs(*read)) for m in (expected, found))
    torch.testing.assert_close(left, right)


def test_a_mask_without_an_embedding_is_refused(tmp_path):
    lm = tiny_lm("bert")
    lm.tokenizer.add_special_tokens({"mask_token": "<another>"})
    with pytest.raises(InputError, match="put the files of the model's own tokenizer"):
        ClozeLM.from_pretrained(saved(lm, tmp_path))


def test_a_slow_tokenizer_is_refused():
    slow = types.SimpleNamespace(is_fast=False)
    with pytest.raises(InputError, match=r"'own' reports no .* with a fast tokenizer"):
        check_slots(slow, "own", causal=True)


def with_config(folder, **values) -> None:
    path = folder / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(config | values), encoding="utf-8")


def cut_weights(folder) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])


def no_dictionary(folder) -> None:
    (folder / "tokenizer.json").write_text('{"model": 3}', encoding="utf-8")


def no_json(folder) -> None:
    (folder / "config.json").write_text("{", encoding="utf-8")


_CODE = {"auto_map": {"AutoConfig": "configuration_own.OwnConfig"}}


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (
            partial(with_config, hidden_size=32),
            r"\(16,\) in its weights and of \(32,\)",
        ),
        (
            partial(with_config, hidden_size="wide"),
            "family bert.*expected int, got str",
        ),
        (
            partial(with_config, hidden_act="bend"),
            "KeyError 'bend'; see that its files",
        ),
        (partial(with_config, model_type="own"), "family 'own': this transformers has"),
        (
            partial(with_config, model_type="own", **_CODE),
            "'own', whose code comes with",
        ),
        (cut_weights, "not fully covered; see that its files are whole"),
        (no_dictionary, "cannot be loaded: KeyError .*; see that its files are whole"),
        (no_json, "not a valid JSON file; see that its files are whole"),
    ],
)
def test_a_checkpoint_that_cannot_be_read_is_one_clear_line(tmp_path, damage, said):
    saved(tiny_lm("bert"), tmp_path)
    damage(tmp_path)
    with pytest.raises(InputError, match=said) as error:
        ClozeLM.from_pretrained(tmp_path)
    assert "\n" not in str(error.value)


def test_memory_that_does_not_suffice_is_no_damage(tmp_path, monkeypatch):
    saved(tiny_lm("bert"), tmp_path)

    def full(*_args, **_options):
        raise torch.OutOfMemoryError("no room")

    monkeypatch.setattr(transformers.AutoModelForMaskedLM, "from_pretrained", full)
    with pytest.raises(torch.OutOfMemoryError):
        ClozeLM.from_pretrained(tmp_path)


def test_what_is_compared_is_widened_on_the_cpu(monkeypatch):
    """Some devices have no float64."""
    moved, calls = torch.Tensor.cpu, []
    widened = torch.Tensor.double
    for name, plain in (("cpu", moved), ("double", widened)):
        monkeypatch.setattr(
            torch.Tensor, name, lambda t, n=name, p=plain: calls.append(n) or p(t)
        )
    comparable(torch.zeros(2, 3))
    assert calls == ["cpu", "double"]


@pytest.mark.parametrize(
    ("factual", "counterfactual", "said"),
    [
        ("she", "☃", "does not know counterfactual '☃'"),
        ("he ☃", "she", "does not know all of factual 'he ☃'"),
        ("she", "she ", "are the same"),
    ],
)
def test_targets_that_the_tokenizer_does_not_tell_apart(factual, counterfactual, said):
    table = pd.DataFrame(
        {
            "masked": ["Anna said that [MASK] was tired."],
            "factual": [factual],
            "counterfactual": [counterfactual],
        }
    )
    with pytest.raises(InputError, match=f"row 2: .*{said}"):
        tiny_lm("bert").check_targets(table)
