"""Similarity of learned vectors: known cosines, overlaps and what chance gives."""

from __future__ import annotations

import pytest
import torch

from gradiend.autoencoder import Gradiend
from gradiend.vectors import cosine
from study.analysis import vectors
from study.analysis.vectors import closure, similarities


def gradiend(*weights: torch.Tensor) -> Gradiend:
    tensors = {f"p{i}": weight for i, weight in enumerate(weights)}
    return Gradiend(tensors, torch.zeros(()), tensors, tensors)


def table(first: Gradiend, second: Gradiend):
    found = similarities({"a": first, "b": second})
    assert list(found["part"]) == ["W_e", "W_d", "b_d"]
    return found.iloc[0]


def test_a_vector_beside_itself_and_its_negative():
    one = gradiend(torch.randn(2_000), torch.randn(30, 100))
    row = table(one, one.flipped())
    assert row["cosine"] == pytest.approx(-1, abs=1e-6)
    assert row["overlap"] == 1
    assert abs(row["chance_cosine"]) < 0.05 < 1


def test_as_many_weights_count_whatever_ties_there_are():
    """Of numbers with few bits many are equal to the least of the largest."""
    many = torch.full((4_000,), 1.0)
    ones = gradiend(torch.cat([many, torch.zeros(4_000)]))
    few = gradiend(torch.arange(8_000.0).flip(0))
    # The first 8 of 4 000 equal numbers are as well the largest 8 of the other.
    for row in (table(ones, few), table(few, ones)):
        assert row["overlap"] == 1
        assert row["chance_overlap"] == pytest.approx(vectors.TOP)


def test_what_chance_gives_is_what_shuffling_gives():
    generator = torch.Generator().manual_seed(0)
    # The second parameter has all of the large numbers: chance overlaps far more often
    # than the share of the largest.
    first, second = (
        gradiend(
            torch.randn(4_000, generator=generator) + 0.1,
            10 * torch.randn(50, generator=generator),
        )
        for _ in range(2)
    )
    row = table(first, second)
    cosines, overlaps = [], []
    for _ in range(300):
        mixed = gradiend(
            *(
                t[torch.randperm(len(t), generator=generator)]
                for t in second.encoder.values()
            )
        )
        again = table(first, mixed)
        cosines.append(again["cosine"])
        overlaps.append(again["overlap"])
    cosines = torch.tensor(cosines)
    assert float(cosines.mean()) == pytest.approx(row["chance_cosine"], abs=0.02)
    assert float(cosines.std()) == pytest.approx(row["chance_sd"], rel=0.15)
    mean = float(torch.tensor(overlaps).mean())
    assert mean == pytest.approx(row["chance_overlap"], abs=0.02)
    assert row["chance_overlap"] > 20 * vectors.TOP


def test_directions_of_pairs_add_up():
    corners = [torch.eye(3)[i] for i in range(3)]
    pairs = {
        ("a", "b"): gradiend(corners[0] - corners[1]),
        ("a", "c"): gradiend(corners[0] - corners[2]),
        ("b", "c"): gradiend(corners[1] - corners[2]),
    }
    for row in closure(pairs):
        assert row["cosine"] == pytest.approx(1)
        assert row["cosine_first"] == pytest.approx(0.5)
    flipped = pairs | {("b", "c"): pairs["b", "c"].flipped()}
    assert all(abs(row["cosine"]) < 1e-6 for row in closure(flipped))


def test_cosine():
    assert cosine({"a": torch.tensor([3.0])}, {"a": torch.tensor([-2.0])}) == -1
