"""Rows of a cloze table that a model can answer, and a count of the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from gradiend.errors import InputError
from gradiend.reading import counted, told

if TYPE_CHECKING:
    from gradiend.lm.cloze import ClozeLM


def answerable(lm: ClozeLM, table: pd.DataFrame) -> pd.DataFrame:
    """``table`` without the rows that ``lm`` cannot answer.

    A causal model needs text before the slot, and every model has a longest text. How
    many rows that leaves out is in ``attrs["changed"]``.

    Raises
    ------
    InputError
        if no row of a class is left, with the reason.
    """
    before = "rows with nothing before the slot left out"
    table = _kept(lm, table, lm.usable(table), before, "move the slot back")
    longer = "rows longer than the model reads left out"
    return _kept(lm, table, lm.readable(table), longer, "shorten the texts")


def _kept(
    lm: ClozeLM, table: pd.DataFrame, rows: pd.DataFrame, why: str, remedy: str
) -> pd.DataFrame:
    """``rows`` of ``table`` with the number of the others; both keep their classes."""
    rows = counted(rows, why, len(table) - len(rows))
    for label in sorted({*table["label"]} - {*rows["label"]}, reverse=True):
        name = ", ".join(table.loc[table["label"] == label, "factual_class"].unique())
        raise InputError(
            f"{lm.name!r} can answer no row of class {label:+d} ({name}); {remedy}, or "
            f"take another model{told(rows)}"
        )
    return rows
