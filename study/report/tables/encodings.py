"""What an encoder makes of the classes that it is asked of and was not trained on.

The evaluation labels the pairs of a feature's domain that were not trained 0 (paper,
Sec. 4). In half of their rows the word at the slot is of a third class. In the others
it is of a trained one and the third is the counterfactual: text, word and so the
factual gradient are those of a feature row (often of one that is there), and what the
encoder rightly says of it is counted wrong. Both halves are told apart here.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from gradiend.evaluation.kinds import FEATURE, UNTRAINED

THIRD = "third class"
BESIDE = "beside third"
_ENCODER = ("model", "feature")


def kinds_apart(rows: pd.DataFrame, *, by: Sequence[str] = _ENCODER) -> pd.DataFrame:
    """The rows, those of kind ``untrained`` as :data:`THIRD` or :data:`BESIDE`.

    Columns of ``rows``: those of ``by``, which name the encoder, kind, factual_class.
    """
    columns = [*by, "factual_class"]
    trained = pd.MultiIndex.from_frame(rows.loc[rows["kind"] == FEATURE, columns])
    own = pd.MultiIndex.from_frame(rows[columns]).isin(trained)
    kinds = np.where(own, BESIDE, THIRD)
    return rows.assign(kind=rows["kind"].mask(rows["kind"] == UNTRAINED, kinds))


def third_class(encodings: pd.DataFrame) -> pd.DataFrame:
    """One row an encoder that was asked of a third class: its mean |h| and Pearsons.

    ``encodings`` has the columns model, feature, kind, label, factual_class and h. It
    is a sample that has fewer rows of some kinds than ``Cor_Enc`` counts; so all kinds
    weigh the same here, as nearly all do there. Columns: model, feature, ``|h| kind``
    of each kind, and three times Pearson of h and label: over ``all rows``; the same of
    an h without a fault that reads the factual word alone (``ceiling``); and with the
    third class alone of the untrained pairs (``third only``).
    """
    apart = kinds_apart(encodings)
    rows = []
    for key, part in apart.groupby(list(_ENCODER), sort=False):
        if (part["kind"] == THIRD).any():
            size = part["h"].abs().groupby(part["kind"], sort=False).mean()
            sizes = {f"|h| {kind}": value for kind, value in size.items()}
            rows.append(dict(zip(_ENCODER, key, strict=True)) | sizes | _pearsons(part))
    return pd.DataFrame(rows)


def third_class_by_model(encodings: pd.DataFrame) -> pd.DataFrame:
    """:func:`third_class`, means over a model's features; empty where none has it."""
    table = third_class(encodings)
    if table.empty:
        return table
    models = table.drop(columns="feature").groupby("model", sort=False)
    means = models.mean()
    means.insert(0, "features", models.size())
    return means.reset_index()


def ceilings(encodings: pd.DataFrame, like: pd.DataFrame) -> pd.DataFrame:
    """The ceiling of :func:`third_class`, models and features as in ``like``.

    It is 1 where an encoder is asked of no third class.
    """
    table = third_class(encodings)
    if table.empty:
        return like.where(like.isna(), 1.0)
    found = table.pivot(index="model", columns="feature", values="ceiling")
    return found.reindex_like(like).fillna(1.0).where(like.notna())


def _pearsons(part: pd.DataFrame) -> dict[str, float]:
    own = part["kind"] == BESIDE
    kinds = part["kind"].replace([THIRD, BESIDE], UNTRAINED)
    weights = 1 / kinds.map(kinds.value_counts())
    feature = part[part["kind"] == FEATURE]
    signs = feature.groupby("factual_class")["label"].first()
    faultless = part["label"].mask(own, part["factual_class"].map(signs))
    return {
        "all rows": _pearson(part["h"], part["label"], weights),
        "ceiling": _pearson(faultless, part["label"], weights),
        "third only": _pearson(part["h"][~own], part["label"][~own], weights[~own]),
    }


def _pearson(values: pd.Series, labels: pd.Series, weights: pd.Series) -> float:
    """Pearson correlation of weighted rows; 0 where one side is constant."""
    covariance = np.cov(values, labels, aweights=weights)
    spread = np.sqrt(covariance[0, 0] * covariance[1, 1])
    return float(covariance[0, 1] / spread) if spread > 0 else 0.0
