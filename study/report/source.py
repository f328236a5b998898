"""The gathered tables behind the figures: written, read, and joined over models.

They are committed beside the figures, which can be drawn again without computing
anything. Models of a profile may have been run on different machines: then the rows of
those that are not here stay as they were gathered.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from gradiend.errors import InputError, check_choice
from gradiend.files import atomic_path
from study.profiles.profile import Profile
from study.report.origin import Made, read_origin, settings_digest, write_origin
from study.results.reading import made


@dataclass(frozen=True)
class Gathering:
    """Results on their way into a profile's tables.

    ``models`` are those whose results are here; of those ``kept``, by what tables call
    them, the rows that were gathered before stay.
    """

    profile: Profile
    models: Sequence[str]
    kept: Mapping[str, Made]

    @property
    def folder(self) -> Path:
        """Where the tables lie."""
        return self.profile.figures / "source"

    def write(self, name: str, parts: Sequence[pd.DataFrame]) -> None:
        """Write a table, its models in the order of the profile.

        Nothing is written if there are no parts; ``parts`` have a column ``model``, but
        for those without any row.
        """
        if not parts:
            return
        tables = [*parts, *self._before(name)]
        table = pd.concat(tables, ignore_index=True)
        if self.kept and "model" in table:
            order = [self.profile.entry(model).display for model in self.profile.models]
            table = table.sort_values(
                "model", kind="stable", key=lambda m: m.map(order.index)
            )
        write_source(self.folder, name, table.reset_index(drop=True))

    def end(self) -> Path:
        """Say where the results come from; return the folder of the tables."""
        write_origin(self.profile, self.folder, kept=self.kept)
        return self.folder

    def _before(self, name: str) -> list[pd.DataFrame]:
        if not (self.kept and (self.folder / f"{name}.parquet").exists()):
            return []
        rows = read_source(self.folder, name)
        return [rows[rows["model"].isin(self.kept)]] if "model" in rows else []


def gathering(profile: Profile, gather: bool | str = True) -> Gathering:
    """What is to be gathered: all models (True), or those named, ``A,B``.

    Raises
    ------
    InputError
        for a model that the profile does not have, and for one that is not named if
        what was gathered of it is not there, or was made with other settings.
    """
    named = profile.models if gather is True else str(gather).split(",")
    for model in named:
        check_choice(model, profile.models, "model to gather")
    others = [m for m in profile.models if m not in named and profile.runs(m)]
    if not others:
        return Gathering(profile, named, {})
    before = read_origin(profile.figures / "source").models
    kept = {}
    for model in others:
        name = profile.entry(model).display
        if name not in before:
            reason = "has no rows"
        elif before[name].settings != settings_digest(profile, model):
            reason = "has rows of other settings"
        else:
            kept[name] = before[name]
            continue
        raise InputError(
            f"{profile.figures / 'source'} {reason} of {model}; run it as well, and "
            "gather both"
        )
    return Gathering(profile, named, kept)


def write_source(folder: Path, name: str, table: pd.DataFrame) -> None:
    """Write one gathered table, for :func:`read_source`.

    Measured numbers hardly repeat: their bytes are split into streams, which compress
    by a quarter more than a dictionary of them.
    """
    measured = list(table.select_dtypes("float").columns)
    with atomic_path(folder / f"{name}.parquet") as path:
        table.to_parquet(
            path,
            index=False,
            compression="zstd",
            use_byte_stream_split=measured,
            use_dictionary=[c for c in table.columns if c not in measured],
        )


def read_source(folder: Path, name: str) -> pd.DataFrame:
    """One gathered table: training, seeds, encoder, encodings, grids, selected, …"""
    path = made(folder / f"{name}.parquet")
    try:
        return pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: damaged ({error}); run the profile again") from error
