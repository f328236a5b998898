"""Does it survive fine-tuning, in either order?"""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from study.comparison.variants import BASE
from study.report.claims.claim import Claim, count, mean, others
from study.report.claims.left import LEFT, metric_values
from study.report.claims.models import Models, slug
from study.results.states import DEBIASED

POINTS = 10  # of bias left, by which it may come back
_METRICS = {LEFT: "{:.0f}", "offset": "{:.2f}", "SS majority": "{:.0f}"}


def robustness_claims(states: pd.DataFrame, models: Models) -> Iterator[Claim]:
    """What is left of the effect after each order of debiasing and fine-tuning.

    ``states`` has a row a model, variant (the order) and metric; a metric that is not
    among them is not claimed of.
    """
    if states.empty:  # no model was asked
        return
    for group in models.groups():
        own = states[states["model"].isin(group.models)]
        for metric, form in _METRICS.items():
            values = metric_values(own, metric).dropna()
            for state, part in values.groupby("variant", sort=False):
                if state == BASE and metric == LEFT:
                    continue
                text = f"{metric}, {state}, {group.called}"
                id_ = f"{_id(metric)}:{slug(state)}{group.suffix}"
                yield Claim(id_, "robustness", text, mean(part, form))
        left = metric_values(own, LEFT).dropna()
        for state, part in left.groupby("variant", sort=False):
            if state not in (BASE, DEBIASED):
                values = part.droplevel("variant")
                stays = values <= left[DEBIASED][values.index] + POINTS
                text = f"bias left is within {POINTS} points of {DEBIASED} alone"
                id_ = f"survives:{slug(state)}{group.suffix}"
                text = f"{text}, {state}, {group.called}"
                yield Claim(id_, "robustness", text, count(stays), None, others(stays))


def _id(metric: str) -> str:
    return f"tuned_{slug(metric).replace('-', '_')}"
