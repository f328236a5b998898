"""From result files to the source data of the figures.

Every figure and table of notebook 10 is drawn from the few files written here, which
are committed beside the figures: they can be drawn again without computing anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd

from gradiend.errors import InputError
from gradiend.files import atomic_path, read_csv, read_json
from study.domains import Domain
from study.profiles.profile import Profile
from study.profiles.settings import Settings
from study.results import files

ENCODINGS_PER_GROUP = 120  # rows behind one violin


def collect(profile: Profile) -> Path:
    """Gather the profile's results into ``<figures>/source``; return that folder."""
    folder = profile.figures / "source"
    for name, gather in _GATHERERS.items():
        table = pd.concat(
            [gather(s).assign(**_key(s)) for s in _runs(profile, name)],
            ignore_index=True,
        )
        keys = ["model", "feature"]
        table = table[[*keys, *(c for c in table.columns if c not in keys)]]
        write_source(folder, name, table)
    return folder


def write_source(folder: Path, name: str, table: pd.DataFrame) -> None:
    """Write one gathered table, for :func:`read_source`."""
    with atomic_path(folder / f"{name}.parquet") as path:
        table.to_parquet(path, index=False, compression="zstd")


def read_source(folder: Path, name: str) -> pd.DataFrame:
    """One gathered table: training, encoder, encodings, grids, selected, …"""
    path = folder / f"{name}.parquet"
    try:
        return pd.read_parquet(path)
    except FileNotFoundError as error:
        raise InputError(f"{path}: not there; run the profile first") from error
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: damaged ({error}); run the profile again") from error


def _runs(profile: Profile, name: str) -> Iterator[Settings]:
    """The runs that have results of that name."""
    for model in profile.models:
        for run in profile.runs(model):
            if _ASKED_OF.get(name, _every)(run.domain):
                yield run


def _key(settings: Settings) -> dict[str, str]:
    return {"model": settings.display, "feature": settings.feature}


def _training(settings: Settings) -> pd.DataFrame:
    history = read_csv(settings.folder / files.HISTORY)
    best = read_json(settings.folder / files.TRAINING)["values"]["best_step"]
    return history.assign(kept=history["step"] == best)


def _encoder(settings: Settings) -> pd.DataFrame:
    values = read_json(settings.folder / files.ENCODER)["values"]
    return pd.DataFrame({"statistic": list(values), "value": list(values.values())})


def _encodings(settings: Settings) -> pd.DataFrame:
    rows = read_csv(settings.folder / files.ENCODINGS)
    groups = rows.groupby(["kind", "label"], sort=False, group_keys=False)
    kept = groups.sample(frac=1, random_state=settings.seed)
    kept = kept.groupby(["kind", "label"], sort=False).head(ENCODINGS_PER_GROUP)
    return kept.sort_index()[["kind", "label", "factual_class", "h"]]


def _associations(settings: Settings) -> pd.DataFrame:
    table = read_csv(settings.folder / files.ASSOCIATIONS)
    return table.rename(columns={"probability": "planted"}).drop(columns="candidates")


def _names(settings: Settings) -> pd.DataFrame:
    rows = read_csv(settings.folder / files.NAMES)
    return rows[["split", "label", "factual_class", "name", "h"]]


def _words(settings: Settings) -> pd.DataFrame:
    rows = read_csv(settings.folder / files.WORDS)
    return rows[["pair", "label", "factual_class", "h"]]


def _plain(file: str) -> Callable[[Settings], pd.DataFrame]:
    return lambda settings: read_csv(settings.folder / file)


def _every(_domain: Domain) -> bool:
    return True


# Which domains have results of a name; all, unless it stands here.
_ASKED_OF: dict[str, Callable[[Domain], bool]] = {
    "predictions": lambda domain: bool(domain.examples),
    **dict.fromkeys(("names", "words", "probe"), lambda domain: domain.has_names),
}
_GATHERERS: dict[str, Callable[[Settings], pd.DataFrame]] = {
    "training": _training,
    "encoder": _encoder,
    "encodings": _encodings,
    "grids": _plain(files.GRID),
    "selected": _plain(files.SELECTED),
    "associations": _associations,
    "sizes": _plain(files.SIZES),
    "predictions": _plain(files.PREDICTIONS),
    "names": _names,
    "words": _words,
    "probe": _plain(files.PROBE),
}
