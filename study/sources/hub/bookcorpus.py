"""Single rows of BookCorpus' 74 million, without ever holding more than a batch."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

import numpy as np
import pyarrow.parquet as parquet

from gradiend.errors import InputError

SOURCE = "bookcorpus"  # as manifests call it
LOCAL = "GRADIEND_BOOKCORPUS"  # the variable that names the folder of a local copy
BATCH = 65_536  # rows decoded at a time
# The original's files; a row is a line number through both.
TEXT_FILES = ("books_large_p1.txt", "books_large_p2.txt")


def is_local(source: str) -> bool:
    """Whether a manifest's source is read from a local copy."""
    return source == SOURCE and bool(os.environ.get(LOCAL))


def local_files() -> list[Path]:
    """The files of the local copy that the environment names."""
    return bookcorpus_files(Path(os.environ[LOCAL]))


def bookcorpus_files(folder: Path) -> list[Path]:
    """The files of a local copy: Parquet with a column text, or the original's two."""
    originals = [folder / name for name in TEXT_FILES]
    if all(path.is_file() for path in originals):
        return originals
    found = sorted(folder.rglob("*.parquet"))
    if not found:
        raise InputError(
            f"{folder}: neither {' and '.join(TEXT_FILES)} nor any Parquet file; give "
            "the folder of a copy of BookCorpus"
        )
    return found


def rows_at(paths: Sequence[Path], wanted: np.ndarray) -> dict[int, str]:
    """The texts at row numbers ``wanted``, counted through all ``paths``.

    Only the column text is read, and of Parquet only the row groups that hold a wanted
    row, batch by batch: memory grows with ``wanted``, not with the corpus.

    Raises
    ------
    InputError
        if a row number is beyond the end.
    """
    wanted = np.unique(np.asarray(wanted, dtype=np.int64))
    if paths[0].suffix == ".parquet":
        batches = chain.from_iterable(_parquet_batches(paths, wanted))
    else:
        batches = _lines(paths)
    found: dict[int, str] = {}
    for first, texts in batches:
        inside = wanted[
            np.searchsorted(wanted, first) : np.searchsorted(wanted, first + len(texts))
        ]
        for row in inside.tolist():
            found[row] = str(texts[row - first])
    if len(found) < len(wanted):
        missing = int(wanted[~np.isin(wanted, list(found))][0])
        raise InputError(
            f"{paths[0].parent}: no row {missing:,}; this is not the BookCorpus that "
            "the index was made from (its train split has 74,004,228 rows)"
        )
    return found


def _parquet_batches(
    paths: Sequence[Path], wanted: np.ndarray
) -> Iterator[Iterator[tuple[int, Sequence]]]:
    """Per row group with a wanted row: its batches as (first row, texts)."""
    start = 0
    for path in paths:
        with parquet.ParquetFile(path, pre_buffer=False) as file:
            if "text" not in file.schema_arrow.names:
                raise InputError(f"{path}: no column text; is this BookCorpus?")
            for group in range(file.num_row_groups):
                end = start + file.metadata.row_group(group).num_rows
                if np.searchsorted(wanted, start) < np.searchsorted(wanted, end):
                    yield _group_batches(file, group, start)
                start = end


def _group_batches(
    file: parquet.ParquetFile, group: int, start: int
) -> Iterator[tuple[int, Sequence]]:
    options = {"batch_size": BATCH, "row_groups": [group], "columns": ["text"]}
    for batch in file.iter_batches(**options):
        yield start, batch.column(0)
        start += batch.num_rows


def _lines(paths: Sequence[Path]) -> Iterator[tuple[int, Sequence]]:
    number = 0
    for path in paths:
        with path.open(encoding="utf-8") as file:
            for line in file:
                yield number, (line.rstrip("\n"),)
                number += 1
