"""From result files to the source data of the figures.

Every figure and table of notebook 10 is drawn from the few files written here, which
are committed beside the figures: they can be drawn again without computing anything.
Those of notebook 10b come from :mod:`study.report.estimates`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from gradiend.errors import InputError
from gradiend.files import atomic_path
from study.profiles.profile import Profile
from study.profiles.settings import Settings
from study.report.origin import write_origin
from study.results import files
from study.results.reading import made, read_csv, read_json

ENCODINGS_PER_GROUP = 120  # rows behind one violin


def collect(profile: Profile) -> Path:
    """Gather the profile's results into ``<figures>/source``; return that folder."""
    folder = profile.figures / "source"
    for name, kind in _GATHERERS.items():
        parts = [kind.read(run).assign(**_key(run)) for run in _runs(profile, kind)]
        if not parts:  # nothing of the kind was asked for
            continue
        table = pd.concat(parts, ignore_index=True)
        keys = ["model", "feature"]
        table = table[[*keys, *(c for c in table.columns if c not in keys)]]
        write_source(folder, name, table)
    for name, tables in _analyses(profile).items():
        parts = [
            read_csv(path).pipe(lambda t, m=model: t.assign(model=m)[["model", *t]])
            for model, path in tables.items()
        ]
        write_source(folder, name, pd.concat(parts, ignore_index=True))
    write_origin(profile, folder)
    return folder


def inputs(profile: Profile) -> list[Path]:
    """The result files that :func:`collect` reads."""
    found = [
        run.folder / file
        for kind in _GATHERERS.values()
        for run in _runs(profile, kind)
        for file in kind.files
    ]
    found += [
        path for tables in _analyses(profile).values() for path in tables.values()
    ]
    return list(dict.fromkeys(found))


def _analyses(profile: Profile) -> dict[str, dict[str, Path]]:
    """Every table that an analysis makes, as ``<analysis>_<table>``: model → file.

    Only of the models that are asked it; an analysis that none is asked has no table.
    """
    found: dict[str, dict[str, Path]] = {}
    for model in profile.models:
        runs = profile.runs(model)
        for analysis in profile.entry(model).analyses if runs else ():
            for file in files.ANALYSES[analysis][1]:
                path = runs[0].model_folder / analysis / file
                if path.suffix == ".csv":
                    name = f"{analysis}_{path.stem}"
                    found.setdefault(name, {})[runs[0].display] = path
    return found


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


def _every(_run: Settings) -> bool:
    return True


@dataclass(frozen=True)
class _Gatherer:
    """How a table is read of a run, and from which of its files."""

    files: tuple[str, ...]
    read: Callable[[Settings], pd.DataFrame]
    asked_of: Callable[[Settings], bool] = _every  # which runs have such results


def _runs(profile: Profile, kind: _Gatherer) -> Iterator[Settings]:
    """The runs that have results of that kind."""
    for model in profile.models:
        for run in profile.runs(model):
            if kind.asked_of(run):
                yield run


def _key(settings: Settings) -> dict[str, str]:
    return {"model": settings.display, "feature": settings.feature}


def _training(settings: Settings) -> pd.DataFrame:
    history = read_csv(settings.folder / files.HISTORY)
    best = read_json(settings.folder / files.TRAINING)["values"]["best_step"]
    return history.assign(kept=history["step"] == best)


def _seeds(settings: Settings) -> pd.DataFrame:
    """|Pearson| on validation rows of every seed that was trained."""
    values = read_json(settings.folder / files.TRAINING)["values"]
    table = pd.DataFrame(values["seeds"].items(), columns=["seed", "pearson"])
    table = table.astype({"seed": int, "pearson": float})
    return table.assign(kept=table["seed"] == values["seed"])


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


def _plain(file: str, asked_of: Callable[[Settings], bool] = _every) -> _Gatherer:
    """A result file as it is."""
    return _Gatherer((file,), lambda run: read_csv(run.folder / file), asked_of)


def _has_names(run: Settings) -> bool:
    return run.domain.has_names


def _has_examples(run: Settings) -> bool:
    return bool(run.domain.examples)


def _has_published(run: Settings) -> bool:
    return run.decoder.published is not None


_GATHERERS = {
    "training": _Gatherer((files.HISTORY, files.TRAINING), _training),
    "seeds": _Gatherer((files.TRAINING,), _seeds),
    "encoder": _Gatherer((files.ENCODER,), _encoder),
    "encodings": _Gatherer((files.ENCODINGS,), _encodings),
    "grids": _plain(files.GRID),
    "selected": _plain(files.SELECTED),
    "associations": _Gatherer((files.ASSOCIATIONS,), _associations),
    "sizes": _plain(files.SIZES),
    "predictions": _plain(files.PREDICTIONS, _has_examples),
    "names": _Gatherer((files.NAMES,), _names, _has_names),
    "words": _Gatherer((files.WORDS,), _words, _has_names),
    "probe": _plain(files.PROBE, _has_names),
    "differences": _plain(files.DIFFERENCES, _has_published),
}
