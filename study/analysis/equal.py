"""Candidates that leave the same gap, so that what they cost can be compared.

At a given α, h is moved until the mean share of class +1 is a half; α is moved until
the gap is the one asked for. Only the slot is asked on the way: costs play no part.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from gradiend.errors import InputError, check_rate
from gradiend.evaluation.decoder import class_statistics
from gradiend.evaluation.scoring import ClassProbabilities
from gradiend.rewriting import Rewriter

_CENTRED = 0.005  # |mean share − ½| that will do
_CLOSE = 0.01  # |gap / asked − 1| that will do
_TRIES = 5  # candidates at one α
_STEPS = 14  # values of α
_GROWTH = 1.5  # of α, as long as the gap is too wide
_FIRST = 0.2  # step of h, where nothing is known of its effect
_LONGEST = 2.0


@dataclass(frozen=True)
class Found:
    """A candidate and what it says, on the texts that were asked."""

    h: float
    rate: float
    share: float
    gap: float


@dataclass
class EqualGap:
    """A search for (h, α) with a given gap.

    ``rise`` is the growth of the mean share with α·h to begin with; 0 is unknown.
    """

    rewriter: Rewriter
    probabilities: ClassProbabilities
    rise: float
    seen: list[Found] = field(default_factory=list)

    def find(self, gap: float, start: tuple[float, float]) -> Found:
        """The centred candidate whose gap is nearest to ``gap``, from a start on.

        It may be none that was asked for: no α need leave that gap. The caller sees it
        in ``gap``.

        Raises
        ------
        InputError
            if the gap is not above 0, or the start is the base model (α = 0).
        """
        check_rate(gap, "the gap that is asked for")
        if start[1] == 0:
            raise InputError(
                "the start has α = 0, which is the base model and leads nowhere; give "
                "a candidate with another α"
            )
        here = self._centred(*start)
        tried = [here]
        low = high = None  # the smallest α that closes too much; the largest too little
        for _ in range(_STEPS):
            if abs(here.gap / gap - 1) <= _CLOSE:
                break
            if here.gap > gap:
                high = here
            else:
                low = here
            if low is None:
                rate = here.rate * _GROWTH
            elif high is None:
                rate = here.rate / _GROWTH
            else:
                rate = _between(high, low, gap)
            here = self._centred(here.h, rate)
            tried.append(here)
        return min(tried, key=lambda found: abs(found.gap - gap))

    def _centred(self, h: float, rate: float) -> Found:
        tried: list[Found] = []
        for _ in range(_TRIES):
            found = self._ask(h, rate)
            tried.append(found)
            offset = found.share - 0.5
            if not abs(offset) > _CENTRED:
                break
            self._learn(tried, rate)
            h += self._step(offset, rate)
        return min(tried, key=lambda found: abs(found.share - 0.5))

    def _step(self, offset: float, rate: float) -> float:
        """Of h, to a mean share of a half."""
        if not self.rise:
            return _FIRST
        return -float(np.clip(offset / (self.rise * rate), -_LONGEST, _LONGEST))

    def _learn(self, tried: list[Found], rate: float) -> None:
        """The rise that the last two tries had, if it is one to go by."""
        if len(tried) < 2:
            return
        before, here = tried[-2:]
        rise = (here.share - before.share) / ((here.h - before.h) * rate)
        if np.isfinite(rise) and rise * self.rise >= 0 and rise:
            self.rise = rise

    def _ask(self, h: float, rate: float) -> Found:
        self.rewriter.apply(h, rate)
        says = class_statistics(self.probabilities())
        found = Found(h, rate, says["share"], says["gap"])
        self.seen.append(found)
        return found


def _between(wide: Found, narrow: Found, gap: float) -> float:
    """Where a straight line through two gaps over log α has the one asked for.

    Not nearer than a tenth to either end: the curve bends.
    """
    part = (wide.gap - gap) / (wide.gap - narrow.gap)
    part = float(np.clip(part, 0.1, 0.9))
    return float(wide.rate * (narrow.rate / wide.rate) ** part)
