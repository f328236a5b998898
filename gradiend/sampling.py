"""Samples: seeded draws, balanced over classes, never the head of a table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd


def balanced_sample(
    table: pd.DataFrame, rows: int, *, by: str | Sequence[str], seed: int
) -> pd.DataFrame:
    """At most ``rows`` rows (0: all), as evenly from the groups of ``by`` as they go.

    A group that has fewer rows than its share gives them all, and the others make up
    for it. Rows keep the table's order; the index is the table's.
    """
    if not rows or len(table) <= rows:
        return table
    generator = np.random.default_rng(seed)
    groups = table.groupby(by, sort=True, dropna=False).indices
    order = [generator.permutation(places) for places in groups.values()]
    sizes = _shares([len(places) for places in order], rows)
    drawn = [places[:size] for places, size in zip(order, sizes, strict=True)]
    return table.iloc[np.sort(np.concatenate(drawn))]


def _shares(sizes: Sequence[int], total: int) -> list[int]:
    """How many of ``total`` each group gives, as even as ``sizes`` allow."""
    shares = [0] * len(sizes)
    left = total
    # The smallest groups first: what they lack goes to the larger ones.
    order = sorted(range(len(sizes)), key=lambda group: sizes[group])
    for place, group in enumerate(order):
        shares[group] = min(sizes[group], left // (len(sizes) - place))
        left -= shares[group]
    return shares


def drawn(texts: Sequence[str], count: int, *, seed: int) -> list[str]:
    """``count`` of the texts (0: all) in seeded order: a smaller draw begins a larger.

    ``count`` may be more than there are.
    """
    order = np.random.default_rng(seed).permutation(len(texts))
    return [texts[place] for place in order[: count or None]]


def evenly(length: int, count: int) -> slice:
    """Which at most ``count`` of ``length`` things in a row, from end to end."""
    return slice(None, None, max(1, -(-length // count)))
