"""The models that claims are made over: stand-ins, and each real model by itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from study.profiles.profile import Profile
from study.report.tables.norms import rated_models


@dataclass(frozen=True)
class Group:
    """Models of one claim: all stand-ins (``suffix`` empty), or one real model."""

    suffix: str  # of the claim's id
    called: str  # in the claim's sentence
    models: tuple[str, ...]

    def of(self, values: pd.Series) -> pd.Series:
        """The values of these models, by the index (or its level ``model``)."""
        return values[values.index.get_level_values("model").isin(self.models)]


@dataclass(frozen=True)
class Models:
    """Display names of the models whose bias was planted, and of the real ones."""

    stand_ins: tuple[str, ...]
    real: tuple[str, ...] = ()
    rated: tuple[str, ...] = ()  # of them those asked of jobs that people rated

    @classmethod
    def of(cls, profile: Profile) -> Models:
        """Those of a profile."""
        entries = [profile.entry(model) for model in profile.models]
        return cls(
            tuple(entry.display for entry in entries if entry.stand_in),
            tuple(entry.display for entry in entries if not entry.stand_in),
            rated_models(profile),
        )

    def groups(self) -> Iterator[Group]:
        """All stand-ins together, where there are some; then each real model."""
        if self.stand_ins:
            yield Group("", "stand-ins", self.stand_ins)
        for model in self.real:
            # What it is made of stands in brackets.
            called = model.partition(" (")[0]
            yield Group(f":{slug(called)}", called, (model,))


def slug(name: str) -> str:
    """As ids call it: ``gradiend-n-closed-form`` of GRADIEND-N (closed form)."""
    return re.sub(r"[^a-z0-9.]+", "-", name.lower()).strip("-")
