"""How far apart the classes of a feature are in what a model says."""

from __future__ import annotations

import pandas as pd

from study.domains import FEATURES, domain_of


def feature_gap(part: pd.DataFrame, feature: str, column: str) -> float:
    """Mean |P(+1) − P(−1)| over the attributes of the feature's domain."""
    domain, classes = domain_of(feature), FEATURES[feature].classes
    own = part[part["domain"] == domain.name]
    own = own.assign(named=own["class"].map(domain.class_of))
    gaps = []
    for _, query in own.groupby(["kind", "query"], sort=False):
        positive, negative = query.set_index("named").loc[list(classes), column]
        gaps.append(abs(positive - negative))
    return float(pd.Series(gaps).mean())
