"""The cloze table: the one data format behind which nothing knows the domain.

A cloze table is a DataFrame with one row per cloze example:

======================  =====================================================
``masked``              text whose slot(s) are written ``[MASK]``
``factual``             the word that is right for this text
``counterfactual``      the word that would be right for the other class
``label``               +1, -1 (the feature's classes) or 0 (neutral); of more
                        than two classes, which no file has, 1, 2, 3, …
``factual_class``       class of the factual word
``counterfactual_class``  class of the counterfactual word
``split``               ``train``, ``validation`` or ``test``
======================  =====================================================

Loaders of known domains produce it (``study.domains``); a new bias *is* one: a CSV or
JSON file of these columns. ``split`` may be left out, and what
:func:`gradiend.classes.complete` can tell.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from gradiend.classes import check_classes, complete, labels_of, says_numbers, signs
from gradiend.errors import InputError, need_columns
from gradiend.reading import counted, read_rows, row_name, told
from gradiend.slots import SLOT, check_placeholders, check_slot, with_slot
from gradiend.splits import SPLITS, checked_splits, deal_splits

REQUIRED = (
    "masked",
    "factual",
    "counterfactual",
    "label",
    "factual_class",
    "counterfactual_class",
)
COLUMNS = (*REQUIRED, "split")


def read_cloze_table(
    path: str | Path,
    *,
    seed: int = 0,
    min_rows: int = 10,
    slot: str | None = None,
    positive: str | None = None,
    pairs: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Read and check a cloze table from a CSV or JSON file.

    Without a ``split`` column, texts are dealt 70/10/20 into train, validation and
    test with ``seed``; equal texts always land in the same split. The index counts
    lines (:mod:`gradiend.reading`); ``attrs["changed"]`` says how many rows or cells
    were changed, filled in or left out, by what was done.

    Parameters
    ----------
    min_rows
        Training rows a class needs; 0 for rows that nothing is to be learned from.
    slot
        How the file writes the slot; without it ``[MASK]``, ``<mask>`` and the like,
        or the one pair of brackets that every text has.
    positive
        The class with label +1, where labels are words or missing; without it the
        class that comes first in the file.
    pairs
        Words of the two classes, for a file without the column ``counterfactual``.

    Raises
    ------
    InputError
        naming the file, the row (as numbered in the file) and the remedy.
    """
    table = read_rows(path, columns=COLUMNS)
    return complete_table(
        table,
        source=str(path),
        seed=seed,
        min_rows=min_rows,
        slot=slot,
        positive=positive,
        pairs=pairs,
    )


