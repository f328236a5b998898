"""Where a loss begins to rise along a direction: predicted, bounded and measured."""

from __future__ import annotations

import numpy as np
import pandas as pd

_HALVINGS = 50  # of the way between two rates


def with_predictions(along: pd.DataFrame) -> pd.DataFrame:
    """Columns ``first``, ``second`` and ``bound`` for a table of loss along a line.

    ``along`` has the columns rate, loss, slope and curvature (of the loss with the
    rate), rates of one sign that grow in size, the first of them 0. By Taylor's theorem
    with Lagrange's remainder L(α) = L(0) + α·L′(0) + ½·α²·L″(ξ) for some ξ between 0
    and α, so that the largest curvature on the way bounds it. It is measured at the
    rates of the table alone: the bound holds as far as none between them exceeds it.
    """
    rate, start = along["rate"], along.iloc[0]
    first = start["loss"] + rate * start["slope"]
    largest = along["curvature"].cummax()
    return along.assign(
        first=first,
        second=first + rate**2 / 2 * start["curvature"],
        bound=first + rate**2 / 2 * largest,
    )


def where_dearer(along: pd.DataFrame, share: float) -> dict[str, float]:
    """The rate at which a loss has risen by ``share`` of what it was at 0.

    By first and second order, by the bound (up to there it has not), and as measured
    (between the rates by the slopes, which are measured, too);
    NaN where it has not within the table (within any rate, by first and second order).
    ``LMS`` is where the score has lost that share.
    """
    start = along.iloc[0]
    sign = np.sign(along["rate"].iloc[-1])
    rise = share * start["loss"]
    slope, curvature = sign * start["slope"], start["curvature"]
    found = {
        "first": rise / slope if slope > 0 else np.nan,
        "second": _reached(slope, curvature, rise),
        "bound": _crossing(along["rate"], along["bound"] - start["loss"], rise),
        "measured": _crossing(
            along["rate"], along["loss"] - start["loss"], rise, along["slope"]
        ),
        "LMS": _crossing(along["rate"], 1 - along["LMS"] / start["LMS"], share),
    }
    return {name: float(abs(rate)) for name, rate in found.items()}


def _reached(slope: float, curvature: float, rise: float) -> float:
    """The smallest positive a with a·slope + a²/2·curvature = rise."""
    inside = slope**2 + 2 * curvature * rise
    if inside < 0:
        return np.nan
    # The root in the form that has no difference of like numbers.
    below = slope + np.sqrt(inside)
    return 2 * rise / below if below > 0 else np.nan


def _crossing(
    rates: pd.Series, values: pd.Series, level: float, slopes: pd.Series | None = None
) -> float:
    """Where values first reach a level, between the rates on curves with ``slopes``.

    On the cubic that has the values and the slopes of both ends (Hermite), without
    slopes on a straight line, which lies above a convex curve and is there too early.
    """
    rate, value = rates.to_numpy(), values.to_numpy()
    above = np.flatnonzero(value >= level)
    if not len(above):
        return np.nan
    after = above[0]
    if after == 0:
        return rate[0]
    before = after - 1
    length = rate[after] - rate[before]
    ends = value[[before, after]] - level
    rises = np.repeat(np.diff(ends), 2)
    if slopes is not None:
        rises = length * slopes.to_numpy()[[before, after]]
    return rate[before] + length * _zero(ends, rises)


def _zero(ends: np.ndarray, rises: np.ndarray) -> float:
    """Where in 0 … 1 the cubic with these values (−, +) and slopes at both is 0."""
    (low, high), (first, last) = ends, rises
    cubic = (
        2 * (low - high) + first + last,
        3 * (high - low) - 2 * first - last,
        first,
        low,
    )
    start, end = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (start + end) / 2
        if np.polyval(cubic, middle) >= 0:
            end = middle
        else:
            start = middle
    return end
