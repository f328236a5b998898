"""What lies in a source's folder: data sets, how large they are, rows to look at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from gradiend.data import SPLITS
from gradiend.files import read_csv
from study.comparison.benchmarks.stereoset import LABELS, read_stereoset
from study.results.reading import made

_PLAIN = ("text",)


@dataclass(frozen=True)
class DataSet:
    """One or more files with the same columns, seen as one table."""

    name: str
    files: str  # pattern of their paths in the folder
    what: str
    columns: tuple[str, ...] = _PLAIN  # what a reader looks at
    classes: str | None = None  # the column that says a row's class
    once: str | None = None  # rows that are equal in this column count once

    def read(self, folder: Path) -> pd.DataFrame:
        """All its rows, with a column ``split`` where there are splits.

        Raises
        ------
        InputError
            if the folder has none of its files.
        """
        paths = sorted(folder.glob(self.files)) or [folder / self.files]
        table = pd.concat(map(_table, paths), ignore_index=True)
        return table if self.once is None else table.drop_duplicates(self.once)

    def size(self, table: pd.DataFrame) -> dict[str, object]:
        """Rows in all and by split, and the smallest class with its rows."""
        splits = table["split"].value_counts() if "split" in table else {}
        size = {"data set": self.name, "rows": len(table)}
        size |= {split: splits.get(split) for split in SPLITS}
        if self.classes is not None:
            counts = table[self.classes].value_counts()
            size["smallest class"] = f"{counts.idxmin()}: {counts.min():,}"
        return size | {"what": self.what}


DATA_SETS = (
    DataSet(
        "GENTER",
        "genter/*.csv",
        "sentences with one name and its pronoun",
        ("masked", "name", "pronoun"),
        "label",
    ),
    DataSet(
        "NAMEXACT",
        "namexact.csv",
        "names of one gender",
        ("name", "gender", "prob_F"),
        "gender",
    ),
    DataSet(
        "NAMEXTEND",
        "namextend.csv",
        "names with P(female)",
        ("name", "prob_F"),
    ),
    DataSet("GENTYPES", "gentypes.csv", "name-slot texts"),
    DataSet("GENEUTRAL", "geneutral.csv", "sentences without gendered words"),
    DataSet(
        "race",
        "race/*.csv",
        "sentences with one term of a class",
        ("masked", "source"),
        "source_id",
        "text",
    ),
    DataSet(
        "religion",
        "religion/*.csv",
        "sentences with one term of a class",
        ("masked", "source"),
        "source_id",
        "text",
    ),
    DataSet(
        "jobs",
        "associations.csv",
        "jobs, with how female people rate them",
        ("word", "query", "probability"),
        once="word",
    ),
    DataSet(
        "StereoSet",
        "stereoset.json",
        "contexts with three words",
        ("context", *(f"{label} word" for label in LABELS)),
        "bias_type",
    ),
    DataSet(
        "CrowS-Pairs",
        "crows.csv",
        "pairs of sentences",
        ("sent_more", "sent_less"),
        "bias_type",
    ),
)


def data_set_sizes(folder: Path) -> pd.DataFrame:
    """A row a data set: rows, by split where there are splits, smallest class, what."""
    found = [entry.size(entry.read(folder)) for entry in DATA_SETS]
    table = pd.DataFrame(found)
    counts = ["rows", *SPLITS]
    table[counts] = table[counts].astype("Int64")
    order = ["data set", *counts, "smallest class", "what"]
    return table[order].fillna({"smallest class": ""})


def some_rows(
    folder: Path, *, count: int, seed: int
) -> Iterator[tuple[str, pd.DataFrame]]:
    """Name and ``count`` random rows of each data set, in its columns to look at."""
    for entry in DATA_SETS:
        rows = entry.read(folder)[list(entry.columns)]
        yield entry.name, rows.sample(min(count, len(rows)), random_state=seed)


def _table(path: Path) -> pd.DataFrame:
    if path.suffix == ".json":
        return read_stereoset(made(path), left_out=[])
    table = read_csv(made(path))
    return table.assign(split=path.stem) if path.stem in SPLITS else table
