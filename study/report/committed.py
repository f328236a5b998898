"""Results that the repository comes with, shown where nothing was run.

Those of profile ``real``: notebooks begin with them, whatever profile they run in.
Drawing them costs nothing; computing them takes hours, or a GPU.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from study.profiles.profile import Profile
from study.profiles.reading import load_profile
from study.report.origin import read_origin
from study.report.source import read_source
from study.results.places import REPOSITORY

REAL = "real"


@dataclass(frozen=True)
class Committed:
    """The gathered results of a profile, in its folder of figures."""

    profile: Profile
    model: str | None = None  # of this one; None: of all

    @property
    def source(self) -> Path:
        """The folder of the gathered tables."""
        return self.profile.figures / "source"

    @property
    def folder(self) -> str:
        """Where figures and tables of these results lie, seen from the repository."""
        return self.profile.figures.relative_to(REPOSITORY).as_posix()

    @property
    def models(self) -> list[str]:
        """What tables call the models of the results."""
        if self.model is not None:
            return [self.profile.entry(self.model).display]
        return list(read_origin(self.source).models)

    @property
    def origin(self) -> str:
        """Models of the results, command, devices and folder in one line."""
        origin = read_origin(self.source).of(self.models)
        return f"{', '.join(self.models)}: {origin}; committed in {self.folder}"

    def has(self, table: str) -> bool:
        """Whether there are rows: older results may lack what is asked now."""
        return (self.source / f"{table}.parquet").exists() and len(self.read(table)) > 0

    def read(self, table: str) -> pd.DataFrame:
        """A gathered table, as :func:`study.report.source.read_source` has it."""
        rows = read_source(self.source, table)
        if self.model is None or "model" not in rows:
            return rows
        return rows[rows["model"].isin(self.models)].reset_index(drop=True)


def committed(model: str | None = None) -> Committed:
    """The committed results of profile ``real``, of one of its models or of all."""
    return Committed(load_profile(REAL), model)


def committed_files(shown_in: Profile) -> list[Path]:
    """The files of :func:`committed` that summaries of another profile show."""
    if shown_in.name == REAL:  # which makes them
        return []
    return sorted(committed().source.iterdir())
