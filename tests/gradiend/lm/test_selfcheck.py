"""Quick ways are taken where they give the plain numbers, and nowhere else."""

from __future__ import annotations

import dataclasses
import logging
import math

import pytest
import torch

from gradiend.errors import InputError
from gradiend.lm.cloze import ClozeLM
from gradiend.lm.loading import prepared
from gradiend.lm.selfcheck import checked
from gradiend.lm.ways import Ways
from tests.conftest import tiny_lm
from tests.gradiend.lm.families import TOLERANCES, apart
from tests.gradiend.lm.tiny_families import tiny_model, tiny_tokenizer
from tests.gradiend.plain import same, snapshot


def of_family(family: str, kind: str) -> ClozeLM:
    model = prepared(tiny_model(family, kind))
    return ClozeLM(model, tiny_tokenizer(), kind == "causal", family)


def off(lm: ClozeLM) -> float:
    """How far any number is from the plain one; infinitely where there is none."""
    try:
        return max(apart(lm).values())
    except (RuntimeError, TypeError, IndexError):
        return math.inf


def hooks(lm: ClozeLM) -> int:
    return sum(
        len(module._forward_hooks) + len(module._forward_pre_hooks)
        for module in lm.model.modules()
    )


def test_the_five_architectures_take_every_quick_way(lm, caplog):
    assert checked(lm).ways == Ways()
    assert caplog.records == []


def test_a_model_is_left_as_it_was(lm):
    before, state = snapshot(lm), torch.random.get_rng_state()
    checked(lm)
    assert same(before, snapshot(lm))
    assert torch.equal(state, torch.random.get_rng_state())
    assert hooks(lm) == 0
    assert not any(parameter.requires_grad for parameter in lm.model.parameters())


@pytest.mark.parametrize(
    ("family", "kind", "given_up"),
    [
        ("fnet", "masked", {"padded", "packed"}),  # mixes all positions, padding too
        ("mamba", "causal", {"packed"}),  # carries a state along the line
        ("opt", "causal", {"head"}),  # its base model's output goes another way
    ],
)
def test_what_gives_other_numbers_is_given_up(family, kind, given_up, caplog):
    lm = of_family(family, kind)
    assert off(lm) > 0.01
    with caplog.at_level(logging.WARNING):
        lm = ClozeLM.wrap(lm.model, lm.tokenizer, causal=lm.causal, name=lm.name)
    assert {name for name, _ in lm.ways.without()} == given_up
    (record,) = (r for r in caplog.records if r.name.startswith("gradiend"))
    assert family in record.getMessage()
    assert "\n" not in record.getMessage()
    assert off(lm) <= TOLERANCES["float64"]


def test_a_model_may_be_loaded_where_nothing_asks_for_gradients():
    with torch.no_grad():
        assert checked(tiny_lm("bert")).ways == Ways()


def test_a_model_in_memory_is_checked_as_a_loaded_one():
    lm = tiny_lm("bert")
    with pytest.raises(InputError, match="reads what follows"):
        ClozeLM.wrap(lm.model, lm.tokenizer, causal=True, name="bert")


class NoForwardRule(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return 2 * x

    @staticmethod
    def backward(ctx, grad):
        return 2 * grad


def test_without_a_forward_rule_encodings_are_made_backward():
    lm = tiny_lm("bert", dtype=torch.float64)
    lm.model.bert.encoder.register_forward_pre_hook(
        lambda _module, args: (NoForwardRule.apply(args[0]), *args[1:])
    )
    lm = checked(lm)
    assert lm.ways == Ways(forward=False)
    assert off(lm) <= TOLERANCES["float64"]


def test_embeddings_that_are_not_looked_up_get_their_whole_gradient():
    lm = tiny_lm("bert", dtype=torch.float64)
    lm.model.get_input_embeddings().register_forward_hook(
        lambda module, args, _output: 3 * module.weight[args[0]]
    )
    lm = checked(lm)
    assert lm.ways == Ways(embedding=False)
    assert off(lm) <= TOLERANCES["float64"]


def test_a_model_that_its_parameters_do_not_move_is_refused():
    lm = tiny_lm("gpt2")
    lm.model.transformer.register_forward_hook(
        lambda _module, _args, output: dataclasses.replace(
            output, last_hidden_state=0 * output.last_hidden_state
        )
    )
    with pytest.raises(InputError, match="says the same whatever its parameters are"):
        checked(lm)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
@pytest.mark.parametrize(
    ("architecture", "causal", "said"),
    [("bert", True, "reads what follows"), ("gpt2", False, "does not read what")],
)
def test_a_model_that_reads_another_way_than_its_class_is_refused(
    architecture, causal, said, dtype
):
    lm = tiny_lm(architecture, dtype=dtype)
    lm.tokenizer.mask_token = lm.tokenizer.pad_token
    with pytest.raises(InputError, match=said) as error:
        checked(dataclasses.replace(lm, causal=causal))
    assert "\n" not in str(error.value)


def leaking(dtype: torch.dtype, share: float) -> ClozeLM:
    """A causal model, to each of whose states a share of the next one is added."""
    lm = tiny_lm("gpt2", dtype=dtype)

    def leak(_module, _args, output):
        states = output.last_hidden_state
        mixed = states + share * states.roll(-1, dims=1)
        return dataclasses.replace(output, last_hidden_state=mixed)

    lm.model.transformer.register_forward_hook(leak)
    return lm


@pytest.mark.parametrize(
    ("dtype", "share"),
    [(torch.float64, 1e-4), (torch.float32, 1e-3), (torch.bfloat16, 0.3)],
)
def test_a_causal_model_that_reads_little_of_what_follows_is_refused(dtype, share):
    with pytest.raises(InputError, match="reads what follows a word"):
        checked(leaking(dtype, share))


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_rounding_that_what_follows_decides_is_no_reading(dtype):
    lm = leaking(dtype, torch.finfo(dtype).eps)
    ids = [*range(5, 12)]
    before, after = (
        lm.model(input_ids=torch.tensor([[*ids, end]])).logits[0, -2] for end in (3, 9)
    )
    assert not torch.equal(before, after)
    assert checked(lm).ways.padded


def test_experts_that_read_their_tokens_together_are_not_refused():
    lm = checked(of_family("phimoe", "causal"))
    assert off(lm) <= TOLERANCES["float64"]


def test_a_model_that_says_no_numbers_is_refused():
    lm = tiny_lm("llama")
    with torch.no_grad():
        lm.model.lm_head.weight.fill_(torch.nan)
    with pytest.raises(InputError, match=r"family llama\) .* no numbers in float32"):
        checked(lm)


def test_a_model_that_says_another_thing_each_time_is_refused():
    lm = tiny_lm("gpt2")

    def drawn(_model, _inputs, output):
        output.logits.add_(torch.randn_like(output.logits))

    lm.model.register_forward_hook(drawn)
    with pytest.raises(InputError, match=r"something else when asked.*try again$"):
        checked(lm)


def test_rows_longer_than_half_a_window_are_not_packed(monkeypatch):
    monkeypatch.setattr("gradiend.lm.packing.CAPACITY", 256)
    lm = checked(of_family("mistral", "causal"))
    window = lm.model.config.sliding_window
    assert lm.ways.packed
    assert lm.reach == window // 2
    assert off(lm) <= TOLERANCES["float64"]
    blind = dataclasses.replace(lm)
    blind.__dict__["reach"] = 10**6
    assert off(blind) > 0.01, "the rows do not reach past the window"
