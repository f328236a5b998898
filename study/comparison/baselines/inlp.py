"""INLP, iterative null-space projection (Ravfogel et al. 2020).

A linear classifier is trained to tell the classes apart, the directions it uses are
projected away, and again, until a classifier is no better than chance on held-out
sentences or enough are trained. What came of it is in the projection's ``notes``.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from sklearn.svm import LinearSVC

from gradiend.errors import InputError
from gradiend.lm.cloze import ClozeLM
from study.comparison.baselines.data import BaselineData, sentences_by_class
from study.comparison.edits import Projection
from study.comparison.sentence_vectors import sentence_means
from study.comparison.settings import FitSettings

# Why no more classifiers are trained.
AT_MAJORITY = "at the majority's rate"
AT_MOST = "at the most classifiers"
AT_RANK = "no direction left"

_HELD_OUT = 0.2  # of each class
_RANK_TOLERANCE = 1e-6


def inlp(lm: ClozeLM, data: BaselineData, settings: FitSettings) -> Projection:
    """Gender: male, female and neutral sentences; elsewhere biased and neutral ones."""
    groups = sentences_by_class(data, settings.fit_sentences)
    features = np.concatenate([sentence_means(lm, texts) for texts in groups.values()])
    labels = np.repeat(list(groups), [len(texts) for texts in groups.values()])
    return null_space_projection(
        features, labels, classifiers=settings.inlp_classifiers, seed=data.seed
    )


def null_space_projection(
    features: np.ndarray, labels: np.ndarray, *, classifiers: int, seed: int
) -> Projection:
    """Projection onto the intersection of the classifiers' null spaces, the mean kept.

    ``features`` are [N, H], ``labels`` [N]. Each classifier is a linear SVM trained on
    what the ones before it have left, at most ``classifiers``. The next one is the
    probe: where its accuracy on held-out rows is no more than two standard errors above
    the majority's rate, nothing is left to find. Some direction is always left.

    Raises
    ------
    InputError
        if a class has a single row.
    """
    held_out = _held_out(labels, seed)
    # Where the classes are equally many this is an intercept that is never projected
    # away; without one, probes fail before the class is gone.
    mean = features[~held_out].mean(axis=0)
    centred = features - mean
    majority = _largest_share(labels[held_out])
    basis = np.zeros((0, features.shape[1]))  # orthonormal rows: what is taken away
    accuracies: list[float] = []
    stopped = ""
    while not stopped:
        left = centred - centred @ basis.T @ basis
        # Primal: deterministic, and it converges.
        svm = LinearSVC(fit_intercept=False, dual=False, random_state=seed)
        svm.fit(left[~held_out], labels[~held_out])
        accuracies.append(float(svm.score(left[held_out], labels[held_out])))
        wider = _orthonormal(np.concatenate([basis, svm.coef_ / _norms(svm.coef_)]))
        if accuracies[-1] <= majority + _margin(accuracies[-1], held_out.sum()):
            stopped = AT_MAJORITY
        elif len(accuracies) > classifiers:
            stopped = AT_MOST
        elif len(wider) == features.shape[1]:
            stopped = AT_RANK
        else:
            basis = wider
    notes = {
        "classifiers": len(accuracies) - 1,
        "directions": len(basis),
        "held-out sentences": int(held_out.sum()),
        "accuracy before": accuracies[0],
        "accuracy after": accuracies[-1],
        "majority": majority,
        "stopped": stopped,
    }
    matrix = torch.tensor(np.eye(basis.shape[1]) - basis.T @ basis)
    return Projection.about(matrix, torch.tensor(mean), notes=notes)


def _held_out(labels: np.ndarray, seed: int) -> np.ndarray:
    """Which rows are held out: a fifth of each class, one at least; bool [N]."""
    generator = np.random.default_rng(seed)
    held_out = np.zeros(len(labels), dtype=bool)
    for name in np.unique(labels):
        rows = generator.permutation(np.flatnonzero(labels == name))
        if len(rows) < 2:
            raise InputError(
                f"INLP: a single sentence is {name}, and one is held out; give more "
                "texts, or a larger fit_sentences"
            )
        held_out[rows[: math.ceil(len(rows) * _HELD_OUT)]] = True
    return held_out


def _largest_share(labels: np.ndarray) -> float:
    return float(np.unique(labels, return_counts=True)[1].max() / len(labels))


def _margin(accuracy: float, count: int) -> float:
    """Two standard errors of an accuracy."""
    return 2 * math.sqrt(accuracy * (1 - accuracy) / count)


def _norms(rows: np.ndarray) -> np.ndarray:
    return np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)


def _orthonormal(rows: np.ndarray) -> np.ndarray:
    """An orthonormal basis of the span of ``rows``."""
    _, values, directions = np.linalg.svd(rows, full_matrices=False)
    return directions[values > _RANK_TOLERANCE * values[0]]
