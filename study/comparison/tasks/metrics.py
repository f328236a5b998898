"""The tasks' metrics in percent, from stored predictions and weights of units.

``predictions`` has one row an input: unit, label, prediction (a class, or a score for
regression and choice). ``weights`` [R, units] counts how often each unit, in order of
appearance, is drawn in each of R replicates; values are [R].
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from study.comparison.bootstrap import Metric
from study.comparison.tasks.registry import TASKS


def unit_count(predictions: pd.DataFrame) -> int:
    """How many units the bootstrap draws from."""
    return predictions["unit"].nunique()


def task_metric(name: str, predictions: pd.DataFrame) -> Metric:
    """The task's metric of stored predictions, as a function of weights."""
    task = TASKS[name]
    unit = pd.factorize(predictions["unit"])[0]
    if task.choice and task.metric == "accuracy":
        predictions, unit = _chosen(predictions, unit)
    label = predictions["label"].to_numpy()
    prediction = predictions["prediction"].to_numpy()
    metric = _METRICS[task.metric]
    return lambda weights: 100 * metric(weights, unit, label, prediction)


def side_metric(name: str, predictions: pd.DataFrame) -> Metric:
    """Of a ``sided`` task's answers that take a side: stereotypes − opposites, in %.

    It is BBQ's bias score (Parrish et al. 2022), from −100 to 100; 0 is best. Of
    ambiguous questions theirs is (1 − accuracy) times it, and as what takes no side is
    right there, that is stereotypes − opposites in % of all questions.
    """
    unit = pd.factorize(predictions["unit"])[0]
    prediction = predictions["prediction"].to_numpy()

    def metric(weights: np.ndarray) -> np.ndarray:
        rows = weights[:, unit]
        stereotypes, opposites = (rows @ (prediction == side) for side in (0, 1))
        sided = stereotypes + opposites
        asked = rows.sum(axis=1) if TASKS[name].ambiguous else sided
        return 100 * _ratio(stereotypes - opposites, asked)

    return metric


def _chosen(table: pd.DataFrame, unit: np.ndarray) -> tuple[pd.DataFrame, np.ndarray]:
    """One row a unit: was its highest-scored input the right one?"""
    best = table.groupby(unit)["prediction"].idxmax()
    right = table.loc[best, "label"].to_numpy()
    return pd.DataFrame({"label": 1, "prediction": right}), np.arange(len(right))


def _accuracy(weights, unit, label, prediction) -> np.ndarray:
    rows = weights[:, unit]
    return rows @ (label == prediction) / rows.sum(axis=1)


def _f1(weights, unit, label, prediction, positive=1) -> np.ndarray:
    rows = weights[:, unit]
    truth, said = label == positive, prediction == positive
    both = 2 * (rows @ (truth & said))
    return _ratio(both, rows @ truth + rows @ said)


def _mcc(weights, unit, label, prediction) -> np.ndarray:
    rows = weights[:, unit]
    return _correlation(rows, label.astype(float), prediction.astype(float))


def _pearson(weights, unit, label, prediction) -> np.ndarray:
    return _correlation(weights[:, unit], label, prediction)


def _correlation(rows: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Weighted Pearson correlation, [R]; of two binary vectors it is Matthews'."""
    total = rows.sum(axis=1)
    mx, my = rows @ x / total, rows @ y / total
    covariance = rows @ (x * y) / total - mx * my
    spread = (rows @ x**2 / total - mx**2) * (rows @ y**2 / total - my**2)
    return _ratio(covariance, np.sqrt(np.maximum(spread, 0)))


def _accuracy_and_f1(weights, unit, label, prediction) -> np.ndarray:
    classes = np.unique(label)
    macro = np.mean([_f1(weights, unit, label, prediction, c) for c in classes], axis=0)
    return (_accuracy(weights, unit, label, prediction) + macro) / 2


def _answers(weights, unit, label, prediction) -> np.ndarray:
    """MultiRC: F1 over all answers, and questions with every answer right."""
    wrong = np.bincount(unit, weights=label != prediction, minlength=weights.shape[1])
    exact = weights @ (wrong == 0) / weights.sum(axis=1)
    return (_f1(weights, unit, label, prediction) + exact) / 2


def _entities(weights, unit, label, prediction) -> np.ndarray:
    """ReCoRD: is the highest-scored entity one of the answers?

    Entities are compared as such, so that token F1 and exact match coincide.
    """
    order = np.lexsort((prediction, unit))
    last = np.append(np.flatnonzero(np.diff(unit[order])), len(order) - 1)
    right = label[order][last]
    return weights @ right / weights.sum(axis=1)


def _ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    return np.divide(above, below, out=np.zeros(len(above)), where=below > 1e-12)


_METRICS: dict[str, Callable[..., np.ndarray]] = {
    "accuracy": _accuracy,
    "f1": _f1,
    "mcc": _mcc,
    "pearson": _pearson,
    "accuracy and f1": _accuracy_and_f1,
    "answers f1 and em": _answers,
    "entity f1 and em": _entities,
}
