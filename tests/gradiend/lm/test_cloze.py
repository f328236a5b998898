"""Rows in batches: targets in their places, padding, packing, slots."""

from __future__ import annotations

from contextlib import ExitStack

import numpy as np
import pandas as pd
import pytest
import torch
from transformers.pytorch_utils import Conv1D

from gradiend.errors import InputError
from gradiend.lm.batches import row_losses
from gradiend.lm.packing import packed_layout
from tests.conftest import tiny_lm
from tests.gradiend.plain import of_varied_length, plain_losses, tolerance


def test_padding_changes_nothing(lm64, table):
    rows = lm64.encode(table)
    assert len({row.length for row in rows}) > 1, "rows of one length need no padding"
    together = lm64.log_probabilities(lm64.batch(rows))
    alone = torch.cat([lm64.log_probabilities(lm64.batch([row])) for row in rows])
    torch.testing.assert_close(together, alone, **tolerance(lm64))


def test_what_follows_the_last_attention_is_computed_at_the_slots_alone(lm64, table):
    batch = lm64.batch(lm64.encode(table))
    linear = (torch.nn.Linear, Conv1D)
    calls: dict[str, list[int]] = {}
    with ExitStack() as stack:
        for name, module in lm64.model.named_modules():
            if isinstance(module, linear):

                def count(_module, args, _output, name=name):
                    calls.setdefault(name, []).append(args[0].shape[:-1].numel())

                stack.callback(module.register_forward_hook(count).remove)
        found = lm64.logits(batch)
    everywhere, slots = batch.input_ids.numel(), len(batch.slots)
    assert slots < everywhere
    assert {n for counts in calls.values() for n in counts} == {everywhere, slots}
    short = [name for name, counts in calls.items() if counts == [slots]]
    feed_forward = ("intermediate", "output.dense", "ffn", "mlp")
    last = [name for name in short if any(part in name for part in feed_forward)]
    assert len(last) >= 2
    assert all(".1." in name for name in last), "of two layers, the last one's alone"
    plain = lm64.model(batch.input_ids, attention_mask=batch.attention_mask).logits
    torch.testing.assert_close(
        found, plain[tuple(batch.slots.unbind(1))], **tolerance(lm64)
    )


def test_packing_takes_fewer_tokens_or_pads(lm64, table, monkeypatch):
    monkeypatch.setattr("gradiend.lm.packing.CAPACITY", 256)
    rows = lm64.encode(of_varied_length(table))
    padded, packed = lm64.batch(rows), lm64.batch(rows, packed=True)
    assert packed.input_ids.numel() < padded.input_ids.numel()
    assert lm64.batch(rows[:1], packed=True).position_ids is None


def test_packed_sequences_do_not_overlap():
    lengths = np.random.default_rng(0).integers(1, 80, size=200).tolist()
    layout = packed_layout(lengths)
    used = np.zeros((layout.lines, layout.length), dtype=int)
    for (line, start), length in zip(layout.places, lengths, strict=True):
        assert start + length <= layout.length
        used[line, start : start + length] += 1
    assert used.max() == 1
    assert used.sum() == sum(lengths)
    assert used.mean() > 0.9, "a tenth of the lines is empty"


def test_targets_are_the_words_in_their_places(lm):
    """Leading spaces and targets of several sub-tokens, both tokenizer kinds."""
    text = "A [MASK] family opened the window."
    words = ["Muslim", "grandfathers", "green", "Zyx"]
    table = pd.DataFrame(
        {"masked": text, "factual": words, "counterfactual": words[::-1]}
    )
    for row, word, other in zip(lm.encode(table), words, words[::-1], strict=True):
        for target, expected in ((row.factual, word), (row.counterfactual, other)):
            said = lm.tokenizer.decode(list(target.tokens)).strip()
            assert said == expected or lm.tokenizer.unk_token in said
            sequence = row.sequences[target.sequence]
            before = lm.tokenizer.decode(sequence[: target.positions[0] + lm.causal])
            assert before.replace("[CLS]", "").replace("<s>", "").strip() == "A"
            if not lm.causal:
                masks = {sequence[position] for position in target.positions}
                assert masks == {lm.tokenizer.mask_token_id}
    if "roberta" in lm.name or lm.causal:
        (token,) = lm.token_ids(["he"], context="and then [MASK] smiled")[0]
        assert lm.tokenizer.convert_ids_to_tokens(token) == "Ġhe"


def test_long_targets_score_as_a_product(lm64):
    """The loss of a target of several tokens is the mean over them, by hand."""
    table = pd.DataFrame(
        {
            "masked": ["The old [MASK] told stories."],
            "factual": ["grandfathersandmills"],
            "counterfactual": ["he"],
        }
    )
    (row,) = lm64.encode(table)
    assert len(row.factual.tokens) > 1
    batch = lm64.batch([row])
    log_probabilities = lm64.log_probabilities(batch)
    expected = plain_losses(lm64, row)
    for side in ("factual", "counterfactual"):
        (loss,) = row_losses(log_probabilities, batch.side(side), 1)
        assert float(loss) == pytest.approx(
            float(expected[side]), rel=tolerance(lm64)["rtol"]
        )


def test_slot_at_the_start_of_a_causal_row_is_refused():
    lm = tiny_lm("gpt2")
    table = pd.DataFrame(
        {"masked": ["[MASK] smiled."], "factual": ["He"], "counterfactual": ["She"]}
    )
    with pytest.raises(InputError, match="nothing stands before the slot"):
        lm.encode(table)
    assert lm.usable(table).empty


def test_covered_is_everything_but_head_and_pooler(lm):
    head = ("cls.", "lm_head.", "vocab_")
    names = {name for name, _ in lm.model.named_parameters()}
    assert set(lm.covered) == {name for name in names if not name.startswith(head)}
