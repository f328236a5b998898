"""Which rows teach, which choose and which report: the splits of a cloze table."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from gradiend.errors import InputError, check_count
from gradiend.reading import counted, row_name

SPLITS = ("train", "validation", "test")


def deal_splits(
    keys: Iterable[str],
    *,
    seed: int,
    shares: tuple[float, float, float] = (0.7, 0.1, 0.2),
) -> list[str]:
    """A split per row, equal keys together, shares counted over distinct keys."""
    check_count(seed, "seed")
    keys = list(keys)
    distinct = sorted(set(keys))
    order = np.random.default_rng(seed).permutation(len(distinct))
    bounds = np.cumsum([round(share * len(distinct)) for share in shares[:2]])
    split_of = {
        distinct[index]: SPLITS[int(np.searchsorted(bounds, place, side="right"))]
        for place, index in enumerate(order)
    }
    return [split_of[key] for key in keys]


def checked_splits(table: pd.DataFrame, *, source: str) -> pd.DataFrame:
    """The table with its splits as they are called here (``val`` is short).

    Raises
    ------
    InputError
        for another word, and for a text of a class that is in two splits: what was
        learned from or chosen by is not held out.
    """
    short = table["split"] == "val"
    table = table.assign(split=table["split"].mask(short, "validation"))
    table = counted(table, "splits val read as validation", short.sum())
    wrong = ~table["split"].isin(SPLITS)
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise InputError(
            f"{source}, {row_name(table, table.index[row])}: split "
            f"{table['split'].iloc[row]!r} is not one of {', '.join(SPLITS)}"
        )
    _check_apart(table[table["label"] != 0], source)
    return table


def _check_apart(rows: pd.DataFrame, source: str) -> None:
    """Refuse a text that stands in two splits."""
    first: dict[str, tuple[str, str]] = {}
    for index, masked, split in rows[["masked", "split"]].itertuples():
        row = row_name(rows, index)
        before, earlier = first.setdefault(masked, (split, row))
        if before != split:
            raise InputError(
                f"{source}, {row}: its text is in the split {split!r}, and in "
                f"{before!r} in {earlier}; keep equal texts in one split, or leave "
                "the column out to have rows dealt"
            )
