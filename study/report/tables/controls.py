"""Would any decoder do? What rewritings of something else leave of a feature's bias.

Two controls: decoders of other features, asked of this one's associations; and closed
forms of this feature's rows, shuffled (notebook 11).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from study.comparison.bootstrap import Estimate
from study.domains.domain import BALANCED
from study.report.gaps import association_estimates
from study.report.tables.styling import MISSING
from study.results.selected import BASE, REFINED, TRAINED

LEFT = "bias left, %"
_CHOICES = {TRAINED: "N by the index", REFINED: "N refined"}


def left_by_features(
    associations: pd.DataFrame, feature: str, *, seed: int = 0
) -> pd.DataFrame:
    """Bias left in a feature's associations, in % of the base's, by whose N is applied.

    ``associations`` are the gathered ones of one model. Columns: feature (the one that
    is asked comes first), and for N by the index and N refined the value and its 95 %
    margin of a bootstrap over held-out queries; NaN where there is no such N.
    """
    rows = []
    for name, learned in associations.groupby("feature", sort=False):
        base = learned[learned["variant"] == BASE]
        row = {"feature": name}
        for decoder, called in _CHOICES.items():
            chosen = (learned["variant"] == BALANCED) & (learned["decoder"] == decoder)
            found = _bias_left(learned[chosen], base, feature, seed)
            row |= {called: found.value, f"± {called}": found.margin}
        rows.append(row)
    table = pd.DataFrame(rows)
    others = table["feature"] != feature
    return table.iloc[np.argsort(others, kind="stable")].reset_index(drop=True)


def with_margins(table: pd.DataFrame) -> pd.DataFrame:
    """Texts ``value ± margin`` for each column that has one, as ``± column``."""
    shown = table.copy()
    for column in [name for name in table if f"± {name}" in table]:
        values, margins = table[column], shown.pop(f"± {column}")
        shown[column] = [
            MISSING if np.isnan(value) else f"{value:.1f} ± {margin:.1f}"
            for value, margin in zip(values, margins, strict=True)
        ]
    return shown


def left_by_shuffled(
    shuffled: pd.DataFrame, said: pd.DataFrame, feature: str, *, seed: int = 0
) -> pd.DataFrame:
    """Numbers of ``shuffled`` with the bias left, in % of the base's, and its margin.

    ``said`` is what each of its decoders says of the held-out associations.
    """
    answers = dict(tuple(said.groupby("decoder", sort=False)))
    found = [
        _bias_left(answers[name], answers[BASE], feature, seed)
        for name in shuffled["decoder"]
    ]
    table = shuffled[["decoder"]].assign(
        **{LEFT: [f.value for f in found], f"± {LEFT}": [f.margin for f in found]}
    )
    return table.assign(**shuffled.drop(columns="decoder"))


def _bias_left(
    own: pd.DataFrame, base: pd.DataFrame, feature: str, seed: int
) -> Estimate:
    nothing = Estimate(np.nan, np.array([np.nan, np.nan]))
    if own.empty:
        return nothing
    found = association_estimates(own, base, [feature], seed=seed)
    return found.get("bias left", nothing)
