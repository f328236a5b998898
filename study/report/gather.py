"""From result files to the source data of the figures.

Every figure and table of notebook 10 is drawn from the few files written here, which
are committed beside the figures: they can be drawn again without computing anything.
Those of notebook 10b come from :mod:`study.report.estimates`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from study.profiles.profile import Profile
from study.profiles.settings import Settings
from study.report.source import gathering
from study.results import files
from study.results.reading import read_csv, read_json

ENCODINGS_PER_GROUP = 120  # rows behind one violin


def collect(profile: Profile, gather: bool | str = True) -> Path:
    """Gather the profile's results into ``<figures>/source``; return that folder.

    ``gather`` names the models whose results are here, ``A,B``, or says that all are
    (:func:`study.report.source.gathering`).
    """
    target = gathering(profile, gather)
    for name, kind in _GATHERERS.items():
        runs = _runs(profile, kind, target.models)
        target.write(name, [_keyed(run, kind.read(run)) for run in runs])
    for name, tables in _analyses(profile, target.models).items():
        parts = [
            read_csv(path).pipe(lambda t, m=model: t.assign(model=m)[["model", *t]])
            for model, path in tables.items()
        ]
        target.write(name, parts)
    return target.end()


def inputs(profile: Profile) -> list[Path]:
    """The result files that :func:`collect` reads of all models."""
    found = [
        run.folder / file
        for kind in _GATHERERS.values()
        for run in _runs(profile, kind, profile.models)
        for file in kind.files
    ]
    analyses = _analyses(profile, profile.models).values()
    found += [path for tables in analyses for path in tables.values()]
    return list(dict.fromkeys(found))


def _analyses(profile: Profile, models: Sequence[str]) -> dict[str, dict[str, Path]]:
    """Every table that an analysis makes, as ``<analysis>_<table>``: model → file.

    Only of the models that are asked it; an analysis that none is asked has no table.
    """
    found: dict[str, dict[str, Path]] = {}
    for model in models:
        runs = profile.runs(model)
        for analysis in profile.entry(model).analyses if runs else ():
            for file in files.ANALYSES[analysis][1]:
                path = runs[0].model_folder / analysis / file
                if path.suffix == ".csv":
                    name = f"{analysis}_{path.stem}"
                    found.setdefault(name, {})[runs[0].display] = path
    return found


def _every(_run: Settings) -> bool:
    return True


@dataclass(frozen=True)
class _Gatherer:
    """How a table is read of a run, and from which of its files."""

    files: tuple[str, ...]
    read: Callable[[Settings], pd.DataFrame]
    asked_of: Callable[[Settings], bool] = _every  # which runs have such results


def _runs(
    profile: Profile, kind: _Gatherer, models: Sequence[str]
) -> Iterator[Settings]:
    """The models' runs that have results of that kind."""
    for model in models:
        for run in profile.runs(model):
            if kind.asked_of(run):
                yield run


def _keyed(settings: Settings, table: pd.DataFrame) -> pd.DataFrame:
    """A run's table behind its model and feature."""
    key = {"model": settings.display, "feature": settings.feature}
    return table.assign(**key)[[*key, *(c for c in table.columns if c not in key)]]


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
    "frames": _plain(files.FRAMES, _has_names),
    "differences": _plain(files.DIFFERENCES, _has_published),
}
