"""Files in the public data sets' schemas."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from gradiend.files import read_table
from gradiend.sampling import drawn


def read_columns(path: Path, columns: list[str]) -> pd.DataFrame:
    """A CSV file that has at least ``columns``."""
    return read_table(path, columns, remedy="make the data sets again (notebook 00)")


def sampled_texts(path: Path, count: int, *, seed: int) -> list[str]:
    """At most ``count`` texts of a file with a column text, in seeded order."""
    texts = read_columns(path, ["text"])["text"].tolist()
    return drawn(texts, min(count, len(texts)), seed=seed)
