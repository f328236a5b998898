"""LEACE, least-squares concept erasure (Belrose et al. 2023), by its authors' library.

The smallest affine change of the hidden states after which no linear classifier can do
better than a constant: h ← P·h + (I − P)·E[h].
"""

from __future__ import annotations

import torch
from concept_erasure import LeaceFitter
from torch.nn.functional import one_hot

from gradiend.lm.cloze import ClozeLM
from study.comparison.baselines.data import BaselineData
from study.comparison.baselines.erasure import erased
from study.comparison.edits import Projection
from study.comparison.settings import FitSettings


def leace(lm: ClozeLM, data: BaselineData, settings: FitSettings) -> Projection:
    """Fitted on the training rows, read where validation prefers."""
    return erased(lm, data, settings, leace_projection)


def leace_projection(features: torch.Tensor, labels: torch.Tensor) -> Projection:
    """From features [N, H] and class numbers [N]."""
    # A covariance of few rows is nearly singular; what is the smallest change by it is
    # a huge one of other texts. Shrunken, the classes' means still agree exactly.
    eraser = LeaceFitter.fit(
        features, one_hot(labels).to(features), shrinkage=True
    ).eraser
    return Projection.about(eraser.P, eraser.bias)
