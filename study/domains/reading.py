"""Files in the public data sets' schemas."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from gradiend.files import read_table


def read_columns(path: Path, columns: list[str]) -> pd.DataFrame:
    """A CSV file that has at least ``columns``."""
    return read_table(path, columns, remedy="make the data sets again (notebook 00)")


def sampled_texts(path: Path, count: int, *, seed: int) -> list[str]:
    """At most ``count`` texts of a file with a column text, a seeded sample."""
    texts = read_columns(path, ["text"])["text"]
    if len(texts) > count:
        texts = texts.sample(count, random_state=seed)
    return texts.tolist()
