"""Three classes at once: whose rows they are, and what a model is asked of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import pandas as pd

from gradiend.data import COLUMNS


@dataclass(frozen=True)
class Trio:
    """Three classes: a cloze table with labels 1, 2, 3, and texts to ask about.

    ``words`` are those of :class:`gradiend.evaluation.scoring.ClassProbabilities`;
    candidates are selected by ``selecting`` texts and reported on ``held_out`` ones.
    """

    name: str
    table: pd.DataFrame
    words: Mapping[str, Mapping[str, float]]
    selecting: list[str]
    held_out: list[str]

    @property
    def classes(self) -> tuple[str, ...]:
        """In the order of their labels."""
        return tuple(self.words)

    def pairs(self) -> list[tuple[str, str]]:
        """The pairs of classes, (+1, −1) each."""
        return list(combinations(self.classes, 2))

    def pair_table(self, positive: str, negative: str) -> pd.DataFrame:
        """The rows of two of the classes, labelled 1 and −1."""
        pair = {positive, negative}
        table = self.table
        rows = table["factual_class"].isin(pair)
        rows &= table["counterfactual_class"].isin(pair)
        table = table[rows].reset_index(drop=True)
        return table.assign(label=table["factual_class"].eq(positive) * 2 - 1)


def numbered(tables: Iterable[pd.DataFrame], classes: Sequence[str]) -> pd.DataFrame:
    """Cloze tables of pairs as one of all classes, labelled 1, 2, 3 in their order."""
    table = pd.concat(tables, ignore_index=True)[list(COLUMNS)].drop_duplicates()
    labels = {name: label for label, name in enumerate(classes, start=1)}
    return table.assign(label=table["factual_class"].map(labels)).reset_index(drop=True)
