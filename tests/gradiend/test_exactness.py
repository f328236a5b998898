"""Gradients, encodings and the closed form equal their plain counterparts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from gradiend.autoencoder import Gradiend
from gradiend.class_means import closed_form, mean_difference
from gradiend.encoding import directional_derivatives, encode
from gradiend.errors import InputError
from gradiend.gradients import gradients
from gradiend.vectors import inner
from tests.conftest import tiny_lm
from tests.gradiend.plain import (
    of_varied_length,
    plain_gradient,
    same,
    tolerance,
)


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
    # The comparison means something: gradients are far above its tolerance, but for
    # keys' biases, which shift all scores of a softmax alike.
    for tensors in found.values():
        largest = {name: float(t.abs().max()) for name, t in tensors.items()}
        assert sorted(largest.values())[len(largest) // 2] > 0.1
        none = {name for name, value in largest.items() if value < 1e-6}
        assert all(name.endswith(("key.bias", "k_lin.bias")) for name in none)


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


def test_the_embedding_of_padding_has_its_gradient_where_a_text_has_that_token(table):
    lm = tiny_lm("llama", dtype=torch.float64)
    embedding = lm.model.get_input_embeddings()
    padding = embedding.padding_idx
    with torch.no_grad():
        embedding.weight[padding] = embedding.weight[padding + 1]  # no longer 0
    rows = lm.encode(table.head(2).assign(masked="Anna<|end|> said [MASK] was tired."))
    assert padding in rows[0].sequences[0]
    plain = replace(lm, ways=replace(lm.ways, embedding=False, forward=False))
    gradiend = Gradiend.initialise(lm.covered, seed=0)
    assert encode(plain, gradiend, rows) == pytest.approx(encode(lm, gradiend, rows))
    found, expected = (
        gradients(each, each.batch(rows), sources=("factual",))["factual"]
        for each in (lm, plain)
    )
    for name, tensor in expected.items():
        torch.testing.assert_close(found[name], tensor, **tolerance(lm))
    assert embedding.padding_idx == padding


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
