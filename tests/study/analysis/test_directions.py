"""Decoders beside the trained one, by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from gradiend.autoencoder import Gradiend
from gradiend.class_means import closed_form
from gradiend.gradients import gradients
from gradiend.vectors import cosine, norm
from study.analysis.directions import (
    explained,
    logit_difference_gradient,
    random_like,
    replaced_as_much,
    signs_of,
    weight_alone,
)
from tests.conftest import tiny_lm


def gradiend_of(weight, bias) -> Gradiend:
    parts = [{"a": torch.tensor(part)} for part in (weight, weight, bias)]
    return Gradiend(parts[0], torch.tensor(0.0), parts[1], parts[2])


GIVEN = gradiend_of([3.0, 4.0], [0.0, -2.0])


def test_a_random_decoder_is_as_long_and_repeats():
    one, again, other = (random_like(GIVEN, seed=seed) for seed in (0, 0, 1))
    assert norm(one.decoder_weight) == pytest.approx(5)
    assert norm(one.decoder_bias) == pytest.approx(2)
    assert torch.equal(one.decoder_weight["a"], again.decoder_weight["a"])
    assert not torch.equal(one.decoder_weight["a"], other.decoder_weight["a"])


def test_as_much_is_changed_in_another_direction():
    after = gradiend_of([3.0, 0.0], [0.0, -1.0])
    noised = replaced_as_much(GIVEN, after, seed=0)
    change = {"a": noised.decoder_weight["a"] - GIVEN.decoder_weight["a"]}
    assert norm(change) == pytest.approx(4)
    assert abs(cosine(change, {"a": torch.tensor([0.0, 1.0])})) < 0.999


def test_cosines_and_signs():
    assert cosine(GIVEN.decoder_weight, GIVEN.decoder_bias) == pytest.approx(-0.8)
    assert np.isnan(cosine(GIVEN.decoder_weight, weight_alone(GIVEN).decoder_bias))
    assert signs_of(GIVEN).decoder_bias["a"].tolist() == [0, -1]
    assert signs_of(GIVEN).decoder_weight["a"].tolist() == [1, 1]


def test_the_class_means_explain_most_and_scale_does_not_matter(table):
    lm = tiny_lm("gpt2", dtype=torch.float64)
    usable = lm.usable(table)
    rows = {x: lm.encode(usable[usable["label"] == x].head(4)) for x in (1, -1)}
    means = closed_form(lm, rows, batch_size=4)
    # One batch a class: dec(±1) is its gradient.
    assert explained(lm, means, rows, batch_size=4) == pytest.approx(1)
    tenth = {n: t / 10 for n, t in means.decoder_weight.items()}
    bias = {n: t / 10 for n, t in means.decoder_bias.items()}
    smaller = Gradiend(means.encoder, means.encoder_bias, tenth, bias)
    assert explained(lm, smaller, rows, batch_size=4) == pytest.approx(1)
    random = random_like(means, seed=0)
    assert explained(lm, random, rows, batch_size=4) < 0.1


def test_the_difference_of_losses_is_that_of_logits(lm64, table):
    rows = lm64.encode(lm64.usable(table).head(4))
    batch = lm64.batch(rows)
    found = gradients(lm64, batch, sources=("difference",))["difference"]
    plain = logit_difference_gradient(lm64, batch)
    for name, tensor in found.items():
        assert torch.allclose(tensor, plain[name], atol=1e-9), name
