"""A balanced model found from first order: α bracketed, then closed in on.

:mod:`gradiend.evaluation.refinement` goes on behind a grid and looks above the best α
that the grid has. Without a grid the start is a prediction
(:mod:`gradiend.evaluation.first_order`), and the best α may lie on either side of it.
At each α, h is sought where the mean share is a half; first order says how fast the
share moves with h, and the α already measured say where to begin. What makes one α
better than another is what :func:`gradiend.evaluation.refinement.select_centred` asks.
(Not in the paper.)
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from gradiend.autoencoder import Gradiend
from gradiend.evaluation.decoder import Measure
from gradiend.evaluation.first_order import Slopes, levelling_candidate, share_rise
from gradiend.evaluation.refinement import GROWTH, Aim, Search, Spent, base_of
from gradiend.lm.cloze import ClozeLM
from gradiend.progress import Progress
from gradiend.rewriting import Rewriter

_STEP = float(np.log(GROWTH))  # of ln α, until the best α has neighbours
_CLOSE = float(np.log(1.04))  # of ln α: between what will do and what loses too much
_GAIN = 0.002  # of what is sought: less is not worth a candidate


def search(
    lm: ClozeLM,
    gradiend: Gradiend,
    measure: Measure,
    slopes: Slopes,
    *,
    candidates: int = 24,
    lms_floor: float = 0.98,
    said_floor: float | None = None,
    progress: Progress = iter,
) -> pd.DataFrame:
    """Measure the base model and at most ``candidates`` rewritten ones.

    ``slopes`` are of rows of both classes; measure, floors and result are those of
    :func:`gradiend.evaluation.refinement.refine`. ``progress`` is given as many steps
    as there may be measurements, and may be left before its end. Texts that no
    step brings closer to level leave the base model alone.

    Raises
    ------
    InputError
        if nothing moves the texts' log-odds, to first order.
    """
    steps = iter(progress(range(candidates + 1)))

    def counted() -> dict[str, float]:
        next(steps, None)
        return measure()

    h, rate = levelling_candidate(slopes)
    with Rewriter(lm, gradiend) as rewriter:
        base = base_of(counted)
        aim = Aim.of(base, lms_floor, said_floor)
        rise = share_rise(slopes, h, rate)
        found = _Line(rewriter, counted, candidates, aim, [base], rise, start=h)
        if candidates and rate:
            found.walk(h, rate)
    return pd.DataFrame(found.rows)


@dataclass
class _Line(Search):
    """The most centred candidates of several α > 0, each at its place ln α."""

    start: float = 0.0  # the first h
    at: dict[float, dict] = field(default_factory=dict)
    centres: dict[float, float] = field(default_factory=dict)  # h of a mean share of ½

    def walk(self, h: float, rate: float) -> None:
        """Bracket the best α and close in on it."""
        try:
            place: float | None = float(np.log(rate))
            while place is not None:
                self._measure(place)
                place = self._next_place()
        except Spent:
            return

    def _measure(self, place: float) -> None:
        rate = float(np.exp(place))
        row = self.at[place] = self._centred(self._expected(place), rate)
        offset = row["share"] - 0.5
        if self.rise and np.isfinite(offset):
            self.centres[place] = row["h"] - offset / (self.rise * rate)

    def _expected(self, place: float) -> float:
        """h of a mean share of ½, by the line through the two nearest α."""
        nearest = sorted(self.centres, key=lambda other: abs(other - place))[:2]
        if not nearest:
            return self.start
        first = self.centres[nearest[0]]
        if len(nearest) == 1:
            return first
        slope = (self.centres[nearest[1]] - first) / (nearest[1] - nearest[0])
        return first + slope * (place - nearest[0])

    def _next_place(self) -> float | None:
        """Where to measure next; None where nothing more is to be gained."""
        best = self._best()
        if best is None:
            return min(self.at) - _STEP
        below = max((place for place in self.at if place < best), default=None)
        above = min((place for place in self.at if place > best), default=None)
        if above is None:
            return best + _STEP
        if self._worth(above) == -np.inf and above - best > _CLOSE:
            return (best + above) / 2
        if below is None:
            return best - _STEP
        if -np.inf in (self._worth(below), self._worth(above)):
            return None
        return self._top(below, best, above)

    def _top(self, below: float, best: float, above: float) -> float | None:
        """Where a parabola through three α is highest, if that is worth a candidate."""
        places = np.array([below, best, above]) - best
        worth = [self._worth(place) for place in (below, best, above)]
        curve, slope, _ = np.polyfit(places, worth, 2)
        if curve >= 0:
            return None
        top = np.clip(-slope / (2 * curve), 0.9 * places[0], 0.9 * places[2])
        gain = curve * top**2 + slope * top
        return float(best + top) if gain > _GAIN * abs(worth[1]) else None

    def _best(self) -> float | None:
        kept = [place for place in self.at if self._worth(place) > -np.inf]
        return max(kept, key=self._worth, default=None)

    def _worth(self, place: float) -> float:
        """Of the candidate there; −∞ if it loses too much."""
        row = self.at[place]
        return float(self.aim.worth(row)) if self.aim.kept(row) else -np.inf
