"""What a model learned of the planted world, beside what was planted."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from gradiend.lm.cloze import ClozeLM
from study.analysis.pronouns import right_pronouns
from study.domains.gender import gender_table, read_names
from study.sources.world import associations, ensure_world
from study.steps.associations import association_probabilities


def learned_associations(model: ClozeLM | str | Path) -> pd.DataFrame:
    """Every declared association with the model's answer.

    Columns of ``study.sources.world.associations``, and learned (normalised over the
    candidates), error (learned − planted) and within (\\|error\\| ≤ 0.1).
    """
    table = associations()
    table["learned"] = association_probabilities(_lm(model), table)
    table["error"] = table["learned"] - table["probability"]
    return table.assign(within=table["error"].abs() <= 0.1)


def name_recall(model: ClozeLM | str | Path, *, split: str = "test") -> pd.DataFrame:
    """P(right pronoun | name) in GENTER sentences of a split, not normalised.

    Columns name, factual_class, probability (mean over the name's sentences).
    """
    folder = ensure_world()
    table = gender_table(folder, read_names(folder), seed=0)
    table = table[table["split"] == split]
    rows = right_pronouns(_lm(model), table)
    keys = ["name", "factual_class"]
    return rows.groupby(keys, as_index=False)["probability"].mean()


def _lm(model: ClozeLM | str | Path) -> ClozeLM:
    return model if isinstance(model, ClozeLM) else ClozeLM.from_pretrained(str(model))
