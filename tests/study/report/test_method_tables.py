"""The tables of notebook 10, on hand-made results."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from study.report.tables.method import (
    gap_frontier,
    profession_shares,
    profession_spread,
)

WORDS = [f"job{number:02d}" for number in range(30)]
VARIANTS = (("base", "–"), ("N", "trained"), ("N", "closed form"), ("F", "trained"))


@pytest.fixture
def learned() -> pd.DataFrame:
    """P(she) of job i is i/29 in the base, ½ + (i/29 − ½)/2 in the variants."""
    rows = []
    for (variant, decoder), (number, word) in itertools.product(
        VARIANTS, enumerate(WORDS)
    ):
        planted = number / 29
        she = planted if variant == "base" else 0.5 + (planted - 0.5) / 2
        for name, p in (("she", 0.9 * she), ("he", 0.9 * (1 - she)), ("they", 0.1)):
            rows.append((variant, decoder, word, name, planted, p))
    columns = ["variant", "decoder", "word", "class", "planted", "learned"]
    table = pd.DataFrame(rows, columns=columns)
    return table.assign(model="A", feature="gender_MF", kind="profession")


def test_shares_are_of_the_twenty_held_out_professions(learned):
    shares = profession_shares(learned)
    base = shares[shares["variant"] == "base"]
    assert base["word"].tolist() == WORDS[:10] + WORDS[-10:]
    expected = np.r_[np.arange(10), np.arange(20, 30)] / 29
    assert np.allclose(base["share"], expected)
    assert set(shares["variant"]) == {"base", "N, trained", "N, closed form"}


def test_a_halved_share_is_a_halved_spread(learned):
    selected = pd.DataFrame(
        [("base", "–", 0.8), ("N", "trained", 0.6), ("N", "closed form", 0.76)],
        columns=["variant", "decoder", "LMS"],
    ).assign(model="A", feature="gender_MF")
    row = profession_spread(learned, selected).iloc[0]
    assert row["N, trained"] == pytest.approx(row["base"] / 2)
    assert row["LMS, trained"] == pytest.approx(0.75)
    assert row["LMS, closed form"] == pytest.approx(0.95)


def test_the_frontier_leaves_out_what_costs_too_much():
    grid = pd.DataFrame(
        [(np.nan, 0.4, 0.8, 0.5), (0.0, 0.1, 0.7, 0.7), (0.0, 0.3, 0.79, 0.6)],
        columns=["h", "gap", "LMS", "BPI"],
    ).assign(model="A", feature="gender_MF")
    chosen = grid.iloc[[2]].assign(variant="N", decoder="trained")
    row = gap_frontier(grid, chosen).iloc[0]
    assert row["N / base"] == pytest.approx(0.75)
    assert row["LMS N / base"] == pytest.approx(0.9875)
    assert row["paper's rule: N / base"] == pytest.approx(0.25)
    assert row["paper's rule: LMS / base"] == pytest.approx(0.875)
    assert row["least gap / base at LMS ≥ 0.97"] == pytest.approx(0.75)
