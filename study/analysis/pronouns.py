"""What a model makes of a name: the right pronoun in texts that name a person."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gradiend.evaluation.scoring import ClassProbabilities
from gradiend.lm.cloze import ClozeLM
from study.domains.gender import PRONOUNS

_WORDS = {word: {word: 1.0} for word in PRONOUNS.values()}


def right_pronouns(lm: ClozeLM, rows: pd.DataFrame) -> pd.DataFrame:
    """How likely the right pronoun is in cloze rows of gender; no row, no rows.

    Columns masked, name and factual_class of ``rows``, probability (of the right
    pronoun, among all words), share (of *he* and *she*) and right (share > ½). What a
    name says is no stereotype: a model should go on knowing it.
    """
    table = rows[["masked", "name", "factual_class"]].reset_index(drop=True)
    if table.empty:
        return table.assign(probability=[], share=[], right=[])
    asked = ClassProbabilities(lm, table["masked"].tolist(), _WORDS)()
    she, he = asked[PRONOUNS["female"]], asked[PRONOUNS["male"]]
    own = np.where(table["factual_class"] == "female", she, he)
    share = own / (she + he)
    return table.assign(probability=own, share=share, right=share > 0.5)
