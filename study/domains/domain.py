"""A domain: classes, features, words and whatever else is particular to it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from gradiend.evaluation.indices import Indices

# The row of the tables that a feature's balanced variant stands in begins so.
OURS = "GRADIEND"
BALANCED = "N"  # the variant in which the classes are alike


@dataclass(frozen=True)
class Feature:
    """A feature of the paper: its domain and the classes encoded +1 and −1."""

    name: str
    domain: str
    positive: str
    negative: str

    @property
    def classes(self) -> tuple[str, str]:
        """(class +1, class −1)."""
        return self.positive, self.negative


@dataclass(frozen=True)
class FeatureData:
    """Everything one feature's notebooks read.

    ``words`` maps each class to its words and weights, ``slot_texts`` are the texts
    whose slot they compete for in the decoder evaluation: columns text, class (of whom
    it was written; empty: nobody's) and held_out (candidates are not selected on it).
    ``neutral`` texts are in seeded order; ``excluded`` words are never the target of a
    neutral row.
    """

    feature: Feature
    table: pd.DataFrame  # cloze table
    neutral: list[str]
    excluded: frozenset[str]
    slot_texts: pd.DataFrame = field(repr=False)
    words: dict[str, dict[str, float]]
    untrained: pd.DataFrame | None = field(default=None, repr=False)
    left_out: Mapping[str, int] = field(default_factory=dict)  # too long for a model


@dataclass(frozen=True)
class SlotQuestion:
    """What every candidate of a grid is asked: P(class) at the slot of some texts.

    ``words`` are those of :class:`gradiend.evaluation.scoring.ClassProbabilities`;
    a model with a chat template answers ``instruction``, where there is one.
    """

    texts: Sequence[str]
    words: Mapping[str, Mapping[str, float]]
    single_tokens: bool = False
    instruction: str | None = None


@dataclass(frozen=True, kw_only=True)
class Domain(ABC):
    """Everything that is particular to one domain of bias."""

    name: str
    classes: tuple[str, ...]
    features: tuple[Feature, ...]
    variants: Mapping[str, str]  # variant → the index it is selected by (Sec. 4)
    indices: Indices
    slots: tuple[str, ...]  # what may stand in the slot; the first is the default
    balanced_slot: str  # the slot at which a refined variant is balanced
    crows: str  # as CrowS-Pairs calls it
    seat: tuple[str, ...]  # its SEAT tests
    called: str  # in SelfDebias's prefix
    # Methods of the comparison that it goes without, and those that are combined.
    without: frozenset[str] = frozenset()
    combinations: tuple[tuple[str, str], ...] = ()
    # INLP sorts sentences by class; else into those that name any class and the rest.
    sorted_by_class: bool = False
    # Whether its associations are plain English, which a real model can be asked.
    asked_of_real_models: bool = False
    # Texts whose likeliest words show what a variant says, and whether over-fitting to
    # names and generalisation to other words are looked at (paper, appendices).
    examples: tuple[str, ...] = ()
    has_names: bool = False

    def row_names(self, feature: Feature) -> dict[str, str]:
        """Variant → the name of its row in the tables."""
        pair = feature.name.removeprefix(f"{self.name}_")
        return {BALANCED: f"{OURS}-{pair}"}

    @abstractmethod
    def load(
        self, feature: Feature, folder: Path, *, seed: int, neutral_texts: int
    ) -> FeatureData:
        """A feature from a folder of files in the public data sets' schemas."""

    @abstractmethod
    def question(
        self,
        data: FeatureData,
        slot: str,
        *,
        limit: int,
        seed: int,
        held_out: bool,
        causal: bool,
        chat: bool,
        associations: Callable[[], pd.DataFrame],
    ) -> SlotQuestion:
        """What a model is asked while candidates are compared, or (held out) after.

        ``slot`` is one of :attr:`slots`; at most ``limit`` texts are asked (0: all), a
        seeded draw that is balanced over the classes. ``associations`` gives those a
        model may be asked for, where they are needed.
        """

    def held_out(self, associations: pd.DataFrame) -> pd.Series:
        """Which associations no candidate is selected on, by row."""
        return pd.Series(True, index=associations.index)

    @abstractmethod
    def class_of(self, word: str) -> str | None:
        """The class that a word of an association names; None: none of them."""
