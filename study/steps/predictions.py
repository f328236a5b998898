"""What chosen models say at the slot of example texts (notebook 04)."""

from __future__ import annotations

import pandas as pd

from gradiend.autoencoder import Gradiend
from gradiend.evaluation.scoring import top_words
from gradiend.files import write_csv
from gradiend.lm.cloze import ClozeLM
from gradiend.rewriting import rewritten
from study.profiles.settings import Settings
from study.results import files
from study.results.selected import NOT_OURS, called, candidate


def example_predictions(
    settings: Settings, lm: ClozeLM, gradiend: Gradiend, selected: pd.DataFrame
) -> pd.DataFrame:
    """Top ten words of the domain's example texts; writes predictions.csv."""
    parts = []
    for _, row in selected[~selected["decoder"].isin(NOT_OURS)].iterrows():
        with rewritten(lm, gradiend, *candidate(row)):
            for text in settings.domain.examples:
                words = top_words(lm, text)
                parts.append(
                    words.assign(
                        variant=called(row["variant"], row["decoder"]),
                        text=text,
                        rank=range(1, len(words) + 1),
                    )
                )
    table = pd.concat(parts, ignore_index=True)
    write_csv(settings.folder / files.PREDICTIONS, table)
    return table
