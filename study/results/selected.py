"""The words of the table of selected models, and how to find a row of it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from study.results.files import SELECTED
from study.results.reading import read_csv

BASE = "base"  # the variant that nothing was done to
# Decoders: as trained, at a candidate of the grid or a refined one; and the untrained.
UNCHANGED, TRAINED, REFINED, CLOSED_FORM = "–", "trained", "refined", "closed form"
CLOSED_FORM_REFINED = f"{CLOSED_FORM}, {REFINED}"
UNTRAINED = (CLOSED_FORM, CLOSED_FORM_REFINED)
# A checkpoint that others published of the same base model, as if it were decoded.
AUTHORS = "the authors' checkpoint"
NOT_OURS = (*UNTRAINED, AUTHORS)  # of which our trained GRADIEND is not the decoder


def read_selected(folder: Path) -> pd.DataFrame:
    """The table of selected models in a run's folder."""
    return read_csv(folder / SELECTED)


def selected_row(selected: pd.DataFrame, variant: str, decoder: str) -> pd.Series:
    """The row of a variant and decoder."""
    rows = (selected["variant"] == variant) & (selected["decoder"] == decoder)
    return selected[rows].iloc[0]


def called(name: str, decoder: str) -> str:
    """A variant's name where decoders have no column; trained is not said."""
    return name if decoder in (UNCHANGED, TRAINED) else f"{name} ({decoder})"


def candidate(row: pd.Series) -> tuple[float, float]:
    """(h, α) of a selected row; the base model is a candidate and changes nothing."""
    if pd.isna(row["h"]):
        return 0.0, 0.0
    return float(row["h"]), float(row["learning_rate"])
