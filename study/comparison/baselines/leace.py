"""LEACE, least-squares concept erasure (Belrose et al. 2023), by its authors' library.

The smallest affine change of the hidden states after which no linear classifier can do
better than a constant: h ← P·h + (I − P)·E[h].
"""

from __future__ import annotations

import torch
from concept_erasure import LeaceFitter
from torch.nn.functional import one_hot

from gradiend.errors import InputError
from gradiend.lm.cloze import ClozeLM
from study.comparison.baselines.data import BaselineData
from study.comparison.edits import Projection
from study.comparison.sentence_vectors import slot_states
from study.comparison.settings import FitSettings


def leace(lm: ClozeLM, data: BaselineData, settings: FitSettings) -> Projection:
    """Fitted on what the training rows are answered from."""
    features, labels = class_states(lm, data, settings)
    return leace_projection(features, labels)


def leace_projection(features: torch.Tensor, labels: torch.Tensor) -> Projection:
    """From features [N, H] and class numbers [N]."""
    # A covariance of few rows is nearly singular; what is the smallest change by it is
    # a huge one of other texts. Shrunken, the classes' means still agree exactly.
    eraser = LeaceFitter.fit(
        features, one_hot(labels).to(features), shrinkage=True
    ).eraser
    return Projection.about(eraser.P, eraser.bias)


def class_states(
    lm: ClozeLM, data: BaselineData, settings: FitSettings
) -> tuple[torch.Tensor, torch.Tensor]:
    """Last hidden states at the slots of training rows [N, H], class numbers [N].

    There the classes are told apart, and there the head reads: of whole sentences'
    means the same methods find other directions. A seeded draw, as many of each class.

    Raises
    ------
    InputError
        if there are no rows of two classes.
    """
    rows = data.rows
    if rows is None or rows["label"].nunique() < 2:
        raise InputError(
            f"{data.domain.name}: RLACE and LEACE need cloze rows of two classes; give "
            "them, or leave these methods out of the profile's"
        )
    of_class = rows.groupby("label", sort=True)
    size = min(settings.fit_sentences, int(of_class.size().min()))
    rows = of_class.sample(size, random_state=data.seed)
    labels = (rows["label"] > 0).astype(int).to_numpy()
    return torch.tensor(slot_states(lm, rows)), torch.tensor(labels)
