"""Rows and a feature that is there: which class is its +1, and what h is read from."""

from __future__ import annotations

import logging

import pandas as pd

from gradiend.autoencoder import Gradiend
from gradiend.classes import LABELLED
from gradiend.settings import Source

_log = logging.getLogger(__name__)


def source_of(gradiend: Gradiend) -> Source:
    """The gradient that h of this feature is read from.

    That is the one it was trained on; of a closed form the factual one.
    """
    trained = gradiend.metadata.get("settings", {}).get("source", "factual")
    return gradiend.metadata.get("source", trained)


def labelled_as(gradiend: Gradiend, table: pd.DataFrame) -> pd.DataFrame:
    """``table`` with label +1 for the feature's class +1, where no file says otherwise.

    Labels that the file gives as numbers stay. That they are the other way round, or
    that its classes are not the feature's, is logged.
    """
    positive, negative = (gradiend.metadata.get(k) for k in ("positive", "negative"))
    ours = {
        label: set(table.loc[table["label"] == label, "factual_class"])
        for label in (1, -1)
    }
    if positive is None or positive in ours[1] or negative in ours[-1]:
        return table
    turned = positive in ours[-1] or negative in ours[1]
    if turned and LABELLED in table.attrs.get("changed", {}):
        return table.assign(label=-table["label"])
    first, second = (", ".join(sorted(ours[label])) or "none" for label in (1, -1))
    _log.warning(
        "label +1 is the class %s of the rows and %s of the feature (-1: %s and %s): "
        "%s",
        first,
        positive,
        second,
        negative,
        "h and label have opposite signs" if turned else "h tells of the feature's",
    )
    return table
