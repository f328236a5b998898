"""A rewriting that is taken apart, and what the model says under parts of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gradiend.autoencoder import Gradiend
from gradiend.errors import InputError
from gradiend.lm.cloze import ClozeLM
from gradiend.rewriting import rewritten
from gradiend.vectors import ParameterDict, norm
from study.analysis.few_weights import changing_by
from study.domains import FeatureData
from study.domains.domain import BALANCED
from study.profiles.settings import Settings
from study.results.anatomy import NOTHING
from study.results.selected import (
    REFINED,
    TRAINED,
    called,
    candidate,
    read_selected,
)
from study.steps.data import data_for
from study.steps.decoder import decoder_measure
from study.steps.training import load_gradiend

_OURS = (REFINED, TRAINED)


@dataclass(frozen=True)
class Subject:
    """A feature of a model, and the rewriting (h, α) that is taken apart."""

    settings: Settings
    lm: ClozeLM
    data: FeatureData
    gradiend: Gradiend
    variant: str
    h: float
    learning_rate: float

    @classmethod
    def of(cls, settings: Settings, lm: ClozeLM) -> Subject:
        """With the refined balanced variant; if that is the base model, another one.

        Raises
        ------
        InputError
            if all are the base model: there is nothing to take apart.
        """
        selected = read_selected(settings.folder)
        own = selected[selected["decoder"].isin(_OURS) & selected["h"].notna()]
        if own.empty:
            raise InputError(
                f"every selected model of {settings.feature} is the base model itself; "
                "name other features (anatomy: {features: …})"
            )
        # The balanced one first, refined before as it is on the grid.
        row = own.iloc[
            np.lexsort((own["decoder"].map(_OURS.index), own["variant"] != BALANCED))[0]
        ]
        return cls(
            settings,
            lm,
            data_for(settings, lm),
            load_gradiend(settings, lm),
            called(row["variant"], row["decoder"]),
            *candidate(row),
        )

    def measured(self, changes: Iterable[tuple[dict, ParameterDict]]) -> pd.DataFrame:
        """What the model says under each change: names, norm, numbers and variant.

        The changes are those of α = 1.
        """
        asked = self.settings.anatomy.lms_texts
        measure = decoder_measure(
            self.settings,
            self.lm,
            self.data,
            balance=True,
            held_out=True,
            lms_texts=asked,
        )
        base = {"choice": NOTHING, "count": 0, "norm": 0.0}
        rows = [base | measure()]
        for names, change in changes:
            length = abs(self.learning_rate) * norm(change)
            gradiend = changing_by(self.gradiend, change)
            with rewritten(self.lm, gradiend, self.h, self.learning_rate):
                rows.append({**names, "norm": length, **measure()})
        return pd.DataFrame(rows).assign(variant=self.variant)
