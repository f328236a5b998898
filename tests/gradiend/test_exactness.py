"""Gradients, encodings, padding and rewriting equal their plain counterparts."""

from __future__ import annotations

from contextlib import ExitStack

import numpy as np
import pandas as pd
import pytest
import torch
from torch.nn import functional
from transformers.pytorch_utils import Conv1D

from gradiend.autoencoder import Gradiend, inner
from gradiend.closed_form import closed_form, mean_difference
from gradiend.encoding import directional_derivatives, encode
from gradiend.errors import InputError
from gradiend.gradients import gradients
from gradiend.lm.batches import row_losses
from gradiend.lm.cloze import ClozeLM
from gradiend.lm.packing import packed_layout
from gradiend.rewriting import Rewriter, rewritten
from tests.conftest import tiny_lm


def tolerance(lm: ClozeLM) -> dict[str, float]:
    """float64's, but for Llama, whose norms and softmax compute in float32."""
    if "llama" in lm.name:
        return {"rtol": 2e-4, "atol": 1e-6}
    return {"rtol": 1e-9, "atol": 1e-12}


def plain_losses(lm: ClozeLM, row) -> dict[str, torch.Tensor]:
    """Both losses of one encoded row, by the model's own full forward pass."""
    losses = {}
    for side in ("factual", "counterfactual"):
        target = getattr(row, side)
        ids = torch.tensor([row.sequences[target.sequence]])
        logits = lm.model(input_ids=ids).logits[0, list(target.positions)]
        losses[side] = functional.cross_entropy(logits, torch.tensor(target.tokens))
    return losses


def plain_gradient(lm: ClozeLM, row, side: str) -> dict[str, torch.Tensor]:
    for parameter in lm.covered.values():
        parameter.requires_grad_(True)
    loss = plain_losses(lm, row)[side]
    grads = torch.autograd.grad(loss, list(lm.covered.values()), materialize_grads=True)
    for parameter in lm.covered.values():
        parameter.requires_grad_(False)
    return dict(zip(lm.covered, grads, strict=True))


def of_varied_length(table: pd.DataFrame) -> pd.DataFrame:
    """Every other row behind a sentence more."""
    longer = "The river runs behind the old mill. " + table["masked"]
    odd = np.arange(len(table)) % 2 == 1
    return table.assign(masked=table["masked"].where(odd, longer))


@pytest.mark.parametrize("packed", [False, True])
def test_gradients_equal_autograd_in_float64(lm64, table, packed, monkeypatch):
    monkeypatch.setattr("gradiend.lm.packing.CAPACITY", 256)
    rows = lm64.encode(of_varied_length(table.iloc[:6]))
    batch = lm64.batch(rows, packed=packed)
    assert (batch.position_ids is not None) == packed
    found = gradients(lm64, batch, sources=("factual", "difference"))
    plus = [plain_gradient(lm64, row, "factual") for row in rows]
    minus = [plain_gradient(lm64, row, "counterfactual") for row in rows]
    for name in lm64.covered:
        mean_plus = torch.stack([grad[name] for grad in plus]).mean(0)
        mean_minus = torch.stack([grad[name] for grad in minus]).mean(0)
        torch.testing.assert_close(found["factual"][name], mean_plus, **tolerance(lm64))
        torch.testing.assert_close(
            found["difference"][name], mean_plus - mean_minus, **tolerance(lm64)
        )
    assert any(float(tensor.abs().max()) > 0 for tensor in found["factual"].values())


