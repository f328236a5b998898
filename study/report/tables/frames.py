"""What a model says of jobs, sentence by sentence."""

from __future__ import annotations

import numpy as np
import pandas as pd

from study.report.tables.norms import spread_and_mean


def frame_statistics(said: pd.DataFrame) -> pd.DataFrame:
    """Spread and mean of the shares of *she*, by variant and sentence.

    ``said`` has the columns variant, frame, word, stereotype, share and said, and may
    have model. Columns: those keys, ``r`` and ``slope`` of the shares on the stereotype
    (slope: per unit of it), ``spread`` (standard deviation), ``mean`` and ``said``.
    """
    keys = [key for key in ("model", "variant", "frame") if key in said]
    rows = []
    for key, part in said.groupby(keys, sort=False):
        share, stereotype = part["share"].to_numpy(), part["stereotype"].to_numpy()
        rows.append(
            {
                **dict(zip(keys, key, strict=True)),
                "r": np.corrcoef(share, stereotype)[0, 1],
                **spread_and_mean(share, stereotype),
                "said": part["said"].mean(),
            }
        )
    return pd.DataFrame(rows)


def by_frame(said: pd.DataFrame, variants: tuple[str, ...]) -> pd.DataFrame:
    """:func:`frame_statistics` of one model, a row a sentence, ``variants`` across."""
    found = frame_statistics(said).set_index(["frame", "variant"])
    wide = found[["spread", "mean", "slope"]].unstack("variant")
    columns = [(s, v) for s in ("spread", "mean", "slope") for v in variants]
    wide = wide.loc[list(said["frame"].unique()), columns]
    wide.columns = [f"{statistic}, {variant}" for statistic, variant in columns]
    return wide.reset_index()
