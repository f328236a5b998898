"""A candidate refined until the classes are alike: h moves the mean, α the spread.

A grid finds a rewritten model in which the classes are close, but often all texts lean
to the same class. At a given α, the mean share of class +1 falls or rises with h: h is
sought at which it is a half. The larger α, the less texts differ, and the more the
model loses: α grows as long as enough of its language modelling is kept. (Not in the
paper, whose selection ends with the grid.)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from gradiend.autoencoder import Gradiend
from gradiend.errors import check_finite
from gradiend.evaluation.decoder import Measure, base_row
from gradiend.evaluation.indices import BALANCE
from gradiend.lm.cloze import ClozeLM
from gradiend.rewriting import Rewriter

_CENTRED = 0.01  # |mean share − ½| that ends a search for h
_BESIDE = 0.01  # further from ½ than the most centred, and still as good
_TRIES = 5  # candidates at one α
_FIRST_STEP = 0.2  # of h, where nothing is known of its effect
_LONGEST_STEP = 2.0
GROWTH = 2**0.5  # from one α to the next
_Rows = Mapping | pd.Series | pd.DataFrame  # a candidate, or candidates
_HALVINGS = 2  # of the step between the largest α that will do and the next


def refine(
    lm: ClozeLM,
    gradiend: Gradiend,
    measure: Measure,
    start: tuple[float, float],
    *,
    candidates: int = 40,
    lms_floor: float = 0.98,
    said_floor: float | None = None,
) -> pd.DataFrame:
    """Measure the base model and at most ``candidates`` rewritten ones around a start.

    ``start`` is a candidate (h, α), of which α = 0 leaves the base model alone, as it
    leads nowhere; ``measure`` gives share, LMS and Balance
    (:func:`gradiend.evaluation.indices.balance`) among others. Only candidates that
    keep ``lms_floor`` of the base's LMS count as better: on texts not seen some lose a
    percent or two more, for LMS of a thousand tokens is that uncertain. Balance weighs
    what is still said of both classes against their gap, one for one; with
    ``said_floor`` the gap alone counts, as long as that share of what the base says is
    said. The result is like that of
    :func:`gradiend.evaluation.decoder.evaluate_grid`, for :func:`select_centred` with
    the same floors.

    Raises
    ------
    InputError
        if the start is not finite.
    """
    for name, value in zip(("h", "α"), start, strict=True):
        check_finite(value, name)
    with Rewriter(lm, gradiend) as rewriter:
        base = base_of(measure)
        aim = Aim.of(base, lms_floor, said_floor)
        search = Search(rewriter, measure, candidates, aim, [base])
        if candidates and start[1]:
            search.walk(*start)
    return pd.DataFrame(search.rows)


def select_centred(
    rows: pd.DataFrame, *, lms_floor: float = 0.98, said_floor: float | None = None
) -> pd.Series:
    """The best candidate of :func:`refine` among the centred ones.

    Those are the ones whose mean share is a half within 0.02 or, where there is none,
    as close to it as one comes. The base model stands too, and alone where no other
    keeps enough and has a share.
    """
    aim = Aim.of(base_row(rows), lms_floor, said_floor)
    kept = rows[aim.kept(rows) | rows["h"].isna()]
    offset = (kept["share"] - 0.5).abs()
    if offset.isna().all():
        return base_row(rows)
    centred = kept[offset <= max(_CENTRED, offset.min()) + _BESIDE]
    return centred.loc[aim.worth(centred).idxmax()]


def base_of(measure: Measure) -> dict:
    """The row of the model as it is."""
    return {"h": np.nan, "learning_rate": np.nan, **measure()}


@dataclass(frozen=True)
class Aim:
    """What makes a candidate better, and what it must keep: of one, or of a table."""

    lms: float
    said: float | None

    @classmethod
    def of(cls, base: _Rows, lms_floor: float, said_floor: float | None) -> Aim:
        """With the floors, shares of what the model says as it is."""
        said = None if said_floor is None else said_floor * base["said"]
        return cls(lms_floor * base["LMS"], said)

    def kept(self, row: _Rows):
        """Whether a candidate says, and models, as much as it must."""
        enough = self.said is None or row["said"] >= self.said
        return (row["LMS"] >= self.lms) & enough

    def worth(self, row: _Rows):
        """More is better."""
        return row[BALANCE] if self.said is None else -row["gap"]


class Spent(Exception):
    """All candidates have been measured."""


@dataclass
class Search:
    """Rewritten models measured one after the other, behind the base's row."""

    rewriter: Rewriter
    measure: Measure
    candidates: int
    aim: Aim
    rows: list[dict] = field(default_factory=list)
    rise: float | None = None  # of the share with α·h, once it is known

    def walk(self, h: float, rate: float) -> None:
        """Larger α while that is better, else smaller ones; then between the two."""
        try:
            first = self._centred(h, rate)
            growth = GROWTH if self.aim.kept(first) else 1 / GROWTH
            last = first
            while True:
                found = self._centred(last["h"], last["learning_rate"] * growth)
                if growth > 1 and not self._better(found, last):
                    break
                if growth < 1 and self.aim.kept(found):
                    break
                last = found
            kept, beyond = (last, found) if growth > 1 else (found, last)
            self._between(kept, beyond)
        except Spent:
            return

    def _better(self, found: dict, last: dict) -> bool:
        return self.aim.kept(found) and self.aim.worth(found) > self.aim.worth(last)

    def _between(self, kept: dict, beyond: dict) -> None:
        low, high = kept["learning_rate"], beyond["learning_rate"]
        for _ in range(_HALVINGS):
            middle = float(np.sign(low) * np.sqrt(low * high))
            found = self._centred(kept["h"], middle)
            if self._better(found, kept):
                kept, low = found, middle
            else:
                high = middle

    def _centred(self, h: float, rate: float) -> dict:
        """The most centred candidate at an α, sought from h on."""
        tried: dict[float, dict] = {}
        while len(tried) < _TRIES and h not in tried:
            tried[h] = self._ask(h, rate)
            # Without a share, in a model that is wrecked, there is nothing to follow.
            if not abs(_offset(tried[h])) > _CENTRED:
                break
            h = self._next(tried, rate)
        return min(tried.values(), key=lambda row: abs(_offset(row)))

    def _next(self, tried: dict[float, dict], rate: float) -> float:
        """Where the line through the two best tries is a half.

        They are on both sides of it where any are. One alone goes by the rise that the
        last α had, if there was one.
        """
        offsets = {h: _offset(row) for h, row in tried.items()}
        nearest = sorted(offsets, key=lambda h: abs(offsets[h]))
        first = nearest[0]
        if len(nearest) == 1:
            if not self.rise:
                return first + _FIRST_STEP
            return first + _bounded(-offsets[first] / (self.rise * rate))
        across = [h for h in nearest if offsets[h] * offsets[first] < 0]
        second = (across or nearest[1:])[0]
        rise = (offsets[second] - offsets[first]) / (second - first)
        if rise == 0:  # h moves nothing here
            return first + _LONGEST_STEP
        self.rise = rise / rate
        return first + _bounded(-offsets[first] / rise)

    def _ask(self, h: float, rate: float) -> dict:
        if len(self.rows) > self.candidates:
            raise Spent
        self.rewriter.apply(h, rate)
        row = {"h": h, "learning_rate": rate, **self.measure()}
        self.rows.append(row)
        return row


def _offset(row: dict) -> float:
    """Mean share of class +1, less a half."""
    return row["share"] - 0.5


def _bounded(step: float) -> float:
    return float(np.clip(step, -_LONGEST_STEP, _LONGEST_STEP))
