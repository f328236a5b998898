"""Beyond two classes (notebook 13): features of pairs beside features of three classes.

Every feature's GRADIEND reads every other feature's rows; the vectors of all are
compared; three classes are balanced along pairs, pairs side by side and one GRADIEND of
two neurons, each with the same search. What selects is never what is reported.
"""

from __future__ import annotations

import shutil
from itertools import product

import numpy as np
import pandas as pd

from gradiend.evaluation.contrasts import told_apart, weakest
from gradiend.evaluation.encoder import pearson
from gradiend.files import write_csv, write_json
from gradiend.progress import Progress
from study.analysis.side_by_side import side_by_side
from study.analysis.vectors import closure, similarities
from study.profiles.profile import Profile
from study.results import files
from study.results.making import measured
from study.steps.described import described
from study.steps.three_classes import (
    SIDE_BY_SIDE,
    TWO,
    composed,
    they,
    three_balanced,
)
from study.steps.trio_bench import (
    Bench,
    h_of,
    pair_gradiends,
    set_up,
    validation_and_test,
)

FOLDER = "classes"
_TRAINED = "trained"  # in it, what is trained here, as long as it is asked


def classes(
    profile: Profile, model: str, *, progress: Progress = iter
) -> dict[str, pd.DataFrame]:
    """Ask a model of three classes; writes :data:`study.results.files.CLASSES`.

    Gives the tables, by the names of their files without the suffix.
    """
    runs = {run.feature: run for run in profile.runs(model)}
    first = next(iter(runs.values()))
    folder = first.model_folder / FOLDER
    with measured(folder.with_suffix(".run.json")):
        bench = set_up(runs, folder / _TRAINED, progress=progress)
        tables = {
            files.CROSS: cross_encodings(bench),
            files.SIMILAR: similarities(bench.gradiends),
            files.CLOSED: closed(bench),
            files.COMPOSED: composed(bench),
            files.NEURONS: neurons(bench),
            files.POINTS: points(bench),
            files.BALANCED: three_balanced(bench),
            files.THEY: they(bench),
        }
        for name, table in tables.items():
            write_csv(folder / name, table)
        write_json(folder / files.CLASSES_JSON, described(first, FOLDER, {}))
    shutil.rmtree(folder / _TRAINED)  # many times the size of the model
    return {name.removesuffix(".csv"): table for name, table in tables.items()}


def cross_encodings(bench: Bench) -> pd.DataFrame:
    """Every one-neuron GRADIEND on every feature's test rows.

    Columns: gradiend, rows, separation (half the distance of the mean h of the classes
    +1 and −1), mean_abs (mean \\|h\\|), pearson, n.
    """
    usable = {name: bench.lm.usable(rows) for name, rows in bench.rows.items()}
    encoded = {name: bench.lm.encode(rows) for name, rows in usable.items()}
    found = {}
    # One GRADIEND after the other, since each is read from its file.
    for name, gradiend in bench.gradiends.items():
        for feature, rows in usable.items():
            h, labels = h_of(bench, gradiend, encoded[feature]), rows["label"]
            found[feature, name] = {
                "gradiend": name,
                "rows": feature,
                "separation": (h[labels == 1].mean() - h[labels == -1].mean()) / 2,
                "mean_abs": np.abs(h).mean(),
                "pearson": pearson(h, labels.to_numpy()),
                "n": len(h),
            }
    return pd.DataFrame([found[key] for key in product(usable, bench.gradiends)])


def closed(bench: Bench) -> pd.DataFrame:
    """Of each three classes: do two pairs' vectors add up to the third's?"""
    parts = []
    for name in bench.trios:
        rows = pd.DataFrame(closure(pair_gradiends(bench, name)))
        parts.append(rows.assign(trio=name))
    return pd.concat(parts, ignore_index=True)


def neurons(bench: Bench) -> pd.DataFrame:
    """Which of three classes a row has, by the nearest centre of validation rows.

    Columns: trio, reader, neurons, accuracy, weakest (of
    :func:`gradiend.evaluation.contrasts.told_apart`), numbers.
    """
    rows = []
    for name, trio in bench.trios.items():
        pairs = {"/".join(pair): g for pair, g in pair_gradiends(bench, name).items()}
        readers = pairs | {
            SIDE_BY_SIDE: side_by_side(list(pairs.values())),
            TWO: bench.two[name],
        }
        splits = validation_and_test(bench, trio)
        for reader, gradiend in readers.items():
            count = len(gradiend.neurons)
            (train, labels), (test, truth) = (
                (h_of(bench, gradiend, rows).reshape(len(of), -1), of)
                for rows, of in splits
            )
            rows.append(
                {
                    "trio": name,
                    "reader": reader,
                    "neurons": count,
                    "accuracy": (_nearest(train, labels, test) == truth).mean(),
                    "weakest": _told(test, truth),
                    "numbers": (2 * count + 1) * gradiend.size + count,
                }
            )
    return pd.DataFrame(rows)


def _told(h: np.ndarray, labels: np.ndarray) -> float:
    """The weakest neuron's |Pearson| with a class of its own; NaN: there are too many.

    A third neuron would be given what the first two leave.
    """
    too_many = h.shape[1] >= len(np.unique(labels))
    return np.nan if too_many else abs(weakest(told_apart(h, labels)))


def _nearest(train: np.ndarray, labels: np.ndarray, test: np.ndarray) -> np.ndarray:
    names = np.unique(labels)
    centres = np.stack([train[labels == name].mean(0) for name in names])
    distances = ((test[:, None, :] - centres) ** 2).sum(-1)
    return names[distances.argmin(-1)]


def points(bench: Bench) -> pd.DataFrame:
    """h of two neurons on test rows: columns trio, class, h1, h2."""
    parts = []
    for name, trio in bench.trios.items():
        _, (rows, labels) = validation_and_test(bench, trio)
        h = h_of(bench, bench.two[name], rows)
        of = [trio.classes[label - 1] for label in labels]
        parts.append(
            pd.DataFrame({"trio": name, "class": of, "h1": h[:, 0], "h2": h[:, 1]})
        )
    return pd.concat(parts, ignore_index=True)
