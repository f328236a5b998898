"""Rows longer than an attention window say what the plain model says of them."""

from __future__ import annotations

import pytest
import torch
import transformers

from gradiend.errors import InputError
from gradiend.lm.cloze import ClozeLM
from gradiend.lm.loading import prepared
from gradiend.lm.probe import Probe, long_rows, plain_logits
from gradiend.lm.selfcheck import checked
from tests.conftest import tiny_lm
from tests.gradiend.lm.families import TOLERANCES, apart
from tests.gradiend.lm.tiny_families import VOCABULARY, tiny_model, tiny_tokenizer


def big_bird(prepare=prepared) -> ClozeLM:
    """One whose attention is sparse behind 28 tokens."""
    transformers.set_seed(0)
    config = transformers.BigBirdConfig(
        vocab_size=VOCABULARY,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=48,
        max_position_embeddings=128,
        block_size=4,
        num_random_blocks=1,
        initializer_range=0.2,
        attn_implementation="eager",
    )
    model = transformers.BigBirdForMaskedLM(config).double()
    return ClozeLM(prepare(model.eval()), tiny_tokenizer(), False, "big_bird")


def test_a_short_row_leaves_long_ones_sparse():
    lm = big_bird()
    ids = list(range(5, 65))
    before = plain_logits(lm, ids)
    plain_logits(lm, ids[:9])
    assert torch.equal(plain_logits(lm, ids), before)


def test_a_checked_model_reads_long_rows_as_it_did_before():
    ids = list(range(5, 65))
    expected = plain_logits(big_bird(), ids)
    lm = checked(big_bird())
    assert torch.equal(plain_logits(lm, ids), expected)
    assert apart(lm)["gradient, difference, packed"] <= TOLERANCES["float64"]
    found = lm.logits(lm.inputs([ids, ids[:7]], [(0, 30), (1, 3)]))
    torch.testing.assert_close(found[0], expected[30])


def test_what_reads_long_rows_otherwise_after_short_ones_is_refused():
    lm = big_bird(lambda model: model.requires_grad_(False))
    with pytest.raises(InputError, match=r"family big_bird\) says something else of a"):
        checked(lm)


def test_a_row_longer_than_the_window_is_tried(monkeypatch):
    model = prepared(tiny_model("mistral", "causal"))
    lm = ClozeLM(model, tiny_tokenizer(), True, "mistral")
    longer = model.config.sliding_window + 1
    assert [row.length for row in long_rows(lm)] == [longer, 4]

    lengths, batch = [], ClozeLM.batch

    def watched(self, rows, **options):
        lengths.append(max(row.length for row in rows))
        return batch(self, rows, **options)

    monkeypatch.setattr(ClozeLM, "batch", watched)
    checked(lm)
    assert lengths.count(longer) == 1


def test_no_row_is_long_where_it_would_be_much_work_or_nothing_is_wide(monkeypatch):
    assert long_rows(tiny_lm("bert")) == []
    model = prepared(tiny_model("mistral", "causal"))
    lm = ClozeLM(model, tiny_tokenizer(), True, "mistral")
    monkeypatch.setattr("gradiend.lm.probe._WORK", 1e5)
    assert long_rows(lm) == []


def test_ways_that_long_rows_do_not_allow_are_given_up(monkeypatch):
    lm = ClozeLM(
        prepared(tiny_model("mistral", "causal")), tiny_tokenizer(), True, "mistral"
    )
    longer, agrees = long_rows(lm)[0].length, Probe.agrees

    def none_padded(probe, trial, *, packed):
        if probe.rows[0].length == longer and trial.ways.padded:
            return False
        return agrees(probe, trial, packed=packed)

    monkeypatch.setattr(Probe, "agrees", none_padded)
    assert {name for name, _ in checked(lm).ways.without()} == {"padded", "packed"}
