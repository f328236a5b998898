"""The cloze table: the one data format behind which nothing knows the domain.

A cloze table is a DataFrame with one row per cloze example:

======================  =====================================================
``masked``              text whose slot(s) are written ``[MASK]``
``factual``             the word that is right for this text
``counterfactual``      the word that would be right for the other class
``label``               +1, -1 (the feature's classes) or 0 (neutral)
``factual_class``       class of the factual word
``counterfactual_class``  class of the counterfactual word
``split``               ``train``, ``validation`` or ``test``
======================  =====================================================

Loaders of known domains produce it (``study.domains``); a new bias *is* one:
a CSV or JSON-lines file of these columns (``split`` may be left out).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from gradiend.errors import InputError, need_columns

SLOT = "[MASK]"
SPLITS = ("train", "validation", "test")
REQUIRED = (
    "masked",
    "factual",
    "counterfactual",
    "label",
    "factual_class",
    "counterfactual_class",
)
COLUMNS = (*REQUIRED, "split")
_TEXT_COLUMNS = tuple(column for column in REQUIRED if column != "label")
_ANY_SLOT = re.compile(r"\[[A-Z_]{2,}\]")


def read_cloze_table(
    path: str | Path, *, seed: int = 0, min_rows: int = 10
) -> pd.DataFrame:
    """Read and check a CSV or JSON-lines cloze table.

    Without a ``split`` column, texts are dealt 70/10/20 into train, validation and
    test with ``seed``; equal texts always land in the same split.

    Raises
    ------
    InputError
        naming the file, the row (as numbered in the file) and the remedy.
    """
    path = Path(path)
    table = _read(path)
    columns = f"{', '.join(REQUIRED)} and, if you like, split"
    need_columns(table.columns, REQUIRED, str(path), f"a cloze table has {columns}")
    if table.empty:
        raise InputError(
            f"{path}: 0 rows; write one row per example (at least {min_rows} a class)"
        )
    table = check_cloze_table(table, source=str(path))
    if "split" not in table.columns:
        table["split"] = deal_splits(table["masked"], seed=seed)
    _check_splits(table, str(path))
    check_class_sizes(table, source=str(path), min_rows=min_rows)
    return table[[*COLUMNS, *(c for c in table.columns if c not in COLUMNS)]]


def check_cloze_table(table: pd.DataFrame, *, source: str = "table") -> pd.DataFrame:
    """Return ``table`` with clean texts and an integer ``label``.

    Row numbers in messages count the header as row 1, as a spreadsheet shows them.
    """
    table = table.reset_index(drop=True).copy()
    for column in _TEXT_COLUMNS:
        values = table[column]
        empty = values.isna() | (values.astype(str).str.strip() == "")
        if empty.any():
            row = int(np.flatnonzero(empty)[0]) + 2
            raise InputError(f"{source}, row {row}: column {column} is empty; fill it")
        table[column] = values.astype(str).str.strip()
    for number, (masked, factual, counterfactual) in enumerate(
        zip(table["masked"], table["factual"], table["counterfactual"], strict=True),
        start=2,
    ):
        _check_row(masked, factual, counterfactual, where=f"{source}, row {number}")
    table["label"] = _labels(table["label"], source)
    return table


def check_class_sizes(
    table: pd.DataFrame,
    *,
    source: str = "table",
    min_rows: int = 10,
    held_out: tuple[str, ...] = ("validation", "test"),
) -> None:
    """Refuse a feature without two classes of ``min_rows`` training rows each.

    Each class must also occur in every ``held_out`` split.
    """
    train = table[table["split"] == "train"]
    for label in (1, -1):
        rows = int((train["label"] == label).sum())
        if rows < min_rows:
            names = table.loc[table["label"] == label, "factual_class"].unique()
            name = f" ({', '.join(names)})" if len(names) else ""
            raise InputError(
                f"{source}: class {label:+d}{name} has {rows} training rows, fewer "
                f"than {min_rows}; add rows of this class or lower min_rows"
            )
    for split in held_out:
        labels = set(table.loc[table["split"] == split, "label"])
        if not {1, -1} <= labels:
            raise InputError(
                f"{source}: the {split} split lacks a class; add rows or leave the "
                "split column out to have rows dealt"
            )


def deal_splits(
    keys: Iterable[str],
    *,
    seed: int,
    shares: tuple[float, float, float] = (0.7, 0.1, 0.2),
) -> list[str]:
    """A split per row, equal keys together, shares counted over distinct keys."""
    keys = list(keys)
    distinct = sorted(set(keys))
    order = np.random.default_rng(seed).permutation(len(distinct))
    bounds = np.cumsum([round(share * len(distinct)) for share in shares[:2]])
    split_of = {
        distinct[index]: SPLITS[int(np.searchsorted(bounds, place, side="right"))]
        for place, index in enumerate(order)
    }
    return [split_of[key] for key in keys]


def _read(path: Path) -> pd.DataFrame:
    if not path.is_file():
        raise InputError(f"{path}: no such file; give a CSV or JSON-lines cloze table")
    try:
        if path.suffix.lower() in {".jsonl", ".json"}:
            return pd.read_json(path, lines=True, encoding="utf-8")
        # Words such as "None" or "NA" are text here, not missing values.
        return pd.read_csv(path, encoding="utf-8", keep_default_na=False)
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path}, byte {error.start}: not UTF-8; save the file as UTF-8"
        ) from error
    except pd.errors.EmptyDataError as error:
        raise InputError(
            f"{path}: the file is empty; its first line names the columns "
            f"{', '.join(REQUIRED)}"
        ) from error
    except (pd.errors.ParserError, ValueError) as error:
        raise InputError(f"{path}: not a readable table ({error})") from error


def _check_row(masked: str, factual: str, counterfactual: str, *, where: str) -> None:
    slots = set(_ANY_SLOT.findall(masked))
    if SLOT not in slots:
        raise InputError(
            f"{where}: no {SLOT} in {masked!r}; write {SLOT} where the word goes"
        )
    if len(slots) > 1:
        raise InputError(
            f"{where}: two different slots ({', '.join(sorted(slots))}); write every "
            f"slot as {SLOT} and put real words for the others"
        )
    if factual.casefold() == counterfactual.casefold():
        raise InputError(
            f"{where}: factual and counterfactual are both {factual!r}; the "
            "counterfactual must be the other class's word"
        )


def _labels(labels: pd.Series, source: str) -> pd.Series:
    numbers = pd.to_numeric(labels, errors="coerce")
    wrong = ~numbers.isin([-1, 0, 1])
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise InputError(
            f"{source}, row {row + 2}: label {labels.iloc[row]!r} is not 1, -1 or 0"
        )
    return numbers.astype(int)


def _check_splits(table: pd.DataFrame, source: str) -> None:
    table["split"] = table["split"].replace({"val": "validation"})
    wrong = ~table["split"].isin(SPLITS)
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise InputError(
            f"{source}, row {row + 2}: split {table['split'].iloc[row]!r} is not one "
            f"of {', '.join(SPLITS)}"
        )
