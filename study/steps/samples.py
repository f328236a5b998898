"""Samples of rows, and what a result was computed from."""

from __future__ import annotations

import pandas as pd

from study.profiles.settings import Settings
from study.results.making import provenance


def capped(table: pd.DataFrame, rows: int, seed: int) -> pd.DataFrame:
    """At most ``rows`` rows (0: all of them), a seeded sample."""
    if rows and len(table) > rows:
        return table.sample(rows, random_state=seed)
    return table


def described(settings: Settings, part: str, values: dict) -> dict:
    """``values`` with the settings and versions that they were computed with."""
    return {
        "settings": settings.part(part),
        "versions": provenance(),
        "values": values,
    }
