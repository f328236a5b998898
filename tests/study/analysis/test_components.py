"""Every covered weight is in one place of the map, and never in a wrong one."""

from __future__ import annotations

import collections

import pytest
import torch
from torch import nn

from study.analysis.components import (
    EMBEDDINGS,
    FEED_FORWARD,
    FUSED,
    KEY,
    NORM,
    OTHER,
    OUTPUT,
    OUTSIDE,
    QUERY,
    TOKENS,
    VALUE,
    _component,
    layers_of,
    only,
    parts_of,
)
from tests.conftest import tiny_lm

# Of a layer of width 16 (feed-forward 32, one key-value head of two): numbers a
# component, biases included.
SQUARE, WIDE = 16 * 16, 16 * 32
BERT = {QUERY: 272, KEY: 272, VALUE: 272, OUTPUT: 272, FEED_FORWARD: 1072, NORM: 64}
EXPECTED = {
    "bert": BERT,
    "roberta": BERT,
    "distilbert": BERT,
    "gpt2": BERT | {FEED_FORWARD: 2 * 16 * 64 + 64 + 16},
    "llama": {
        QUERY: SQUARE,
        KEY: 16 * 8,
        VALUE: 16 * 8,
        OUTPUT: SQUARE,
        FEED_FORWARD: 3 * WIDE,
        NORM: 2 * 16,
    },
}


@pytest.mark.parametrize("family", EXPECTED)
def test_a_layer_has_the_components_that_its_configuration_says(family):
    lm = tiny_lm(family)
    parts = parts_of(lm)
    assert layers_of(parts) == ["0", "1"]
    for layer in ("0", "1"):
        found = collections.Counter()
        for part in parts:
            if part.layer == layer:
                found[part.component] += part.of(lm.covered).numel()
        assert found == EXPECTED[family]
    outside = {part.component for part in parts if part.layer == OUTSIDE}
    assert {TOKENS, NORM} <= outside <= {TOKENS, NORM, EMBEDDINGS}


def test_every_number_is_in_exactly_one_part(lm):
    counts = {name: torch.zeros_like(p) for name, p in lm.covered.items()}
    for part in parts_of(lm):
        part.of(counts).add_(1)
    assert all((tensor == 1).all() for tensor in counts.values())


def test_gpt2_is_split_where_its_attention_splits_it():
    lm = tiny_lm("gpt2")
    attention = lm.model.transformer.h[1].attn
    x = torch.randn(1, 3, 16)
    wanted = attention.c_attn(x).split(16, dim=2)
    named = {
        part.component: part
        for part in parts_of(lm)
        if part.parameter == "transformer.h.1.attn.c_attn.weight"
    }
    for component, states in zip((QUERY, KEY, VALUE), wanted, strict=True):
        # Their biases are 0 in a fresh model.
        assert torch.allclose(x @ named[component].of(lm.covered), states, atol=1e-6)


@pytest.mark.parametrize(
    ("inner", "module", "component"),
    [
        ("attn.c_attn", nn.Linear(4, 6), FUSED),  # fewer keys than queries
        ("self_attention.query_key_value", nn.Linear(4, 12), FUSED),
        ("crossattention.self.query", nn.Linear(4, 4), OTHER),
        ("encoder_attn.q_proj", nn.Linear(4, 4), OTHER),
        ("mlp.experts.3.down_proj", nn.Linear(4, 4), OTHER),
        ("mlp.gate", nn.Linear(4, 4), OTHER),  # a router
        ("attention.key", nn.Linear(4, 4), OTHER),  # RWKV's is no attention
        ("input_layernorm.mlp.fc1", nn.Linear(4, 4), OTHER),
        ("mlp.down_proj", nn.Linear(4, 4), FEED_FORWARD),
        ("self_attn.q_proj", nn.Parameter, OTHER),
        ("self_attn.q_norm", nn.RMSNorm(4), NORM),
        ("attention.bias_table", nn.Embedding(4, 4), OTHER),
    ],
)
def test_what_only_looks_known_is_other(inner, module, component):
    assert _component(f"model.layers.3.{inner}", module, inner) == component


def test_stacks_of_layers_are_told_apart():
    stacks = nn.ModuleDict(
        {n: nn.ModuleList([nn.Linear(2, 2)]) for n in ("encoder", "decoder")}
    )
    stacks["words"] = nn.Embedding(3, 2)
    stacks.get_input_embeddings = lambda: stacks["words"]

    class LM:
        model, covered = stacks, dict(stacks.named_parameters())

    assert layers_of(parts_of(LM)) == ["encoder 0", "decoder 0"]


def test_only_keeps_a_part_and_nothing_else():
    lm = tiny_lm("gpt2")
    ones = {name: torch.ones_like(p) for name, p in lm.covered.items()}
    keys = [part for part in parts_of(lm) if part.component == KEY]
    kept = only(ones, keys)
    assert sum(int(tensor.sum()) for tensor in kept.values()) == 2 * 272
    assert all((tensor == 1).all() for tensor in ones.values())
