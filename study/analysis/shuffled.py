"""Training rows that say nothing of a feature any more, but of which words it is.

Of the rows of each class half are drawn. They are either called the other class's, with
the word that is right left as it is: then ∇±W is what it was, the class means lose what
tells them apart, and their mean b_d stays. Or the other class's word is right in them,
too: then ∇±W of these rows has the other sign, b_d loses what the rows share, and W_d
stays. Either way as many rows of each class are left.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

_SIDES = ("factual", "factual_class")
_SWAPPED = {name: f"counter{name}" for name in _SIDES}
_SWAPPED |= {other: name for name, other in _SWAPPED.items()}


def classes_shuffled(rows: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """Half of each class's rows have the other label; words stay where they are."""
    return _turned(rows, _half_of_each(rows, seed))


def words_shuffled(rows: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """In half of each class's rows the other class's word is right: so is its label."""
    half = _half_of_each(rows, seed)
    found = _turned(rows, half)
    for name, other in _SWAPPED.items():
        found[name] = rows[name].where(~half, rows[other])
    return found


def _turned(rows: pd.DataFrame, half: np.ndarray) -> pd.DataFrame:
    return rows.assign(label=rows["label"].where(~half, -rows["label"]))


def _half_of_each(rows: pd.DataFrame, seed: int) -> np.ndarray:
    """Which rows are drawn: as many of either class, half of the smaller one's."""
    generator = np.random.default_rng(seed)
    places = [np.flatnonzero(rows["label"] == label) for label in (1, -1)]
    half = np.zeros(len(rows), dtype=bool)
    for own in places:
        half[generator.permutation(own)[: min(map(len, places)) // 2]] = True
    return half
