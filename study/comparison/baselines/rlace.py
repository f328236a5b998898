"""RLACE, relaxed linear adversarial concept erasure (Ravfogel et al. 2022).

The projection of rank k that a linear classifier suffers from most:

    max over P  min over θ  cross-entropy(θ; h − P·h),

with P relaxed from projections of rank k to their convex hull, the Fantope
{P : 0 ≼ P ≼ I, tr P = k}; the k leading eigenvectors of the result are projected away.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from gradiend.lm.cloze import ClozeLM
from study.comparison.baselines.data import BaselineData
from study.comparison.baselines.erasure import erased
from study.comparison.edits import Projection
from study.comparison.settings import FitSettings

_BISECTIONS = 60
_LEARNING_RATE = 0.01  # of the classifier


def rlace(lm: ClozeLM, data: BaselineData, settings: FitSettings) -> Projection:
    """Rank 1, fitted on the training rows, read where validation prefers."""

    def fit(features: Tensor, labels: Tensor) -> Projection:
        matrix = rlace_projection(
            features, labels, steps=settings.rlace_steps, seed=data.seed
        )
        return Projection.about(matrix, features.mean(0))

    return erased(lm, data, settings, fit)


def rlace_projection(
    features: Tensor,
    labels: Tensor,
    *,
    rank: int = 1,
    steps: int = 2_000,
    seed: int = 0,
) -> Tensor:
    """I − U·Uᵀ [H, H] for the ``rank`` directions U that serve a classifier most.

    ``features`` are [N, H], ``labels`` class numbers [N]. Classifier and projection
    take turns; the mean of P over the second half of the steps is used, since the
    saddle point is circled rather than hit.
    """
    # Directions are those of the features themselves; only their scale is taken out.
    scaled = (features - features.mean(0)).double()
    scaled = scaled / scaled.std()
    size = features.shape[1]
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(size, size, generator=generator, dtype=torch.float64)
    concept = fantope((noise + noise.T) / size, rank).requires_grad_()
    classifier = nn.Linear(size, int(labels.max()) + 1).double()
    with torch.no_grad():
        for parameter in classifier.parameters():
            parameter.zero_()
    adversary = torch.optim.Adam(classifier.parameters(), lr=_LEARNING_RATE)
    mean = torch.zeros_like(concept)
    for step in range(steps):
        loss = cross_entropy(classifier(scaled - scaled @ concept), labels)
        adversary.zero_grad()
        (up,) = torch.autograd.grad(loss, concept, retain_graph=True)
        loss.backward(inputs=list(classifier.parameters()))
        adversary.step()
        with torch.no_grad():
            step_size = 1 / up.norm().clamp(min=1e-12) / (step + 1) ** 0.5
            concept.copy_(fantope(concept + step_size * (up + up.T) / 2, rank))
            if 2 * step >= steps:
                mean += concept
    _, vectors = torch.linalg.eigh(mean)
    leading = vectors[:, -rank:]
    return torch.eye(size, dtype=torch.float64) - leading @ leading.T


@torch.no_grad()
def fantope(matrix: Tensor, rank: int) -> Tensor:
    """The nearest symmetric matrix with eigenvalues in [0, 1] that sum to ``rank``."""
    values, vectors = torch.linalg.eigh((matrix + matrix.T) / 2)
    low, high = values.min() - 1, values.max()
    for _ in range(_BISECTIONS):  # the shift at which the clipped values sum to rank
        shift = (low + high) / 2
        if (values - shift).clamp(0, 1).sum() > rank:
            low = shift
        else:
            high = shift
    return (vectors * (values - high).clamp(0, 1)) @ vectors.T
