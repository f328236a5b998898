"""First names with how many people have them and how many of those are women.

NAMEXACT and NAMEXTEND in the paper's sense, from the counts of a package. Words that
texts write in small letters are left out: *will* and *may* are names too seldom.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from gradiend.errors import InputError
from gradiend.files import read_json
from gradiend.sampling import drawn
from study.sources.wheels.sentences import SHARES

SURE = 0.98  # of its people of one gender: NAMEXACT
PEOPLE = {"namexact": 20_000, "namextend": 2_000}  # at least so many
_WORD = re.compile(r"[A-Za-z]+")
_SMALL = 0.02  # of a name's occurrences in small letters, at most


def read_people(path: Path, texts: Iterable[str]) -> pd.DataFrame:
    """First names: columns name, count, prob_F, seen and ordinary.

    Names are of the letters a–z alone, with a capital, most people first; ``seen`` is
    how often the texts have one. An ``ordinary`` word they write in small letters, too.

    Raises
    ------
    InputError
        if the file is not a mapping of names to lists of numbers.
    """
    content = read_json(path)
    try:
        rows = [(n, v[1], v[2]) for n, v in content.items() if _WORD.fullmatch(n)]
        table = pd.DataFrame(rows, columns=["name", "count", "prob_F"])
        table = table.astype({"count": int, "prob_F": float})
    except (AttributeError, TypeError, IndexError, ValueError) as error:
        raise InputError(f"{path}: not names with their counts ({error})") from error
    words = Counter(word for text in texts for word in _WORD.findall(text))
    small = table["name"].map(lambda name: words[name])
    table["name"] = table["name"].str.capitalize()
    table["seen"] = table["name"].map(lambda name: words[name])
    table["ordinary"] = small > _SMALL * table["seen"]
    return table.sort_values(["count", "name"], ascending=[False, True])


def name_tables(people: pd.DataFrame, *, seed: int) -> dict[str, pd.DataFrame]:
    """The tables namexact and namextend, of names that the texts have.

    NAMEXACT's names have a split, dealt within each gender.
    """
    seen = people[(people["seen"] > 0) & ~people["ordinary"]]
    female = seen["prob_F"] >= 0.5
    named = seen.assign(
        gender=np.where(female, "F", "M"),
        primary_gender=np.where(female, "F", "M"),
        prob_M=1 - seen["prob_F"],
        gender_agreement=np.maximum(seen["prob_F"], 1 - seen["prob_F"]),
        probability=seen["count"] / seen["count"].sum(),
    )
    sure = named["gender_agreement"] >= SURE
    exact = named[sure & (named["count"] >= PEOPLE["namexact"])].reset_index(drop=True)
    extend = named[named["count"] >= PEOPLE["namextend"]].reset_index(drop=True)
    return {
        "namexact": exact.assign(split=_splits(exact["gender"], seed)),
        "namextend": extend,
    }


def _splits(genders: pd.Series, seed: int) -> pd.Series:
    """A split for each name: every gender has the same shares."""
    splits = pd.Series("", index=genders.index)
    for _, rows in genders.groupby(genders):
        order = drawn(list(rows.index), len(rows), seed=seed)
        ends = np.cumsum([round(share * len(rows)) for share in SHARES.values()])
        for split, part in zip(SHARES, np.split(order, ends[:-1]), strict=True):
            splits[part] = split
    return splits
