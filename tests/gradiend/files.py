"""Cloze tables as users write them into files."""

from __future__ import annotations

from pathlib import Path

import pandas as pd


def rows(count: int = 20) -> pd.DataFrame:
    """``count`` good rows a class."""
    pairs = (("young", "old", 1), ("old", "young", -1))
    return pd.DataFrame(
        [
            {
                "masked": f"The [MASK] choir sang song {number} of {word}.",
                "factual": word,
                "counterfactual": other,
                "label": label,
                "factual_class": word,
                "counterfactual_class": other,
            }
            for word, other, label in pairs
            for number in range(count)
        ]
    )


def written(folder: Path, table: pd.DataFrame, **options) -> Path:
    """The path of a CSV file of the table, as pandas writes it with ``options``."""
    path = folder / "own.csv"
    table.to_csv(path, index=False, **options)
    return path


def file_of(folder: Path, content: str | bytes, name: str = "own.csv") -> Path:
    """The path of a file of this content."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path
