"""Race and religion data in the layouts that have been published, made one.

Per pair (a folder or file ``asian_to_black``): columns masked, source, target; where
there are columns source_id and target_id, they say which classes a row goes from and
to, and a file may hold both directions. Per class (a folder or file ``asian``): column
masked and one column a class, with the word of that class. Which one a file has is
decided by its columns.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import permutations
from pathlib import Path

import pandas as pd

from gradiend.data import deal_splits
from gradiend.errors import InputError
from gradiend.files import read_table, write_csv
from study.domains import DOMAINS

_COLUMNS = ["masked", "source", "target", "split"]
_SAME = 0.5  # of the rows: splits that share so many were not meant as such
_SPLIT = re.compile(r"train|validation|val|test")


def write_terms(domain: str, paths: Sequence[Path], out: Path, *, seed: int) -> None:
    """Write ``<domain>/<class>_to_<class>.csv`` for every ordered pair of classes.

    Raises
    ------
    InputError
        for a file of neither layout, or a pair that no file has.
    """
    classes = DOMAINS[domain].classes
    pairs: dict[tuple[str, str], list[pd.DataFrame]] = {}
    for path in paths:
        for pair, rows in _pairs(path, classes):
            pairs.setdefault(pair, []).append(rows)
    for pair in permutations(classes, 2):
        if pair not in pairs:
            raise InputError(
                f"{domain}: no rows {pair[0]} to {pair[1]} in {paths[0].parent} and "
                "beside; fetch the data set again"
            )
        rows = pd.concat(pairs[pair], ignore_index=True).drop_duplicates()
        write_csv(out / domain / f"{'_to_'.join(pair)}.csv", _split(rows, seed))


def read_public(path: Path) -> pd.DataFrame:
    """A public table."""
    return read_table(path, remedy="delete it, fetch again")


def _pairs(path: Path, classes: tuple[str, ...]):
    """(pair, rows) of a file, whichever layout it has."""
    table = read_public(path)
    if {"masked", "source", "target", "source_id", "target_id"} <= set(table.columns):
        yield from _pairs_by_id(table, path, classes)
    elif {"masked", "source", "target"} <= set(table.columns):
        yield _named_pair(path, classes), _of_file(table, path)
    elif "masked" in table.columns and set(classes) <= set(table.columns):
        own = _named_class(path, classes)
        for other in classes:
            if other != own:
                rows = table.rename(columns={own: "source", other: "target"})
                yield (own, other), _of_file(rows, path)
    else:
        raise InputError(
            f"{path}: columns {', '.join(table.columns)} are of neither layout "
            f"(masked, source, target; or masked, {', '.join(classes)})"
        )


def _pairs_by_id(table: pd.DataFrame, path: Path, classes: tuple[str, ...]):
    """(pair, rows) of a file that says of each row which classes it goes from and to.

    Such a file may hold both directions of a pair, whatever its name is.
    """
    ids = table[["source_id", "target_id"]].apply(lambda c: c.str.casefold())
    for column in ids:
        unknown = ids.loc[~ids[column].isin(classes), column]
        if len(unknown):
            raise InputError(
                f"{path}, row {unknown.index[0] + 2}: {column} {unknown.iloc[0]!r} is "
                f"none of {', '.join(classes)}; fetch the data set again"
            )
    for pair, rows in table.groupby([ids["source_id"], ids["target_id"]], sort=False):
        yield pair, _of_file(rows, path)


def _named_pair(path: Path, classes: tuple[str, ...]) -> tuple[str, str]:
    for pair in permutations(classes, 2):
        if "_to_".join(pair) in str(path):
            return pair
    raise InputError(f"{path}: neither folder nor file says which pair it holds")


def _named_class(path: Path, classes: tuple[str, ...]) -> str:
    """The class in the file's name or, failing that, its folder's."""
    for part in (path.stem, path.parent.name):
        for name in classes:
            if part == name or part.startswith((f"{name}_", f"{name}-")):
                return name
    raise InputError(f"{path}: neither folder nor file says which class it holds")


def _of_file(table: pd.DataFrame, path: Path) -> pd.DataFrame:
    """The canonical columns; a table without a split is of the one its file names."""
    if "split" not in table.columns:
        named = _SPLIT.search(path.stem)
        table = table.assign(split=named[0] if named else "train")
    return table[_COLUMNS].replace({"split": {"val": "validation"}})


def _split(rows: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Splits as published, or dealt 70/20/10 where they hold the same rows.

    A single row that is in two of them stays in the first.
    """
    plain = rows.drop(columns="split")
    if plain.duplicated(keep=False).mean() < _SAME:
        return rows[~plain.duplicated()]
    plain = plain.drop_duplicates(ignore_index=True)
    shares = (0.7, 0.2, 0.1)
    return plain.assign(split=deal_splits(plain["masked"], seed=seed, shares=shares))
