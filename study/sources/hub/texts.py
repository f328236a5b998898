"""GENTER, GENEUTRAL and BIASNEUTRAL, rebuilt from their index files and BookCorpus.

The hub has these data sets as loading scripts, which current ``datasets`` refuses, and
index files: which row of BookCorpus a text is, and for GENTER its name and pronoun.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.csv
import pyarrow.parquet

from gradiend.errors import InputError, need_columns
from gradiend.files import write_csv
from study.sources.hub.bookcorpus import rows_at
from study.sources.hub.terms import read_public

SPLITS = {"train": "train", "val": "validation", "test": "test"}
FEMALE = ("she",)


def write_texts(
    genter: Mapping[str, list[Path]],
    neutral: Mapping[str, tuple[list[Path], int | None]],
    corpus: Sequence[Path],
    out: Path,
    *,
    seed: int,
) -> None:
    """Write genter/<split>.csv and one CSV with a column text a neutral data set.

    BookCorpus is read once for all of them.

    Parameters
    ----------
    genter
        Index files by pattern; one of each of train, val and test.
    neutral
        Name → files and how many texts are kept (all: None), a seeded sample. The
        files are indices, or hold a column text themselves.
    """
    indices = {split: _genter_index(genter, key) for key, split in SPLITS.items()}
    chosen: dict[str, np.ndarray] = {}
    for name, (paths, keep) in neutral.items():
        texts = _own_texts(paths)
        if texts is None:
            chosen[name] = sampled(_first_column(paths), keep, seed)
        else:
            _write_plain(out / f"{name}.csv", sampled(texts, keep, seed))
    wanted = [table["index"].to_numpy() for table in indices.values()]
    found = rows_at(corpus, np.concatenate([*wanted, *chosen.values()]))
    for split, table in indices.items():
        texts = [found[row] for row in table["index"]]
        write_csv(out / "genter" / f"{split}.csv", masked_texts(table, texts, split))
    for name, rows in chosen.items():
        write_csv(out / f"{name}.csv", pd.DataFrame({"text": [found[r] for r in rows]}))


def masked_texts(index: pd.DataFrame, texts: Sequence[str], split: str) -> pd.DataFrame:
    """GENTER's rows of a split: text, masked, label (F or M, from the pronoun), …

    Raises
    ------
    InputError
        where a text lacks the name or the pronoun that the index says it has.
    """
    masked = []
    rows = zip(index["index"], index["name"], index["pronoun"], texts, strict=True)
    for number, (row, name, pronoun, text) in enumerate(rows, start=2):
        for word, slot in ((name, "[NAME]"), (pronoun, "[PRONOUN]")):
            replaced = _replaced(text, word, slot)
            if replaced == text:
                raise InputError(
                    f"GENTER, {split}, row {number}: no {word!r} in row {row:,} of "
                    f"BookCorpus ({text[:60]!r}); this BookCorpus is not the one the "
                    "index was made from"
                )
            text = replaced
        masked.append(text)
    female = index["pronoun"].str.casefold().isin(FEMALE)
    return pd.DataFrame(
        {
            "text": list(texts),
            "masked": masked,
            "label": np.where(female, "F", "M"),
            "name": index["name"],
            "pronoun": index["pronoun"],
            "index": index["index"],
        }
    )


def _replaced(text: str, word: str, slot: str) -> str:
    """Every whole ``word`` as ``slot``; in any case of letters where none is exact."""
    pattern = rf"\b{re.escape(word)}\b"
    found = re.sub(pattern, slot, text)
    return found if found != text else re.sub(pattern, slot, text, flags=re.I)


def _genter_index(files: Mapping[str, list[Path]], key: str) -> pd.DataFrame:
    """The index of a split, known by the end of its file's name."""
    paths = [path for group in files.values() for path in group]
    (path,) = (path for path in paths if path.stem.endswith(f"_{key}"))
    table = pd.read_csv(path, keep_default_na=False)
    needed = ("index", "name", "pronoun")
    need_columns(table.columns, needed, str(path), "fetch it again")
    return table


def _first_column(paths: Sequence[Path]) -> np.ndarray:
    """Row numbers of index files, of millions of rows: their first column alone."""
    parts = []
    for path in paths:
        with pyarrow.csv.open_csv(path) as reader:
            first = reader.schema.names[0]
        options = pyarrow.csv.ConvertOptions(include_columns=[first])
        table = pyarrow.csv.read_csv(path, convert_options=options)
        parts.append(table.column(0).to_numpy())
    return np.concatenate(parts)


def _own_texts(paths: Sequence[Path]) -> np.ndarray | None:
    """The texts of files that have any."""
    if paths[0].suffix == ".csv":
        with pyarrow.csv.open_csv(paths[0]) as reader:
            names = reader.schema.names
    else:
        names = pyarrow.parquet.read_schema(paths[0]).names
    if "text" not in names:
        return None
    return np.concatenate([read_public(path)["text"].to_numpy() for path in paths])


def _write_plain(path: Path, texts: Sequence[str]) -> None:
    write_csv(path, pd.DataFrame({"text": list(texts)}))


def sampled(rows: np.ndarray, keep: int | None, seed: int) -> np.ndarray:
    """At most ``keep`` of the rows (all: None), a seeded sample in their order."""
    if keep is None or len(rows) <= keep:
        return rows
    chosen = np.random.default_rng(seed).choice(len(rows), keep, replace=False)
    return rows[np.sort(chosen)]
