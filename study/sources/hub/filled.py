"""GENTER and neutral texts from data sets that need no script and no BookCorpus.

The authors' newer data sets hold the texts themselves: GENTER's with a name filled in
and the pronoun as ``[MASK]``. A row is turned back into its template, ``[NAME]`` and
``[PRONOUN]``, so that everything behind reads both sources alike. Nobody here has seen
these files: columns, splits and slots are checked, and what is otherwise is told.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from gradiend.data import SLOT, SPLITS, deal_splits
from gradiend.errors import InputError, need_columns
from gradiend.files import write_csv
from study.domains.gender import PRONOUNS
from study.sources.hub.terms import read_public
from study.sources.hub.texts import FEMALE, sampled

Tell = Callable[[str], None]

_NAME, _PRONOUN = "[NAME]", "[PRONOUN]"
_SHARES = (0.7, 0.1, 0.2)
_REMEDY = "see what the data set has now and mend the manifest"
_SPLIT_NAMES = {"train": "train", "val": "validation", "test": "test"}
_SPLIT_NAMES |= {"validation": "validation", "dev": "validation"}
_FILE_SPLIT = re.compile("|".join(sorted(_SPLIT_NAMES, key=len, reverse=True)))


def write_filled_genter(
    paths: Sequence[Path], out: Path, *, seed: int, tell: Tell
) -> None:
    """Write genter/<split>.csv: text, masked, label (F or M, from the pronoun), …

    Raises
    ------
    InputError
        for files without the columns or the slots that are needed; the message says
        what they have instead.
    """
    table = pd.concat(map(_read, paths), ignore_index=True)
    where = f"GENTER ({paths[0].name} and beside)"
    need_columns(table.columns, ("masked", "pronoun"), where, _REMEDY)
    # A row without one of these is one of those that are left out and counted.
    table = table.fillna({"masked": "", "pronoun": "", "name": ""})
    templates = _templates(table, where, tell)
    templates = templates.assign(split=_splits(templates, where, seed, tell))
    for split, rows in templates.groupby("split", sort=False):
        columns = rows.drop(columns="split")
        write_csv(out / "genter" / f"{split}.csv", columns)


def write_neutral_texts(
    name: str, paths: Sequence[Path], keep: int | None, out: Path, *, seed: int
) -> None:
    """Write <name>.csv with a column text: a seeded sample, each text once.

    Raises
    ------
    InputError
        for files without a column text.
    """
    tables = [read_public(path) for path in paths]
    for path, table in zip(paths, tables, strict=True):
        need_columns(table.columns, ["text"], f"{name} ({path.name})", _REMEDY)
    texts = pd.concat([table["text"] for table in tables]).dropna().drop_duplicates()
    texts = texts[texts.str.strip() != ""]
    kept = sampled(texts.to_numpy(dtype=object), keep, seed)
    write_csv(out / f"{name}.csv", pd.DataFrame({"text": kept}))


def _read(path: Path) -> pd.DataFrame:
    """A file's rows; those without a split are of the one that its name says."""
    table = read_public(path)
    named = _FILE_SPLIT.search(path.stem)
    if "split" not in table.columns and named:
        table = table.assign(split=named[0])
    return table


def _templates(table: pd.DataFrame, where: str, tell: Tell) -> pd.DataFrame:
    """Rows as templates, each template once; rows without their slots are counted."""
    slot = table["masked"].str.contains(SLOT, regex=False)
    if not slot.any():
        raise InputError(
            f"{where}: no {SLOT} in any masked text, such as "
            f"{table['masked'].iloc[0][:60]!r}; {_REMEDY}"
        )
    named = table["masked"].str.contains(_NAME, regex=False)
    if not named.all():
        need_columns(table.columns, ["name"], where, _REMEDY)
    names = table["name"] if "name" in table.columns else pd.Series("", table.index)
    pairs = zip(table["masked"], names, strict=True)
    masked = pd.Series([_as_template(*pair) for pair in pairs], index=table.index)
    whole = slot & masked.str.contains(_NAME, regex=False)
    whole &= table["pronoun"].str.casefold().isin(PRONOUNS.values())
    if not whole.all():
        tell(
            f"{where}: {int((~whole).sum()):,} of {len(table):,} rows have no {SLOT}, "
            "not the name that they say, or a pronoun that is not he or she; left out"
        )
    if not whole.any():
        row = table.iloc[0]
        raise InputError(
            f"{where}: no name in any masked text, or neither he nor she, such as "
            f"{row['masked'][:60]!r} of {row.get('name')!r}, {row['pronoun']!r}; "
            f"{_REMEDY}"
        )
    kept = table.assign(masked=masked, name=names)[whole]
    kept = kept.drop_duplicates("masked", ignore_index=True)
    found = pd.DataFrame(
        {
            "text": _filled(kept),
            "masked": kept["masked"],
            "label": _labels(kept, where, tell),
            "name": kept["name"],
            "pronoun": kept["pronoun"],
        }
    )
    return found.assign(split=kept.get("split", ""))


def _as_template(masked: str, name: str) -> str:
    """A masked text with its name as [NAME] and its slots as [PRONOUN]."""
    if name and _NAME not in masked:
        masked = re.sub(rf"\b{re.escape(name)}\b", lambda _: _NAME, masked)
    return masked.replace(SLOT, _PRONOUN)


def _filled(rows: pd.DataFrame) -> list[str]:
    """The texts that the templates are of; without a name it stays [NAME]."""
    return [
        row.masked.replace(_PRONOUN, row.pronoun).replace(_NAME, row.name or _NAME)
        for row in rows.itertuples(index=False)
    ]


def _labels(rows: pd.DataFrame, where: str, tell: Tell) -> np.ndarray:
    """F or M by the pronoun; a column that says otherwise is told, and not believed."""
    female = rows["pronoun"].str.casefold().isin(FEMALE)
    labels = np.where(female, "F", "M")
    for column in ("label_class", "label"):
        if column in rows.columns and set(rows[column]) <= {"F", "M"}:
            other = int((rows[column] != labels).sum())
            if other:
                tell(
                    f"{where}: column {column} contradicts the pronoun in {other:,} of "
                    f"{len(rows):,} rows; the pronoun counts"
                )
    return labels


def _splits(
    rows: pd.DataFrame, where: str, seed: int, tell: Tell
) -> Sequence[str] | pd.Series:
    """The splits as published or, where they are not three, dealt with a seed."""
    said: Mapping[str, int] = rows["split"].value_counts().to_dict()
    unknown = said.keys() - _SPLIT_NAMES.keys() - {""}
    if unknown:
        raise InputError(
            f"{where}: split {min(unknown)!r} is none of {', '.join(_SPLIT_NAMES)}; "
            f"{_REMEDY}"
        )
    splits = rows["split"].map(_SPLIT_NAMES)
    if set(splits.dropna()) == set(SPLITS) and splits.notna().all():
        return splits
    found = ", ".join(f"{count:,} {name or 'without'}" for name, count in said.items())
    tell(f"{where}: not three splits ({found}); dealt 70/10/20 with seed {seed}")
    return deal_splits(rows["masked"], seed=seed, shares=_SHARES)
