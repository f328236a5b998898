"""Training a model on: what it learns, that it repeats, and how it is put back."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from torch import nn

from gradiend.errors import InputError
from gradiend.lm.cloze import ClozeLM
from study.comparison.baselines.pretraining import (
    cda,
    cda_texts,
    continued_pretraining,
    dropout,
    dropout_rates,
)
from study.comparison.benchmarks.perplexity import perplexity, text_likelihoods
from study.comparison.edits import Weights
from tests.conftest import SENTENCES, tiny_lm
from tests.study.comparison.baselines.small import SETTINGS, texts_data
from tests.study.comparison.words import RELIGION


def test_cda_keeps_both_versions_of_texts_that_name_a_class():
    data = texts_data(["He ran.", "The road was long.", "I saw her."])
    assert cda_texts(data, seed=0) == [
        "He ran.",
        "She ran.",
        "I saw her.",
        "I saw him.",
    ]
    data = texts_data(["A Jew left.", "The Torah"] * 10, RELIGION, "religion")
    assert cda_texts(data, seed=1) == cda_texts(data, seed=1)
    assert cda_texts(data, seed=1) != cda_texts(data, seed=2)
    assert cda_texts(data, seed=1)[::2] == data.texts


def test_continued_pretraining_lowers_the_loss_and_repeats(lm):
    texts = SENTENCES[:7]
    before = {n: t.clone() for n, t in lm.model.state_dict().items()}
    flags = {n: p.requires_grad for n, p in lm.model.named_parameters()}
    edit = continued_pretraining(lm, texts, SETTINGS, seed=0)
    assert not lm.model.training
    assert not any(module.training for module in lm.model.modules())
    for name, parameter in lm.model.named_parameters():
        assert parameter.requires_grad == flags[name] and parameter.grad is None
    for name, tensor in lm.model.state_dict().items():
        assert torch.equal(tensor, before[name])
    plain = perplexity(text_likelihoods(lm, texts))["PPL"]
    with edit.on(lm):
        assert perplexity(text_likelihoods(lm, texts))["PPL"] < 0.5 * plain
    torch.manual_seed(17)  # whatever has been drawn before
    again = continued_pretraining(lm, texts, SETTINGS, seed=0)
    assert again.values.keys() == edit.values.keys()
    for name, tensor in edit.values.items():
        assert torch.equal(again.values[name], tensor)
    other = continued_pretraining(lm, texts, SETTINGS, seed=1)
    assert any(not torch.equal(other.values[n], t) for n, t in edit.values.items())


def test_the_model_is_put_back_when_training_breaks_off(monkeypatch):
    lm = tiny_lm("bert")
    before = {n: t.clone() for n, t in lm.model.state_dict().items()}

    def broken(lm, *_rest, **_options):
        lm.model.train()
        with torch.no_grad():
            next(lm.model.parameters()).add_(1)
        raise KeyboardInterrupt

    monkeypatch.setattr("study.comparison.baselines.pretraining._train", broken)
    with pytest.raises(KeyboardInterrupt):
        continued_pretraining(lm, SENTENCES[:2], SETTINGS, seed=0)
    assert not lm.model.training
    assert not any(p.requires_grad for p in lm.model.parameters())
    for name, tensor in lm.model.state_dict().items():
        assert torch.equal(tensor, before[name])


def dropouts(lm: ClozeLM) -> dict[str, float]:
    modules = lm.model.named_modules()
    return {name: m.p for name, m in modules if isinstance(m, nn.Dropout)}


def varies(lm: ClozeLM) -> bool:
    """Whether the model, in training mode, says one thing now and another then."""
    ids = torch.tensor([lm.tokenizer(SENTENCES[0])["input_ids"]])
    lm.model.train()
    with torch.no_grad():
        first, then = (lm.model(input_ids=ids).logits for _ in range(2))
    lm.model.eval()
    return not torch.equal(first, then)


@pytest.mark.parametrize("name", ["bert", "distilbert", "roberta", "gpt2"])
def test_dropout_rates_take_effect_and_are_put_back(name):
    lm = tiny_lm(name)
    before = dropouts(lm)
    assert before and set(before.values()) == {0.1}
    with dropout_rates(lm.model, 0.0, 0.0):
        assert not varies(lm)
    for rates in ((0.2, 0.0), (0.0, 0.15)):
        with dropout_rates(lm.model, *rates):
            assert varies(lm) and set(dropouts(lm).values()) == set(rates)
    assert dropouts(lm) == before
    with pytest.raises(KeyboardInterrupt), dropout_rates(lm.model, 0.5, 0.5):
        raise KeyboardInterrupt
    assert dropouts(lm) == before
    with dropout_rates(lm.model, 0.2, 0.15):
        attention = [n for n, rate in dropouts(lm).items() if rate == 0.15]
    assert len(attention) == 2  # one a layer


@pytest.mark.parametrize(
    ("name", "rates"), [("roberta", {0.2, 0.15}), ("gpt2", {0.15})]
)
def test_dropout_trains_with_the_rates_of_its_kind(name, rates, data, monkeypatch):
    lm, seen = tiny_lm(name), []

    def trained(lm, texts, _settings, *, seed):
        seen.append((set(dropouts(lm).values()), texts, seed))
        return Weights({})

    monkeypatch.setattr(
        "study.comparison.baselines.pretraining.continued_pretraining", trained
    )
    data = dataclasses.replace(data, seed=3)
    dropout(lm, data, SETTINGS)
    assert seen == [(rates, data.texts, 3)]
    cda(lm, data, SETTINGS)
    assert seen[1] == ({0.1}, cda_texts(data, seed=3), 3)


def test_dropout_without_rates_names_the_type_and_the_way_out(data):
    with pytest.raises(
        InputError, match=r"type 'llama' \(there are: bert.*leave it out"
    ):
        dropout(tiny_lm("llama"), data, SETTINGS)
