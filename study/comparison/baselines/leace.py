"""LEACE, least-squares concept erasure (Belrose et al. 2023), by its authors' library.

The smallest affine change of the hidden states after which no linear classifier can do
better than a constant: h ← P·h + (I − P)·E[h].
"""

from __future__ import annotations

import pandas as pd
import torch
from concept_erasure import LeaceFitter
from torch.nn.functional import one_hot

from gradiend.errors import InputError
from gradiend.lm.cloze import ClozeLM
from study.comparison.baselines.data import BaselineData
from study.comparison.edits import Projection
from study.comparison.sentence_vectors import sentence_means
from study.comparison.settings import FitSettings


def leace(lm: ClozeLM, data: BaselineData, settings: FitSettings) -> Projection:
    """Fitted on the labelled texts' mean hidden states."""
    features, labels = labelled_features(lm, data, settings)
    return leace_projection(features, labels)


def leace_projection(features: torch.Tensor, labels: torch.Tensor) -> Projection:
    """From features [N, H] and class numbers [N]."""
    # Without shrinkage the guarantee holds exactly on the data it is fitted on.
    eraser = LeaceFitter.fit(
        features, one_hot(labels).to(features), shrinkage=False
    ).eraser
    matrix = eraser.P
    offset = eraser.bias - matrix @ eraser.bias
    return Projection(matrix.float(), offset.float())


def labelled_features(
    lm: ClozeLM, data: BaselineData, settings: FitSettings
) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean hidden states [N, H] and class numbers [N] of labelled texts.

    A seeded draw, as many texts of a class as of another.

    Raises
    ------
    InputError
        if they are not of two classes at least.
    """
    classes = data.labelled["label"].unique()
    if len(classes) < 2:
        raise InputError(
            f"{data.domain.name}: the {len(data.labelled):,} labelled texts are of "
            f"{len(classes)} class ({', '.join(classes) or 'none'}); give texts of two"
        )
    of_class = data.labelled.groupby("label", sort=True)
    size = min(settings.fit_sentences, int(of_class.size().min()))
    rows = of_class.sample(size, random_state=data.seed)
    features = torch.tensor(sentence_means(lm, rows["text"].tolist()))
    return features, torch.tensor(pd.factorize(rows["label"], sort=True)[0])
