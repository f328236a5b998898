"""Two GRADIENDs are as alike as they were made."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from gradiend.autoencoder import Gradiend
from study.analysis.seeds import TOP, likeness
from tests.conftest import tiny_lm


def by_part(first: Gradiend, second: Gradiend) -> dict[str, dict]:
    return {row["part"]: row for row in likeness(first, second)}


@pytest.fixture(scope="module")
def pair() -> tuple[Gradiend, Gradiend]:
    lm = tiny_lm("bert")
    return tuple(Gradiend.initialise(lm.covered, seed=seed) for seed in (0, 1))


def test_the_same_is_alike_and_its_negative_has_the_same_largest(pair):
    first, _ = pair
    for row in by_part(first, first).values():
        assert row["cosine"] == pytest.approx(1) and row["overlap"] == 1
    row = by_part(first, first.flipped())["W_d"]
    assert row["cosine"] == pytest.approx(-1) and row["overlap"] == 1


def test_two_random_ones_are_as_alike_as_chance_says(pair):
    for row in by_part(*pair).values():
        assert abs(row["cosine"]) < 4 * row["cosine by chance"]
        assert row["overlap"] < 0.2
        assert row["overlap by chance"] == pytest.approx(TOP, rel=0.1)


def test_largest_weights_of_one_tensor_overlap_within_it_by_chance(pair):
    first, second = pair
    name = "bert.encoder.layer.0.attention.self.query.weight"
    count = max(1, round(TOP * first.size))

    def raised(gradiend: Gradiend, place: slice) -> Gradiend:
        encoder = dict(gradiend.encoder)
        encoder[name] = torch.zeros_like(encoder[name])
        encoder[name].view(-1)[place] = 5.0
        return replace(gradiend, encoder=encoder)

    one = raised(first, slice(0, count))
    two = raised(second, slice(count // 2, count // 2 + count))
    row = by_part(one, two)["W_e"]
    assert row["overlap"] == (count - count // 2) / count
    size = first.encoder[name].numel()
    assert row["overlap within tensors"] == pytest.approx(count / size)