class ScaledEmbedding(torch.nn.Embedding):
    """What some models read: more than a look-up."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return 3 * super().forward(input)


def test_embeddings_that_do_more_than_look_up(table):
    lm = tiny_lm("bert", dtype=torch.float64)
    lm.model.get_input_embeddings().__class__ = ScaledEmbedding
    (row,) = lm.encode(table.iloc[:1])
    found = gradients(lm, lm.batch([row]), sources=("factual",))["factual"]
    for name, expected in plain_gradient(lm, row, "factual").items():
        torch.testing.assert_close(found[name], expected, **tolerance(lm))


@pytest.mark.parametrize("source", ["factual", "counterfactual", "difference"])
def test_forward_mode_equals_per_example_backward(lm, table, source):
    rows = lm.encode(table)
    gradiend = Gradiend.initialise(lm.covered, seed=3)
    found = encode(lm, gradiend, rows, source=source, batch_size=5)
    for h, row in zip(found, rows, strict=True):
        (grad,) = gradients(lm, lm.batch([row]), sources=(source,)).values()
        assert h == pytest.approx(float(gradiend.encode(grad)), rel=1e-5, abs=1e-7)


def test_forward_mode_slopes_in_float64(lm64, table):
    rows = lm64.encode(table)
    gradiend = Gradiend.initialise(lm64.covered, seed=3)
    slopes = directional_derivatives(
        lm64, gradiend.encoder, lm64.batch(rows), source="factual"
    )
    for slope, row in zip(slopes, rows, strict=True):
        grad = plain_gradient(lm64, row, "factual")
        expected = float(inner(gradiend.encoder, grad))
        assert float(slope) == pytest.approx(
            expected, rel=tolerance(lm64)["rtol"], abs=tolerance(lm64)["atol"]
        )


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
        found = lm64.logits(batch.input_ids, batch.attention_mask, batch.slots)
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


def snapshot(lm: ClozeLM) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in lm.model.state_dict().items()}


def same(left: dict[str, torch.Tensor], right: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(tensor, right[name]) for name, tensor in left.items())


def test_rewriting_changes_and_restores_bit_for_bit(lm):
    before = snapshot(lm)
    gradiend = Gradiend.initialise(lm.covered, seed=1)
    decoded = gradiend.decode(0.5)
    with rewritten(lm, gradiend, 0.5, 0.1):
        for name, parameter in lm.covered.items():
            expected = before[name] + 0.1 * decoded[name]
            torch.testing.assert_close(parameter.data, expected)
        assert not same(before, snapshot(lm))
        head = lm.model.get_output_embeddings().weight
        assert head is lm.model.get_input_embeddings().weight  # still tied
    assert same(before, snapshot(lm))


def test_rewriting_restores_after_an_exception(lm):
    before = snapshot(lm)
    gradiend = Gradiend.initialise(lm.covered, seed=1)
    with pytest.raises(RuntimeError), rewritten(lm, gradiend, 1, 0.5):
        assert not same(before, snapshot(lm))
        raise RuntimeError
    assert same(before, snapshot(lm))


def test_candidates_start_from_the_original_weights(lm):
    gradiend = Gradiend.initialise(lm.covered, seed=1)
    with Rewriter(lm, gradiend) as rewriter:
        rewriter.apply(2, 0.5)
        rewriter.apply(1, 0.1)
        after_two = snapshot(lm)
    with rewritten(lm, gradiend, 1, 0.1):
        assert same(after_two, snapshot(lm))


def test_covered_is_everything_but_head_and_pooler(lm):
    head = ("cls.", "lm_head.", "vocab_")
    names = {name for name, _ in lm.model.named_parameters()}
    assert set(lm.covered) == {name for name in names if not name.startswith(head)}


def test_closed_form_solves_the_least_squares_problem(lm64, table):
    rows = {
        label: lm64.encode(table[table["label"] == label].iloc[:6]) for label in (1, -1)
    }
    found = closed_form(lm64, rows, batch_size=4)
    name = next(iter(lm64.covered))
    differences = {
        label: torch.stack(
            [
                gradients(lm64, lm64.batch([row]), sources=("difference",))[
                    "difference"
                ][name].flatten()
                for row in group
            ]
        )
        for label, group in rows.items()
    }
    design = torch.tensor([[1.0, 1.0]] * 6 + [[-1.0, 1.0]] * 6, dtype=torch.float64)
    target = torch.cat([differences[1], differences[-1]])
    solution = torch.linalg.lstsq(design, target).solution
    torch.testing.assert_close(found.decoder_weight[name].flatten(), solution[0])
    torch.testing.assert_close(found.decoder_bias[name].flatten(), solution[1])
    means = {label: mean_difference(lm64, group) for label, group in rows.items()}
    for label, mean in means.items():
        assert float(found.encode(mean)) == pytest.approx(label * np.tanh(2))


def test_save_and_load_round_trip(lm, tmp_path):
    gradiend = Gradiend.initialise(lm.covered, seed=7)
    path = tmp_path / "gradiend.safetensors"
    gradiend.save(path)
    again = Gradiend.load(path, like=lm.covered)
    for part in ("encoder", "decoder_weight", "decoder_bias"):
        assert same(getattr(gradiend, part), getattr(again, part))
    assert torch.equal(gradiend.encoder_bias, again.encoder_bias)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(InputError, match=r"gradiend\.safetensors"):
        Gradiend.load(path)
