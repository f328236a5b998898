"""Where RLACE and LEACE read the class that they erase: chosen on validation.

Both are fitted on vectors of training rows, and both act on every token. A vector is
the mean of a whole sentence's last hidden states, as such methods mostly read them, or
the state at the slot, where the head reads. Neither is better in all models.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pandas as pd
import torch
from torch import Tensor

from gradiend.errors import InputError
from gradiend.lm.cloze import ClozeLM
from study.comparison.baselines.data import BaselineData, filled_texts
from study.comparison.edits import Projection
from study.comparison.sentence_vectors import sentence_means, slot_states
from study.comparison.settings import FitSettings

SENTENCES, SLOTS = "sentences", "slots"


def erased(
    lm: ClozeLM,
    data: BaselineData,
    settings: FitSettings,
    fit: Callable[[Tensor, Tensor], Projection],
) -> Projection:
    """``fit`` of vectors [N, H] and class numbers [N], read where validation prefers.

    Where neither makes anything better, that of the smaller gap. ``notes`` say which.
    """
    _, validation = data.contrasts()
    rows = class_rows(data, settings)
    labels = torch.tensor((rows["label"] > 0).astype(int).to_numpy())
    read = {
        SENTENCES: sentence_means(lm, filled_texts(rows)["text"].tolist()),
        SLOTS: slot_states(lm, rows),
    }
    edits = {place: fit(torch.tensor(v), labels) for place, v in read.items()}
    choice = validation.choice(lm, edits.__getitem__)
    choice.ask(edits)
    place = choice.chosen or min(edits, key=choice.gap)
    return replace(edits[place], notes={"read at": place, **choice.notes()})


def class_rows(data: BaselineData, settings: FitSettings) -> pd.DataFrame:
    """A seeded draw of the training rows, as many of each class.

    Raises
    ------
    InputError
        if there are no rows of two classes.
    """
    rows, _ = data.contrasts()
    if rows["label"].nunique() < 2:
        raise InputError(
            f"{data.domain.name}: RLACE and LEACE need cloze rows of two classes; give "
            "them, or leave these methods out of the profile's"
        )
    of_class = rows.groupby("label", sort=True)
    size = min(settings.fit_sentences, int(of_class.size().min()))
    return of_class.sample(size, random_state=data.seed)
