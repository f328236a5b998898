"""SentenceDebias (Liang et al. 2020): one direction of bias, projected away.

The direction v is the first principal component of the differences between a
sentence's versions (one a class) and their mean; h ← h − (h·v)·v.
"""

from __future__ import annotations

import numpy as np
import torch

from gradiend.lm.cloze import ClozeLM
from study.comparison.baselines.data import BaselineData, matching_texts
from study.comparison.edits import Projection
from study.comparison.sentence_vectors import sentence_means
from study.comparison.settings import FitSettings


def sentence_debias(
    lm: ClozeLM, data: BaselineData, settings: FitSettings
) -> Projection:
    """Fitted on the texts that name a class and their versions in every class."""
    texts = matching_texts(data, settings.fit_sentences)
    classes = data.words.classes
    versions = [
        [data.words.swapped(text, dict.fromkeys(classes, name)) for text in texts]
        for name in classes
    ]
    vectors = np.stack([sentence_means(lm, group) for group in versions])
    return Projection(torch.tensor(without_bias_direction(vectors)).float())


def without_bias_direction(vectors: np.ndarray) -> np.ndarray:
    """I − v·vᵀ [H, H] from sentence vectors [classes, sentences, H]."""
    vectors = vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
    differences = (vectors - vectors.mean(axis=0)).reshape(-1, vectors.shape[-1])
    _, _, directions = np.linalg.svd(differences, full_matrices=False)
    return np.eye(vectors.shape[-1]) - np.outer(directions[0], directions[0])
