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
from study.steps.data import test_sample
from study.steps.described import described


def evaluate_encoder(
    settings: Settings, lm: ClozeLM, data: FeatureData, gradiend: Gradiend
) -> tuple[pd.DataFrame, dict[str, float]]:
    """Encode the test rows; writes :data:`study.results.files.ENCODED`."""
    folder, limit = settings.folder, settings.encoder.test_rows
    with measured(folder / "encoder.run.json"):
        test = test_sample(settings, lm, data, limit)
        table = evaluation_table(
            lm,
            test,
            data.neutral[: settings.encoder.neutral_texts][: limit or None],
            excluded=data.excluded,
            seed=settings.seed,
            untrained=_as_many(data.untrained, len(test), settings),
        )
        table["h"] = encode(lm, gradiend, table, source=settings.training.source)
        statistics = encoder_statistics(table)
        write_csv(folder / files.ENCODINGS, table)
        write_json(folder / files.ENCODER, described(settings, "encoder", statistics))
    return table, statistics


def _as_many(
    untrained: pd.DataFrame | None, rows: int, settings: Settings
) -> pd.DataFrame | None:
    """As many untrained rows as feature rows, so that no kind outweighs the others."""
    if untrained is None:
        return None
    return balanced_sample(
        untrained,
        rows,
        by=["factual_class", "counterfactual_class"],
        seed=settings.seed,
    )
