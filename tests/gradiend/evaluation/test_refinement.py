"""Refinement: h is moved until the mean is a half, α until LMS ends it."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pandas as pd
import pytest
import torch

from gradiend.autoencoder import Gradiend
from gradiend.errors import InputError
from gradiend.evaluation.decoder import class_statistics
from gradiend.evaluation.indices import BALANCE, balance
from gradiend.evaluation.refinement import refine, select_centred
from tests.conftest import tiny_lm


class World:
    """A measure that reads (h, α) off one weight pair and answers by formula.

    Texts lean by ±spread, which α shrinks, around a mean that h shifts; LMS falls with
    |α| beyond ``keeps``, what is said of the classes at the rate ``loses``.
    """

    def __init__(
        self, lm, *, centre: float, keeps: float, flat=False, loses=0.0
    ) -> None:
        self.lm, self.centre, self.keeps, self.flat = lm, centre, keeps, flat
        self.loses = loses
        self.name, weight = next(iter(lm.covered.items()))
        self.before = weight.detach().clone().flatten()[:2]
        self.asked: list[tuple[float, float]] = []

    def __call__(self) -> dict[str, float]:
        now = self.lm.covered[self.name].detach().flatten()[:2] - self.before
        moved, rate = float(now[0]), float(now[1])  # α·h and α
        self.asked.append((moved, rate))
        lean = 0.0 if self.flat else 4 * (moved - self.centre * rate)
        spread = 2 * math.exp(-3 * abs(rate))
        shares = [1 / (1 + math.exp(-(lean + s))) for s in (-spread, spread)]
        p = {
            "a": torch.tensor(shares).numpy(),
            "b": torch.tensor([1 - share for share in shares]).numpy(),
        }
        lms = 1.0 if abs(rate) <= self.keeps else 0.5
        share = float(p["a"].mean())
        # Whatever is said of both falls with |α|, and with it the gap.
        said = math.exp(-self.loses * abs(rate))
        gap = float(abs(p["a"] - p["b"]).mean())
        return {
            "share": share,
            "LMS": lms,
            "said": said,
            "gap": said * gap,
            BALANCE: said * float(balance(p)[BALANCE].mean()),
        }


@pytest.fixture
def lm():
    return tiny_lm("bert")


def gradiend(lm) -> Gradiend:
    """dec(h) = (h, 1, 0, …) in the first covered parameter."""
    found = Gradiend.initialise(lm.covered, seed=0)
    for part in (found.decoder_weight, found.decoder_bias):
        for tensor in part.values():
            tensor.zero_()
    first = next(iter(lm.covered))
    found.decoder_weight[first].view(-1)[0] = 1.0
    found.decoder_bias[first].view(-1)[1] = 1.0
    return found


@pytest.mark.parametrize("start", [(0.0, 0.1), (1.0, 0.1), (0.0, -0.1), (0.0, 2.0)])
def test_it_finds_the_centre_and_the_largest_rate_that_keeps_the_model(lm, start):
    world = World(lm, centre=0.7, keeps=0.5)
    rows = refine(lm, gradiend(lm), world, start, candidates=40, lms_floor=0.98)
    best = select_centred(rows, lms_floor=0.98)
    assert len(rows) == len(world.asked) <= 41
    assert abs(best["share"] - 0.5) <= 0.01
    assert best["h"] == pytest.approx(0.7, abs=0.1)
    # the first of the steps √2 apart that is too far, halved twice
    assert 0.4 <= abs(best["learning_rate"]) <= 0.5
    assert best[BALANCE] > rows.loc[0, BALANCE]


def test_a_start_without_a_place_is_refused(lm):
    world = World(lm, centre=0.1, keeps=1)
    with pytest.raises(InputError, match="h is nan; give a"):
        refine(lm, gradiend(lm), world, (math.nan, 0.1))
    assert not world.asked


def test_a_start_that_is_the_base_leaves_it_alone(lm):
    world = World(lm, centre=0.1, keeps=1)
    rows = refine(lm, gradiend(lm), world, (0.5, 0.0))
    assert len(rows) == len(world.asked) == 1 and pd.isna(rows.loc[0, "h"])


def test_weights_are_put_back(lm):
    before = {name: tensor.clone() for name, tensor in lm.covered.items()}
    refine(lm, gradiend(lm), World(lm, centre=0.1, keeps=1), (0.0, 0.1))
    assert all(torch.equal(before[name], t) for name, t in lm.covered.items())


@pytest.mark.parametrize("candidates", [0, 1, 3])
def test_no_more_candidates_than_allowed(lm, candidates):
    world = World(lm, centre=5.0, keeps=0.5)
    rows = refine(lm, gradiend(lm), world, (0.0, 0.1), candidates=candidates)
    assert len(rows) == candidates + 1 and pd.isna(rows.loc[0, "h"])


def test_where_h_moves_nothing_it_ends(lm):
    world = World(lm, centre=0.0, keeps=0.5, flat=True)
    rows = refine(lm, gradiend(lm), world, (0.0, 0.1))
    assert len(rows) <= 41


def test_the_base_stays_where_nothing_keeps_enough(lm):
    world = World(lm, centre=0.7, keeps=0.0)
    rows = refine(lm, gradiend(lm), world, (0.0, 0.1), lms_floor=0.98)
    assert pd.isna(select_centred(rows, lms_floor=0.98)["h"])


def test_a_large_overlap_off_the_centre_is_not_selected():
    rows = pd.DataFrame(
        {
            "h": [float("nan"), 0.1, 0.2, 0.3, 0.4],
            "share": [0.4, 0.3, 0.505, 0.515, 0.5],
            "LMS": [0.5, 0.5, 0.5, 0.5, 0.4],
            BALANCE: [0.1, 0.9, 0.2, 0.3, 0.8],
        }
    )
    assert select_centred(rows, lms_floor=0.98)["h"] == 0.3
    # without a centred one, the closest
    assert select_centred(rows.iloc[:2], lms_floor=0.98).isna()["h"]


def test_a_known_rise_saves_candidates(lm):
    world = World(lm, centre=0.7, keeps=0.5)
    rows = refine(lm, gradiend(lm), world, (0.0, 0.1), candidates=40)
    tries = rows.dropna().groupby("learning_rate").size()
    assert tries.iloc[0] >= 3 and tries.iloc[1:].max() <= 2


def test_a_wrecked_model_is_not_followed(lm):
    world = World(lm, centre=0.7, keeps=0.5)

    def measure() -> dict[str, float]:
        row = world()
        return row if row["LMS"] == 1 else row | {"share": math.nan}

    rows = refine(lm, gradiend(lm), measure, (0.0, 0.4))
    assert rows.dropna(subset=["learning_rate"])["h"].notna().all()
    assert abs(select_centred(rows)["share"] - 0.5) <= 0.01


def test_a_text_without_either_class_has_no_share():
    p = {"a": np.array([0.2, 0.0]), "b": np.array([0.6, 0.0])}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = class_statistics(p)
    assert math.isnan(found["share"]) and found["said"] == pytest.approx(0.4)


def test_the_base_stays_where_no_other_keeps_enough_and_none_has_a_share():
    rows = pd.DataFrame({"h": [np.nan, 0.0], "learning_rate": [np.nan, 0.1]})
    rows = rows.assign(LMS=[0.5, 0.1], share=[np.nan, 0.5], Balance=[0.0, 0.9])
    assert np.isnan(select_centred(rows)["h"])


def test_with_a_floor_for_what_is_said_the_gap_alone_counts(lm):
    """Where saying less costs Balance more than the gap gives, Balance stops early."""
    worlds = [World(lm, centre=0.1, keeps=10, loses=4.0) for _ in range(2)]
    by_balance = select_centred(refine(lm, gradiend(lm), worlds[0], (0.0, 0.02)))
    rows = refine(lm, gradiend(lm), worlds[1], (0.0, 0.02), said_floor=0.6)
    by_gap = select_centred(rows, said_floor=0.6)
    base = rows.iloc[0]
    assert by_gap["gap"] < by_balance["gap"] < base["gap"]
    assert 0.6 <= by_gap["said"] / base["said"] < 0.66  # as far as it may go
    assert abs(by_gap["share"] - 0.5) <= 0.02
