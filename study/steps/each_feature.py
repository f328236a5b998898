"""A step on several features of a model; a killed one goes on behind the last finished.

Of a step that did not end, whoever runs it deletes all results, those of finished
features among them. So these have a second name until all are there.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TypeVar

import pandas as pd

from gradiend.autoencoder import Gradiend
from gradiend.checkpoints import checkpoint_path
from gradiend.files import atomic_folder, digest
from gradiend.lm.cloze import ClozeLM
from gradiend.progress import Progress
from gradiend.training import TrainingResult
from study.domains import FeatureData
from study.profiles.settings import Settings
from study.results import files
from study.results.making import code_digest
from study.results.reading import read_csv
from study.steps.aside import aside, link
from study.steps.decoder import evaluate_decoder, grid_digest
from study.steps.training import train, trained

T = TypeVar("T")
Grids = tuple[pd.DataFrame, pd.DataFrame]  # as evaluate_decoder gives them


def train_each(
    settings: Mapping[str, Settings],
    lm: ClozeLM,
    data: Mapping[str, FeatureData],
    *,
    progress: Callable[[str], Progress],
) -> dict[str, TrainingResult]:
    """:func:`study.steps.training.train` of each feature."""

    def made(feature: str) -> list[Path]:
        own = settings[feature]
        names = [*files.TRAINED, files.TRAINING_COST]
        return [*(own.folder / name for name in names), *own.kept_seeds]

    return _each(
        settings,
        lambda f: train(settings[f], lm, data[f], progress=progress(f)),
        lambda f: trained(settings[f], lm),
        lambda f: _training_digest(settings[f], lm, data[f]),
        made,
    )


def evaluate_decoders(
    settings: Mapping[str, Settings],
    lm: ClozeLM,
    data: Mapping[str, FeatureData],
    gradiends: Mapping[str, Gradiend],
    *,
    progress: Callable[[str], Progress],
) -> dict[str, Grids]:
    """:func:`study.steps.decoder.evaluate_decoder` of each feature."""

    def work(feature: str) -> Grids:
        about = settings[feature], lm, data[feature], gradiends[feature]
        return evaluate_decoder(*about, progress=progress(feature))

    def read(feature: str) -> Grids:
        folder = settings[feature].folder
        return read_csv(folder / files.GRID), read_csv(folder / files.SELECTED)

    def made(feature: str) -> list[Path]:
        folder = settings[feature].folder
        return [folder / name for name in (*files.CHOSEN, files.DIFFERENCES)]

    return _each(settings, work, read, lambda f: grid_digest(settings[f]), made)


def _each(
    settings: Mapping[str, Settings],
    work: Callable[[str], T],
    read: Callable[[str], T],
    digest_of: Callable[[str], str],
    made: Callable[[str], Iterable[Path]],
) -> dict[str, T]:
    """What ``work`` gives of every feature, or ``read`` of one that was finished.

    ``made`` are the files that it makes, those that it may make among them.
    """
    found, parts = {}, []
    for feature, own in settings.items():
        part = aside(own.folder, digest_of(feature))
        parts.append(part)
        if part.exists():
            _link_all(part, own.folder)
            found[feature] = read(feature)
            continue
        found[feature] = work(feature)
        with atomic_folder(part) as folder:
            for path in filter(Path.exists, made(feature)):
                link(path, folder / path.relative_to(own.folder))
    for part in parts:
        shutil.rmtree(part)
    return found


def _link_all(source: Path, folder: Path) -> None:
    for path in source.rglob("*"):
        if path.is_file():
            link(path, folder / path.relative_to(source))


def _training_digest(settings: Settings, lm: ClozeLM, data: FeatureData) -> str:
    """Of what a training depends on: model, rows, settings and code."""
    run = checkpoint_path("", lm, data.table, settings.training, seed=settings.seed)
    return digest(run.stem, settings.part("training"), code_digest())
