"""Training GRADIEND on a feature (notebook 02), and the decoder without training."""

from __future__ import annotations

import shutil
from dataclasses import replace
from functools import partial

import pandas as pd

from gradiend.autoencoder import Gradiend
from gradiend.class_means import closed_form
from gradiend.files import atomic_path, write_csv, write_json
from gradiend.lm.cloze import ClozeLM
from gradiend.progress import Progress
from gradiend.sampling import balanced_sample
from gradiend.training import TrainingResult, fit
from study.domains import FeatureData
from study.profiles.settings import Settings
from study.profiles.variants import has_published
from study.results import files
from study.results.making import code_digest
from study.results.reading import made, read_csv, read_json
from study.results.selected import (
    AUTHORS,
    CLOSED_FORM,
    CLOSED_FORM_REFINED,
    REFINED,
    TRAINED,
    UNCHANGED,
)
from study.steps.aside import link
from study.steps.costs import costed
from study.steps.described import described
from study.steps.published import published_gradiend


def train(
    settings: Settings, lm: ClozeLM, data: FeatureData, *, progress: Progress = iter
) -> TrainingResult:
    """Train GRADIEND; writes :data:`study.results.files.TRAINED`.

    The file of each seed is written beside them where the settings keep them.
    """
    folder = settings.folder
    left = folder / "checkpoints"
    # The rows are digested as they are; so only the method's own code is left.
    checkpoints = left / code_digest("gradiend")
    resumed = checkpoints.exists() and any(checkpoints.iterdir())
    with costed(folder / files.TRAINING_COST, lm, resumed=resumed):
        result = fit(
            lm,
            data.table,
            settings.training,
            seeds=settings.seeds,
            checkpoints=checkpoints,
            progress=progress,
            each=partial(_keep_seed, settings, data) if settings.kept_seeds else None,
        )
        gradiend = _named(settings, data, result)
        with atomic_path(folder / files.GRADIEND) as path:
            if settings.kept_seeds:
                link(settings.seed_file(result.seed), path)
            else:
                gradiend.save(path)
        write_csv(folder / files.HISTORY, result.history)
        write_csv(folder / files.SIZES, _sizes(data.table))
        summary = {
            "best_step": result.best_step,
            "correlation": result.correlation,
            "seed": result.seed,
            "seeds": {str(seed): value for seed, value in result.seeds.items()},
            "converged": [
                seed
                for seed, value in result.seeds.items()
                if value >= settings.training.converged
            ],
            "n": gradiend.size,
            "left_out": dict(data.left_out),
        }
        write_json(folder / files.TRAINING, described(settings, "training", summary))
    shutil.rmtree(left)  # several times the size of the model
    return replace(result, gradiend=gradiend)


def trained(settings: Settings, lm: ClozeLM) -> TrainingResult:
    """What :func:`train` has written, as it gave it."""
    said = read_json(settings.folder / files.TRAINING)["values"]
    return TrainingResult(
        load_gradiend(settings, lm),
        read_csv(settings.folder / files.HISTORY),
        said["seed"],
        said["best_step"],
        said["correlation"],
        {int(seed): value for seed, value in said["seeds"].items()},
    )


def load_gradiend(settings: Settings, lm: ClozeLM) -> Gradiend:
    """The GRADIEND that :func:`train` wrote."""
    return Gradiend.load(made(settings.folder / files.GRADIEND), like=lm.covered)


def load_seed(settings: Settings, lm: ClozeLM, seed: int) -> Gradiend:
    """The GRADIEND of one of the seeds that :func:`train` has kept."""
    return Gradiend.load(made(settings.seed_file(seed)), like=lm.covered)


def closed_form_gradiend(
    settings: Settings, lm: ClozeLM, data: FeatureData
) -> Gradiend:
    """The closed-form GRADIEND from (a sample of) the training rows."""
    return class_means_gradiend(settings, lm, closed_form_rows(settings, lm, data))


def closed_form_rows(
    settings: Settings, lm: ClozeLM, data: FeatureData
) -> pd.DataFrame:
    """The training rows of both classes that the closed form is made of."""
    train_rows = lm.usable(data.table[data.table["split"] == "train"])
    limit, by = settings.decoder.closed_form_rows, "factual_class"
    of_class = [train_rows[train_rows["label"] == label] for label in (1, -1)]
    return pd.concat(
        balanced_sample(rows, limit, by=by, seed=settings.seed) for rows in of_class
    )


def class_means_gradiend(
    settings: Settings, lm: ClozeLM, rows: pd.DataFrame
) -> Gradiend:
    """The closed-form GRADIEND of rows with labels +1 and −1."""
    encoded = {label: lm.encode(rows[rows["label"] == label]) for label in (1, -1)}
    return closed_form(lm, encoded, batch_size=settings.training.batch_size)


def decoders_of(
    settings: Settings, lm: ClozeLM, data: FeatureData, gradiend: Gradiend
) -> dict[str, Gradiend]:
    """The GRADIEND behind each decoder of the selected table, by its name there."""
    found = {UNCHANGED: gradiend, TRAINED: gradiend, REFINED: gradiend}
    if settings.decoder.closed_form_rows:
        found[CLOSED_FORM] = closed_form_gradiend(settings, lm, data)
    if settings.decoder.refines_closed_form:
        found[CLOSED_FORM_REFINED] = found[CLOSED_FORM]
    if has_published(settings):
        found[AUTHORS] = published_gradiend(settings, lm)
    return found


def _named(settings: Settings, data: FeatureData, result: TrainingResult) -> Gradiend:
    """A run's GRADIEND that says what it is of."""
    feature = data.feature
    said = {
        "base_model": settings.model,
        "feature": feature.name,
        "positive": feature.positive,
        "negative": feature.negative,
    }
    metadata = result.gradiend.metadata | said
    return replace(result.gradiend, metadata=metadata)


def _keep_seed(settings: Settings, data: FeatureData, run: TrainingResult) -> None:
    with atomic_path(settings.seed_file(run.seed)) as path:
        _named(settings, data, run).save(path)


def _sizes(table: pd.DataFrame) -> pd.DataFrame:
    groups = table.groupby(["factual_class", "split"], sort=False)
    return groups.size().rename("rows").reset_index()
