"""INLP, iterative null-space projection (Ravfogel et al. 2020).

A linear classifier is trained to tell the classes apart, the directions it uses are
projected away, and again, until nothing it could use is left or enough are trained.
"""

from __future__ import annotations

import numpy as np
import torch
from sklearn.svm import LinearSVC

from gradiend.lm.cloze import ClozeLM
from study.comparison.baselines.data import BaselineData, sentences_by_class
from study.comparison.edits import Projection
from study.comparison.sentence_vectors import sentence_means
from study.comparison.settings import FitSettings

_RANK_TOLERANCE = 1e-6


def inlp(lm: ClozeLM, data: BaselineData, settings: FitSettings) -> Projection:
    """Gender: male, female and neutral sentences; elsewhere biased and neutral ones."""
    groups = sentences_by_class(data, settings.fit_sentences)
    features = np.concatenate([sentence_means(lm, texts) for texts in groups.values()])
    labels = np.repeat(list(groups), [len(texts) for texts in groups.values()])
    matrix = null_space_projection(
        features, labels, classifiers=settings.inlp_classifiers, seed=data.seed
    )
    return Projection(torch.tensor(matrix, dtype=torch.float32))


def null_space_projection(
    features: np.ndarray, labels: np.ndarray, *, classifiers: int, seed: int
) -> np.ndarray:
    """Projection [H, H] onto the intersection of the classifiers' null spaces.

    ``features`` are [N, H]. Each classifier is a linear SVM without intercept, trained
    on what the ones before it have left.
    """
    size = features.shape[1]
    basis = np.zeros((0, size))  # orthonormal rows: what is projected away
    for _ in range(classifiers):
        left = features - features @ basis.T @ basis
        # Primal: deterministic, and it converges.
        svm = LinearSVC(fit_intercept=False, dual=False, random_state=seed)
        found = svm.fit(left, labels).coef_
        basis = _orthonormal(np.concatenate([basis, found / _norms(found)]))
        if len(basis) == size:
            break
    return np.eye(size) - basis.T @ basis


def _norms(rows: np.ndarray) -> np.ndarray:
    return np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)


def _orthonormal(rows: np.ndarray) -> np.ndarray:
    """An orthonormal basis of the span of ``rows``."""
    _, values, directions = np.linalg.svd(rows, full_matrices=False)
    return directions[values > _RANK_TOLERANCE * values[0]]
