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
from study.report.gather import read_source
from study.report.origin import read_origin
from study.results.places import REPOSITORY

REAL = "real"


@dataclass(frozen=True)
class Committed:
    """The gathered results of a profile, in its folder of figures."""

    profile: Profile

    @property
    def source(self) -> Path:
        """The folder of the gathered tables."""
        return self.profile.figures / "source"

    @property
    def folder(self) -> str:
        """Where figures and tables of these results lie, seen from the repository."""
        return self.profile.figures.relative_to(REPOSITORY).as_posix()

    @property
    def origin(self) -> str:
        """Models of the results, command, devices and folder in one line."""
        models = ", ".join(self.read("encoder")["model"].drop_duplicates())
        return f"{models}: {read_origin(self.source)}; committed in {self.folder}"

    def read(self, table: str) -> pd.DataFrame:
        """A gathered table, as :func:`study.report.gather.read_source` has it."""
        return read_source(self.source, table)


def committed(profile: str = REAL) -> Committed:
    """The committed results of a profile."""
    return Committed(load_profile(profile))


def committed_files(shown_in: Profile) -> list[Path]:
    """The files of :func:`committed` that summaries of another profile show."""
    if shown_in.name == REAL:  # which makes them
        return []
    return sorted(committed().source.iterdir())
