"""A feature's data as a model can read them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from gradiend.lm.cloze import ClozeLM
from gradiend.sampling import balanced_sample
from study.domains import FeatureData
from study.profiles.settings import Settings
from study.sources.chosen import load_data, source_of


def data_for(settings: Settings, lm: ClozeLM) -> FeatureData:
    """The settings' feature, without what is longer than the model reads.

    What is left out is counted in ``left_out``. The world's own texts fit its models,
    so there a row that is too long stays and is an error.
    """
    data = load_data(settings)
    if source_of(settings.data).planted:
        return data
    # A row that a model cannot answer at all is no longer than it reads.
    asked = lm.usable(data.table)
    table = lm.readable(asked)
    others = untrained = data.untrained
    if others is not None:
        others = lm.usable(others)
        untrained = lm.readable(others).reset_index(drop=True)
    neutral = readable_texts(lm, data.neutral)
    slot_texts = data.slot_texts
    kept = slot_texts["text"].isin(readable_texts(lm, slot_texts["text"].tolist()))
    slot_texts = slot_texts[kept].reset_index(drop=True)
    return replace(
        data,
        table=table.reset_index(drop=True),
        untrained=untrained,
        neutral=neutral,
        slot_texts=slot_texts,
        left_out={
            "cloze rows": _fewer(asked, table),
            "rows of other classes": _fewer(others, untrained),
            "neutral texts": len(data.neutral) - len(neutral),
            "slot texts": len(data.slot_texts) - len(slot_texts),
        },
    )


def test_sample(
    settings: Settings, lm: ClozeLM, data: FeatureData, rows: int
) -> pd.DataFrame:
    """At most ``rows`` test rows (0: all), as many a class, that the model can answer.

    Drawn of those alone, so that every evaluation of as many rows has the same ones.
    """
    test = lm.usable(data.table[data.table["split"] == "test"])
    return balanced_sample(test, rows, by="factual_class", seed=settings.seed)


def readable_texts(lm: ClozeLM, texts: Sequence[str]) -> list[str]:
    """Texts that are not longer than the model reads, special tokens counted."""
    encoded = lm.tokenizer(list(texts), verbose=False)["input_ids"] if texts else []
    return [
        text
        for text, ids in zip(texts, encoded, strict=True)
        if len(ids) <= lm.max_length
    ]


def _fewer(before: pd.DataFrame | None, after: pd.DataFrame | None) -> int:
    return 0 if before is None else len(before) - len(after)
