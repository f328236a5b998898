"""A search for a given gap, on models whose answers are a formula."""

from __future__ import annotations

import numpy as np
import pytest

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
