"""Evaluating the encoder on a feature's test rows (notebook 03)."""

from __future__ import annotations

import pandas as pd

from gradiend.autoencoder import Gradiend
from gradiend.encoding import encode
from gradiend.evaluation.encoder import encoder_statistics, evaluation_table
from gradiend.files import write_csv, write_json
from gradiend.lm.cloze import ClozeLM
from gradiend.sampling import balanced_sample
from study.domains import FeatureData
from study.profiles.settings import Settings
from study.results import files
from study.results.making import measured
from study.steps.described import described


def evaluate_encoder(
    settings: Settings, lm: ClozeLM, data: FeatureData, gradiend: Gradiend
) -> tuple[pd.DataFrame, dict[str, float]]:
    """Encode the test rows; writes :data:`study.results.files.ENCODED`."""
    folder, limit = settings.folder, settings.encoder.test_rows
    with measured(folder / "encoder.run.json"):
        test = data.table[data.table["split"] == "test"]
        table = evaluation_table(
            lm,
            balanced_sample(test, limit, by="factual_class", seed=settings.seed),
            data.neutral[: settings.encoder.neutral_texts][: limit or None],
            excluded=data.excluded,
            seed=settings.seed,
            untrained=_like_many(data.untrained, test, settings),
        )
        table["h"] = encode(lm, gradiend, table, source=settings.training.source)
        statistics = encoder_statistics(table)
        write_csv(folder / files.ENCODINGS, table)
        write_json(folder / files.ENCODER, described(settings, "encoder", statistics))
    return table, statistics


def _like_many(
    untrained: pd.DataFrame | None, test: pd.DataFrame, settings: Settings
) -> pd.DataFrame | None:
    """As many untrained rows as feature rows, so that no kind outweighs the others."""
    if untrained is None:
        return None
    limit = settings.encoder.test_rows or len(test)
    return balanced_sample(
        untrained,
        min(len(test), limit),
        by=["factual_class", "counterfactual_class"],
        seed=settings.seed,
    )
