"""Several GRADIENDs as one, and three classes balanced along it.

GRADIENDs side by side are one of as many neurons: dec(h) = Σ (h_i·W_d,i + b_d,i). So
what is searched for one is searched for all, with the same number of questions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd
import torch

from gradiend.autoencoder import Gradiend
from gradiend.evaluation.decoder import share_of
from gradiend.evaluation.scoring import ClassProbabilities, LanguageModelling
from gradiend.lm.cloze import ClozeLM
from gradiend.rewriting import Rewriter
from gradiend.vectors import norm, random_direction
from study.analysis.few_weights import changing_by

LMS_FLOOR, SAID_FLOOR = 0.97, 0.75  # of the base's, while candidates are compared
# ‖ΔW‖ / ‖W‖ of the first candidate. It is doubled until the LMS falls below its floor,
# or halved until it does not, at most so often, and that interval is halved so often.
FIRST, DOUBLINGS, HALVINGS = 2e-4, 12, 3
TURNS = (0.4, 0.15)  # changes of each h that are tried, after the step is found


def side_by_side(gradiends: Sequence[Gradiend]) -> Gradiend:
    """GRADIENDs of one neuron each as one of all their neurons; b_d are added."""
    first = gradiends[0]
    if len(gradiends) == 1:
        return first

    def stacked(part: str) -> dict:
        return {
            name: torch.stack([getattr(g, part)[name] for g in gradiends])
            for name in first.encoder
        }

    added = {
        name: sum(g.decoder_bias[name] for g in gradiends) for name in first.encoder
    }
    return replace(
        first,
        encoder=stacked("encoder"),
        encoder_bias=torch.stack([g.encoder_bias for g in gradiends]),
        decoder_weight=stacked("decoder_weight"),
        decoder_bias=added,
    )


def random_change(gradiend: Gradiend, *, seed: int) -> Gradiend:
    """Normal numbers of the norm of b_d in each parameter, in the place of dec(h)."""
    generator = torch.Generator().manual_seed(seed)
    drawn = random_direction(gradiend.decoder_bias, generator)
    return changing_by(gradiend.neurons[0], drawn)


class Asked:
    """What a model says of three classes at the slot of some texts, and its LMS."""

    def __init__(
        self,
        lm: ClozeLM,
        texts: Sequence[str],
        words: Mapping[str, Mapping[str, float]],
        neutral: Sequence[str],
        *,
        seed: int,
    ) -> None:
        self.classes = tuple(words)
        self.probabilities = ClassProbabilities(lm, texts, words)
        self.lms = LanguageModelling(lm, neutral, seed=seed)

    def shares(self) -> tuple[np.ndarray, np.ndarray]:
        """Shares of the classes [texts, classes], and what they are of [texts].

        NaN where no class is said at all.
        """
        said = np.stack(list(self.probabilities().values()), axis=-1)
        total = said.sum(-1)
        return share_of(said, total[:, None]), total

    def __call__(self) -> dict[str, float]:
        """The model as it is: gap, offset, said, LMS, and the gap of each pair."""
        shares, total = self.shares()
        return {
            **measured(shares, self.classes),
            "said": total.mean(),
            "LMS": self.lms(),
        }


def measured(shares: np.ndarray, classes: Sequence[str]) -> dict[str, float]:
    """Of shares [texts, classes]: mean distance of the largest and the smallest (gap),
    distance of the mean shares from even ones (offset), the gap of each pair.

    NaN where a text has no shares, and of a pair that it says neither of: a model that
    is wrecked is not level.
    """
    even = 1 / len(classes)
    found = {
        "gap": float((shares.max(-1) - shares.min(-1)).mean()),
        "offset": float(np.abs(shares.mean(0) - even).max()),
    }
    for i, first in enumerate(classes):
        for j in range(i + 1, len(classes)):
            distance = np.abs(shares[:, i] - shares[:, j])
            relative = share_of(distance, shares[:, i] + shares[:, j])
            found[f"gap {first}/{classes[j]}"] = float(relative.mean())
    return found


@dataclass(frozen=True)
class Candidate:
    """A rewritten model: (h, α), and what it says of the selecting texts."""

    h: tuple[float, ...]
    learning_rate: float
    values: dict[str, float]


def balanced(
    lm: ClozeLM, gradiend: Gradiend, middle: Sequence[float], asked: Asked
) -> tuple[Candidate, pd.DataFrame]:
    """The candidate with the smallest gap of those that keep LMS and what is said.

    First α along dec(``middle``), as far as the LMS lasts (down from the first one if
    that goes too far); then each h in turn. The
    base itself is a candidate. All tried come back, a row each.
    """
    base, start = asked(), tuple(map(float, middle))
    seen = [Candidate(start, 0.0, base)]
    with Rewriter(lm, gradiend) as rewriter:

        def fits(h: tuple[float, ...], rate: float) -> bool:
            rewriter.apply(h, rate)
            seen.append(Candidate(h, rate, asked()))
            return _kept(seen[-1], base)

        unit = norm(lm.covered) / norm(gradiend.decode(start))
        low, high = _interval(FIRST * unit, partial(fits, start))
        for _ in range(HALVINGS):
            middle_rate = (low * high) ** 0.5
            inside = fits(start, middle_rate)
            low, high = (middle_rate, high) if inside else (low, middle_rate)
        for turn in TURNS:
            best = _best(seen, base)
            if best.learning_rate == 0:
                break
            for place in range(len(start)):
                for change in (turn, -turn):
                    h = list(_best(seen, base).h)
                    h[place] += change
                    fits(tuple(h), best.learning_rate)
    rows = [{"h": c.h, "learning_rate": c.learning_rate, **c.values} for c in seen]
    return _best(seen, base), pd.DataFrame(rows)


def _interval(first: float, fits: Callable[[float], bool]) -> tuple[float, float]:
    """Two rates, a factor of two apart, of which the smaller one fits.

    A change that is nothing to a small model may lose too much of a large one: where
    the first does not fit, smaller ones are tried.
    """
    inside, rate = fits(first), first
    factor = 2.0 if inside else 0.5
    for _ in range(DOUBLINGS - 1):
        rate *= factor
        if fits(rate) != inside:
            break
    else:
        rate *= factor
    return (rate / 2, rate) if inside else (rate, 2 * rate)


def _best(seen: Sequence[Candidate], base: Mapping[str, float]) -> Candidate:
    kept = [candidate for candidate in seen if _kept(candidate, base)]
    # One without a gap, since it says nothing in some text, comes last.
    return min(kept, key=lambda c: np.nan_to_num(c.values["gap"], nan=np.inf))


def _kept(candidate: Candidate, base: Mapping[str, float]) -> bool:
    return (
        candidate.values["LMS"] >= LMS_FLOOR * base["LMS"]
        and candidate.values["said"] >= SAID_FLOOR * base["said"]
    )
