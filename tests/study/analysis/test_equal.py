"""A search for a given gap, on models whose answers are a formula."""

from __future__ import annotations

import numpy as np
import pytest

from gradiend.errors import InputError
from study.analysis.equal import EqualGap

ODDS = np.array([3.0, 1.0, -1.0, -2.0])


class Formula:
    """Log-odds that shrink by exp(−α), and move with α·(h − 0.3)."""

    def __init__(self) -> None:
        self.place = (0.0, 0.0)

    def apply(self, h: float, rate: float) -> None:
        self.place = (h, rate)

    def __call__(self) -> dict[str, np.ndarray]:
        h, rate = self.place
        # Centred at h = .3 once the mean of what is left is taken off.
        odds = (ODDS - ODDS.mean()) * np.exp(-rate) + rate * (h - 0.3)
        first = 1 / (1 + np.exp(-odds))
        return {"first": first, "second": 1 - first}


@pytest.mark.parametrize("share", [0.7, 0.3, 0.1])
@pytest.mark.parametrize("start", [(0.0, 0.2), (1.0, 3.0)])
def test_a_gap_is_found_centred_from_either_side(share, start):
    model = Formula()
    base = np.abs(2 * model()["first"] - 1).mean()
    found = EqualGap(model, model, rise=0.2).find(share * base, start)
    assert found.gap == pytest.approx(share * base, rel=0.03)
    assert found.share == pytest.approx(0.5, abs=0.02)


def test_a_gap_that_is_never_left_is_seen_in_what_is_found():
    class Stubborn(Formula):
        def __call__(self):
            return {"first": np.full(4, 0.9), "second": np.full(4, 0.1)}

    model = Stubborn()
    found = EqualGap(model, model, rise=0.2).find(0.1, (0.0, 1.0))
    assert found.gap == pytest.approx(0.8)


def test_a_rise_that_is_unknown_is_learned():
    model = Formula()
    base = np.abs(2 * model()["first"] - 1).mean()
    found = EqualGap(model, model, rise=0.0).find(0.3 * base, (0.0, 1.0))
    assert found.gap == pytest.approx(0.3 * base, rel=0.03)
    assert found.share == pytest.approx(0.5, abs=0.02)


def test_where_h_moves_nothing_the_search_ends():
    def unmoved():
        return {"first": np.full(4, 0.9), "second": np.full(4, 0.1)}

    model = Formula()
    found = EqualGap(model, unmoved, rise=0.0).find(0.1, (0.0, 1.0))
    assert found.gap == pytest.approx(0.8)


@pytest.mark.parametrize(
    ("gap", "start", "message"),
    [(0.0, (0.0, 1.0), "gap that is asked for is 0.0"), (0.1, (0.0, 0.0), "has α = 0")],
)
def test_what_leads_nowhere_is_refused(gap, start, message):
    model = Formula()
    search = EqualGap(model, model, rise=0.2)
    with pytest.raises(InputError, match=message):
        search.find(gap, start)
    assert not search.seen