def complete_table(
    table: pd.DataFrame,
    *,
    source: str = "table",
    seed: int = 0,
    min_rows: int = 10,
    slot: str | None = None,
    positive: str | None = None,
    pairs: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """A table, checked and completed as :func:`read_cloze_table` does with a file.

    One that comes from there stays as it is. ``source`` is what messages call it.
    """
    if table.empty:
        raise InputError(f"{source}: 0 rows; write {min_rows or 1} or more a class")
    _check_columns(table, source)
    table = with_slot(_stripped(table, source), slot, source)
    table = complete(table, source=source, positive=positive, pairs=pairs)
    table = check_cloze_table(table, source=source)
    check_classes(table, source=source)
    table = _distinct(table)
    if "split" not in table.columns:
        table["split"] = deal_splits(table["masked"], seed=seed)
    table = checked_splits(table, source=source)
    if min_rows:
        check_class_sizes(table, source=source, min_rows=min_rows)
    return table[[*COLUMNS, *(c for c in table.columns if c not in COLUMNS)]]


def check_cloze_table(table: pd.DataFrame, *, source: str = "table") -> pd.DataFrame:
    """Return ``table`` with clean texts and an integer ``label``.

    Row numbers in messages are the file's, or count a header as row 1 (see
    :func:`gradiend.reading.row_name`).
    """
    table = _stripped(table, source)
    for index, masked, factual, counterfactual in table[
        ["masked", "factual", "counterfactual"]
    ].itertuples():
        where = f"{source}, {row_name(table, index)}"
        check_slot(masked, SLOT, where=where)
        if factual.casefold() == counterfactual.casefold():
            raise InputError(
                f"{where}: factual and counterfactual are both {factual!r}; the "
                "counterfactual must be the other class's word"
            )
    check_placeholders(table["masked"], source)
    table["label"] = signs(table, source=source)
    return table


def class_table(table: pd.DataFrame) -> pd.DataFrame:
    """What a cloze table holds, one row a class, +1 first, for a person to look at.

    Columns: ``label``, ``class``, ``words`` (the distinct ones, as text), and the
    number of rows in each split.
    """
    groups = table.groupby(["label", "factual_class"])
    sizes = groups["split"].value_counts().unstack(fill_value=0)
    found = pd.DataFrame(
        {"words": groups["factual"].unique().map(", ".join)}, index=sizes.index
    )
    found = found.join(sizes.reindex(columns=SPLITS, fill_value=0))
    return (
        found.rename_axis(index=["label", "class"])
        .reset_index()
        .sort_values("label", ascending=False, ignore_index=True)
    )


def check_class_sizes(
    table: pd.DataFrame,
    *,
    source: str = "table",
    min_rows: int = 10,
    held_out: tuple[str, ...] = ("validation", "test"),
) -> None:
    """Refuse a feature without classes of ``min_rows`` training rows each.

    Each class must also occur in every ``held_out`` split.
    """
    train = table[table["split"] == "train"]
    labels = labels_of(table)
    for label in labels:
        rows = int((train["label"] == label).sum())
        if rows < min_rows:
            names = table.loc[table["label"] == label, "factual_class"].unique()
            name = f" ({', '.join(names)})" if len(names) else ""
            raise InputError(
                f"{source}: class {label:+d}{name} has {rows} training rows, fewer "
                f"than {min_rows} (min_rows); add rows of this class{told(table)}"
            )
    for split in held_out:
        if not {*labels} <= {*table.loc[table["split"] == split, "label"]}:
            raise InputError(
                f"{source}: the {split} split lacks a class; add rows or leave the "
                f"split column out to have rows dealt{told(table)}"
            )


def _check_columns(table: pd.DataFrame, source: str) -> None:
    optional = "label, counterfactual, counterfactual_class and split"
    remedy = (
        "a cloze table has masked, factual, factual_class and, where they do not "
        f"follow from these, {optional}; a CSV names them in its first line"
    )
    named = "label" in table and not says_numbers(table)
    needed = ("masked", "factual", *(() if named else ("factual_class",)))
    need_columns(table.columns, needed, source, remedy)
    absent = [column for column in COLUMNS if column not in table]
    for column in table.columns.difference(COLUMNS, sort=False):
        # A misspelt column that may be left out would be one that is.
        for close in difflib.get_close_matches(str(column).casefold(), absent, 1, 0.85):
            raise InputError(f"{source}: column {column}; did you mean {close}?")


def _stripped(table: pd.DataFrame, source: str) -> pd.DataFrame:
    """The table's own columns as text without spaces around; empty cells refused."""
    table = table.copy()
    for column in filter(table.columns.__contains__, COLUMNS):
        values = table[column].astype(str)
        bare = values.str.strip()
        empty = table[column].isna() | (bare == "")
        if empty.any():
            row = row_name(table, table.index[int(np.flatnonzero(empty)[0])])
            raise InputError(f"{source}, {row}: column {column} is empty; fill it")
        table[column] = bare
        counted(table, "cells with spaces around them", (bare != values).sum())
    return table


def _distinct(table: pd.DataFrame) -> pd.DataFrame:
    # As text: a table that is no file's may hold what cannot be compared otherwise.
    found = table[~table.astype(str).duplicated()]
    return counted(found, "repeated rows left out", len(table) - len(found))
