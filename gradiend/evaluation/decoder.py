"""Decoder evaluation: a grid of rewritten models and the best of them (paper, Sec. 4).

Each candidate (h, α) is the model W + α·dec(h); the base model is a candidate too. What
an index (:mod:`gradiend.evaluation.indices`) gives is multiplied by the
language-modelling score.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from gradiend.autoencoder import Gradiend
from gradiend.errors import check_choice, check_finite
from gradiend.evaluation.indices import Indices
from gradiend.evaluation.partial import BASE, Partial
from gradiend.evaluation.scoring import ClassProbabilities, LanguageModelling
from gradiend.files import digest
from gradiend.lm.cloze import ClozeLM
from gradiend.progress import Progress
from gradiend.rewriting import Rewriter

FEATURE_FACTORS = (-10, -2, -1, -0.8, -0.6, -0.4, -0.2, 0)
FEATURE_FACTORS += tuple(-h for h in reversed(FEATURE_FACTORS[:-1]))
LEARNING_RATES = (1e-4, 5e-4, 1e-3, 5e-3, 1e-2, 5e-2, 0.1, 0.5)
LEARNING_RATES = tuple(-a for a in reversed(LEARNING_RATES)) + LEARNING_RATES

# All numbers of the model as it is: ``LMS`` and every index a selection may ask for.
Measure = Callable[[], dict[str, float]]


class DecoderMeasure:
    """All numbers of one candidate: P(class), gap, share, said, LMS, indices × LMS."""

    def __init__(
        self,
        probabilities: ClassProbabilities,
        modelling: LanguageModelling,
        indices: Indices,
    ) -> None:
        self.probabilities, self.modelling = probabilities, modelling
        self.indices = indices

    @property
    def asked(self) -> str:
        """Tells apart measures of other texts, words or neutral texts."""
        return digest(self.probabilities.asked, self.modelling.asked)

    def __call__(self) -> dict[str, float]:
        """Means over texts (see :func:`class_statistics`)."""
        p = self.probabilities()
        lms = self.modelling()
        row = class_statistics(p) | {"LMS": lms}
        index = self.indices(p)
        return row | {name: float(v.mean()) * lms for name, v in index.items()}


def class_statistics(p: Mapping[str, np.ndarray]) -> dict[str, float]:
    """Means over texts of what P of two classes, [texts] each, say of their balance.

    ``gap`` is of |P(+1) − P(−1)|, ``share`` of P(+1) / (P(+1) + P(−1)), and ``said`` of
    P(+1) + P(−1): does the model still say any of the words? One that says neither
    class anywhere in a text has no share (NaN).
    """
    first, second = p.values()
    return {f"P({name})": float(values.mean()) for name, values in p.items()} | {
        "gap": float(np.abs(first - second).mean()),
        "share": float(shares(p).mean()),
        "said": float((first + second).mean()),
    }


def shares(p: Mapping[str, np.ndarray]) -> np.ndarray:
    """P(+1) / (P(+1) + P(−1)) of every text, [texts]; NaN where both are 0."""
    first, second = p.values()
    return share_of(first, first + second)


def share_of(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """part / whole; NaN where the whole is 0: of nothing there is no share."""
    part, whole = np.broadcast_arrays(part, whole)
    return np.divide(part, whole, out=np.full_like(part, np.nan), where=whole > 0)


def evaluate_grid(
    lm: ClozeLM,
    gradiend: Gradiend,
    measure: Measure,
    *,
    feature_factors: Sequence[float] = FEATURE_FACTORS,
    learning_rates: Sequence[float] = LEARNING_RATES,
    partial: str | Path | None = None,
    progress: Progress = iter,
) -> pd.DataFrame:
    """Measure the base model (h and learning rate empty) and every candidate.

    ``partial`` names a file that gains a line per finished candidate; a killed call
    with the same file goes on behind the last whole line. The base model is measured
    again then, by which (and by ``asked`` of a :class:`DecoderMeasure`) the file shows
    whether it is of this measure.

    Raises
    ------
    InputError
        if a place is no number (as of several neurons), or the file is of another
        model, feature or measure (other texts, another seed), or is damaged.
    """
    places = [_numbers("h", feature_factors), _numbers("α", learning_rates)]
    candidates = [BASE, *product(*places)]
    rows: list[dict] = []
    with Rewriter(lm, gradiend) as rewriter:
        for place in progress(candidates):
            if place == BASE:
                asked = getattr(measure, "asked", None)
                path = None if partial is None else Path(partial)
                done = Partial.of(path, lm, gradiend, measure(), asked=asked)
            elif place not in done.rows:
                rewriter.apply(*place)
                done.add(place, measure())
            rows.append(done.rows[place])
    return pd.DataFrame(rows).astype({"h": float, "learning_rate": float})


def _numbers(name: str, values: Sequence[float]) -> list[float]:
    """As Python has them, and a file can hold them."""
    values = list(values)
    for value in values:
        check_finite(value, name)
    return [float(value) for value in values]


def select(grid: pd.DataFrame, index: str, *, lms_floor: float = 0.0) -> pd.Series:
    """The candidate with the highest ``index``; the base model stands too.

    ``lms_floor`` leaves out candidates whose LMS is below that share of the base's
    (the paper's rule has no floor: 0).

    Raises
    ------
    InputError
        if the grid has no such index.
    """
    numbers = [name for name in grid if name not in ("h", "learning_rate")]
    check_choice(index, numbers, "index")
    kept = keeping_lms(grid, lms_floor)
    return kept.loc[kept[index].idxmax()]


def keeping_lms(grid: pd.DataFrame, share: float) -> pd.DataFrame:
    """The candidates that keep this share of the base's LMS, the base model itself."""
    kept = grid["LMS"] >= share * base_row(grid)["LMS"]
    return grid[kept | grid["h"].isna()]


def base_row(grid: pd.DataFrame) -> pd.Series:
    """The row of the unchanged model."""
    return grid[grid["h"].isna()].iloc[0]
