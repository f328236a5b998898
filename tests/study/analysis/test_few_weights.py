"""The largest numbers are those that a sort finds, and exactly as many as asked."""

from __future__ import annotations

import math

import pytest
import torch

from gradiend.vectors import norm, scaled
from study.analysis.few_weights import (
    budgets,
    changing_by,
    cuts,
    enough,
    kept,
    random_ranks,
)


def tensors(dtype: torch.dtype = torch.float32) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    shapes = {"a": (7, 5), "b": (11,), "c": (3, 2, 4)}
    return {
        name: torch.randn(shape, generator=generator).to(dtype)
        for name, shape in shapes.items()
    }


def flat(of: dict[str, torch.Tensor]) -> torch.Tensor:
    return torch.cat([tensor.flatten() for tensor in of.values()])


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_largest_are_kept_over_all_tensors_together(dtype):
    own = tensors(dtype)
    sizes = flat(own).abs()
    counts = [1, 2, 9, 40, len(sizes)]
    for count, cut in zip(counts, cuts(own, counts), strict=True):
        left = flat(kept(own, own, cut))
        assert int((left != 0).sum()) == cut.count == count
        assert left.abs().float().sum() == pytest.approx(
            float(sizes.float().topk(count).values.sum()), rel=1e-5
        )
        assert ((left == 0) | (left == flat(own))).all()


def test_of_equal_numbers_the_first_are_kept():
    own = {"a": torch.tensor([1.0, -2.0, 2.0]), "b": torch.tensor([2.0, 0.0])}
    for count, wanted in ((1, [0, -2, 0, 0, 0]), (2, [0, -2, 2, 0, 0])):
        (cut,) = cuts(own, [count])
        assert flat(kept(own, own, cut)).tolist() == wanted


def test_a_random_draw_is_seeded_and_each_holds_the_smaller():
    own = tensors()
    ranks = random_ranks(own, seed=3)
    few, more = (flat(kept(own, ranks, cut)) != 0 for cut in cuts(ranks, [5, 20]))
    assert (int(few.sum()), int(more.sum())) == (5, 20)
    assert (few <= more).all()
    again, other = (random_ranks(own, seed=seed) for seed in (3, 4))
    assert torch.equal(flat(ranks), flat(again))
    assert not torch.equal(flat(ranks), flat(other))


def test_a_scaled_change_has_the_norm_and_the_direction():
    own = tensors()
    longer = scaled(own, 7.0)
    assert norm(longer) == pytest.approx(7.0)
    assert torch.allclose(flat(longer) * norm(own), flat(own) * 7.0, rtol=1e-5)
    nothing = {"a": torch.zeros(3)}
    assert torch.equal(scaled(nothing, 2.0)["a"], torch.zeros(3))


def test_numbers_of_weights_go_from_a_millionth_to_all():
    found = budgets(10_000_000, 1)
    assert found == [10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000]
    assert budgets(100, 2) == [1, 3, 10, 32, 100]


@pytest.mark.parametrize(
    ("effects", "wanted"),
    [
        ([0.1, 0.96, 0.97, 1.0], 2),
        ([0.99, 0.5, 0.96, 1.0], 3),  # not by a chance that a larger number undoes
        ([0.1, 0.2, 0.3, 1.0], 4),
        ([0.0, 0.0, 0.0, math.nan], None),  # all weights do nothing
    ],
)
def test_enough_is_the_first_number_behind_which_all_suffice(effects, wanted):
    assert enough([1, 2, 3, 4], effects) == wanted


def test_a_changing_decoder_says_the_change_whatever_h_is(lm):
    from gradiend.autoencoder import Gradiend

    gradiend = Gradiend.initialise(lm.covered, seed=0)
    change = gradiend.decode(0.3)
    for h in (0.0, -2.0):
        said = changing_by(gradiend, change).decode(h)
        assert all(torch.equal(said[name], change[name]) for name in change)
