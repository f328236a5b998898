"""From a prediction to the best α, on whichever side of it that lies."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pandas as pd
import pytest
import torch

from gradiend.errors import InputError
from gradiend.evaluation.first_order import Slopes, levelling_candidate, share_rise
from gradiend.evaluation.indices import BALANCE
from gradiend.evaluation.refinement import select_centred
from gradiend.evaluation.search import search
from gradiend.rewriting import Rewriter
from tests.conftest import tiny_lm
from tests.gradiend.evaluation.test_refinement import World, gradiend

CENTRE = 0.7


@pytest.fixture
def lm():
    return tiny_lm("bert")


def slopes(*, rate: float = 1 / 3, steeper: float = 1.0) -> Slopes:
    """Those of :class:`World`, of which first order levels α = ``rate``.

    ``steeper`` is how many times too fast they say that h moves what is said.
    """
    weight, level = 4.0, 2 / rate
    bias = np.array([-weight * CENTRE + level, -weight * CENTRE - level])
    return Slopes(np.array([-2.0, 2.0]), np.full(2, weight * steeper), bias)


def best_of_all(lm, world: World) -> float:
    """The highest index of any α, at the h that centres them."""
    with Rewriter(lm, gradiend(lm)) as rewriter:
        found = []
        for rate in np.geomspace(0.01, 3, 400):
            rewriter.apply(CENTRE, float(rate))
            row = world()
            found.append(row[BALANCE] if row["LMS"] == 1 else 0.0)
    world.asked.clear()
    return max(found)


def test_the_start_is_where_first_order_levels():
    assert levelling_candidate(slopes(rate=0.2)) == pytest.approx((CENTRE, 0.2))


@pytest.mark.parametrize("rounding", [0.0, 1e-9])
def test_where_every_text_is_in_both_classes_the_weight_alone_levels(rounding):
    bias = np.array([rounding, -rounding])
    found = Slopes(np.array([1.0, 3.0]), np.full(2, 4.0), bias)
    assert levelling_candidate(found) == pytest.approx((-1, 0.5))


@pytest.mark.parametrize(
    "found",
    [
        Slopes(np.array([-5, -4.99]), np.ones(2), np.array([0.1, -0.1])),  # h of 50
        Slopes(np.array([1.0, 1.0]), np.array([1.0, -1.0]), np.ones(2)),  # α < 0 at 0
        *(Slopes(*np.random.default_rng(n).normal(size=(3, 4))) for n in range(20)),
    ],
)
def test_the_start_leaves_least_of_all_with_h_in_its_range(found):
    def left(h: float, rate: float) -> float:
        return float(np.square(found.predicted(h, rate)).sum())

    h, rate = levelling_candidate(found)
    assert abs(h) <= 2 and rate > 0
    grid = product(np.linspace(-2, 2, 41), np.geomspace(1e-3, 1e2, 300))
    least = min(left(*place) for place in grid)
    base = left(0, 0)
    if least < 0.999 * base:  # else nothing levels, and it is a place to begin
        assert left(h, rate) <= least + 1e-9


@pytest.mark.parametrize("rate", [0.05, 0.3, 1.5])
@pytest.mark.parametrize("steeper", [0.5, 1.0, 3.0])
@pytest.mark.parametrize(
    ("loses", "keeps"), [(0.0, 0.5), (0.3, 9.0), (1.0, 9.0), (1.0, 0.3)]
)
def test_it_reaches_the_best_of_a_fine_grid(lm, rate, steeper, loses, keeps):
    world = World(lm, centre=CENTRE, keeps=keeps, loses=loses)
    most = best_of_all(lm, world)
    rows = search(lm, gradiend(lm), world, slopes(rate=rate, steeper=steeper))
    best = select_centred(rows)
    assert len(world.asked) == len(rows) <= 25
    assert best[BALANCE] >= 0.99 * most
    assert abs(best["share"] - 0.5) <= 0.02


def test_good_slopes_need_few_candidates(lm):
    world = World(lm, centre=CENTRE, keeps=9.0, loses=1.0)
    good = search(lm, gradiend(lm), world, slopes())
    assert len(good) <= 10
    tries = good.dropna().groupby("learning_rate").size()
    assert tries.iloc[:-1].max() <= 2


def test_the_rise_is_that_of_the_mean_share():
    generator = np.random.default_rng(0)
    some = Slopes(*generator.normal(size=(3, 50)))
    h, rate, step = 0.3, 0.4, 1e-6

    def share(h: float) -> float:
        return float((1 / (1 + np.exp(-some.predicted(h, rate)))).mean())

    expected = (share(h + step) - share(h - step)) / (2 * step * rate)
    assert share_rise(some, h, rate) == pytest.approx(expected, rel=1e-5)


def test_weights_are_put_back(lm):
    before = {name: tensor.clone() for name, tensor in lm.covered.items()}
    search(lm, gradiend(lm), World(lm, centre=CENTRE, keeps=1), slopes())
    assert all(torch.equal(before[name], t) for name, t in lm.covered.items())


@pytest.mark.parametrize("candidates", [0, 1, 3])
def test_no_more_candidates_than_allowed(lm, candidates):
    world = World(lm, centre=CENTRE, keeps=0.5)
    rows = search(lm, gradiend(lm), world, slopes(), candidates=candidates)
    assert len(rows) == candidates + 1 and pd.isna(rows.loc[0, "h"])


def test_where_h_moves_nothing_it_ends(lm):
    world = World(lm, centre=CENTRE, keeps=0.5, flat=True)
    assert len(search(lm, gradiend(lm), world, slopes())) <= 25


def test_the_base_stays_where_nothing_keeps_enough(lm):
    world = World(lm, centre=CENTRE, keeps=0.0)
    rows = search(lm, gradiend(lm), world, slopes())
    assert pd.isna(select_centred(rows)["h"])


def test_a_wrecked_model_is_not_followed(lm):
    world = World(lm, centre=CENTRE, keeps=0.3)

    def measure() -> dict[str, float]:
        row = world()
        return row if row["LMS"] == 1 else row | {"share": math.nan}

    rows = search(lm, gradiend(lm), measure, slopes(rate=1.0))
    assert rows.dropna(subset=["learning_rate"])["h"].notna().all()
    assert abs(select_centred(rows)["share"] - 0.5) <= 0.01


def test_with_a_floor_of_what_is_said_the_gap_counts(lm):
    world = World(lm, centre=CENTRE, keeps=9.0, loses=1.0)
    rows = search(lm, gradiend(lm), world, slopes(), said_floor=0.6)
    best, base = select_centred(rows, said_floor=0.6), rows.iloc[0]
    # said = exp(−α), so the largest α that keeps 0.6 of it is ln(1/0.6)
    assert 0.96 * math.log(1 / 0.6) <= best["learning_rate"] <= math.log(1 / 0.6)
    assert best["gap"] < base["gap"]


@pytest.mark.parametrize(
    "found",
    [
        Slopes(np.array([1.0, -1.0]), np.ones(2), np.zeros(2)),  # h moves none nearer
        Slopes(np.zeros(2), np.array([1.0, -1.0]), np.ones(2)),  # log-odds of 0
    ],
)
def test_where_no_step_levels_the_base_alone_is_measured(lm, found):
    world = World(lm, centre=CENTRE, keeps=0.5)
    rows = search(lm, gradiend(lm), world, found)
    assert levelling_candidate(found)[1] == 0
    assert len(rows) == len(world.asked) == 1 and pd.isna(rows.loc[0, "h"])
    assert pd.isna(select_centred(rows)["h"])


def test_without_any_slope_nothing_is_searched(lm):
    flat = Slopes(np.array([1.0, 2.0]), np.zeros(2), np.zeros(2))
    world = World(lm, centre=CENTRE, keeps=0.5)
    with pytest.raises(
        InputError, match=r"have no slope along this feature.*ask other"
    ):
        search(lm, gradiend(lm), world, flat)
    assert not world.asked


def test_a_bound_where_nothing_moves_is_no_start():
    """dec(−2) = 0 here, and every α > 0 is the wrong way: the other bound is left."""
    found = Slopes(np.array([1.0, 3.0]), np.ones(2), np.full(2, 2.0))
    h, rate = levelling_candidate(found)
    assert h == 2 and rate == pytest.approx(0.5)
