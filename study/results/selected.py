"""The words of the table of selected models, and how to find a row of it."""

from __future__ import annotations

import pandas as pd

BASE = "base"  # the variant that nothing was done to
UNCHANGED, TRAINED, CLOSED_FORM = "–", "trained", "closed form"  # decoders


def selected_row(selected: pd.DataFrame, variant: str, decoder: str) -> pd.Series:
    """The row of a variant and decoder."""
    rows = (selected["variant"] == variant) & (selected["decoder"] == decoder)
    return selected[rows].iloc[0]


def candidate(row: pd.Series) -> tuple[float, float]:
    """(h, α) of a selected row; the base model is a candidate and changes nothing."""
    if pd.isna(row["h"]):
        return 0.0, 0.0
    return float(row["h"]), float(row["learning_rate"])
