"""The tables of notebook 11, from what its steps write."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gradiend.errors import check_choice
from study.results.first_order import EVERY, NEAR, SELECTED


def agreement_summary(
    agreement: pd.DataFrame, holds: pd.DataFrame, *, by_set: bool = False
) -> pd.DataFrame:
    """R² of first order at a tenth of the selected α and at it, and how far it holds.

    A row a variant and kind of number, all sets together or ``by_set``.
    """
    keys = ["variant", "quantity", "set"]
    check_choice(EVERY, dict.fromkeys(agreement["set"]), "set of probes")
    found = agreement[agreement["set"].eq(EVERY) != by_set].set_index(keys)
    near, there = (found[np.isclose(found["share"], at)] for at in (NEAR, SELECTED))
    table = pd.DataFrame(
        {
            "probes": near["probes"],
            "R² at α/10": near["R2"],
            "R² at α": there["R2"],
            "second order, at α": there["R2 second order"],
            "r at α": there["r"],
            "error at α": there["error"],
        }
    )
    limits = holds.set_index(keys)[["up to α", "selected α"]]
    table = table.join(limits).reset_index()
    return table if by_set else table.drop(columns="set")


def cost_shares(projected: pd.DataFrame) -> pd.DataFrame:
    """Held-out gap, said, LMS and loss as shares of the base's, a row a decoder."""
    base, rest = projected.iloc[0], projected.iloc[1:]
    shares = {name: rest[name] / base[name] for name in ("gap", "said", "LMS", "loss")}
    kept = rest[["decoder", "asked", "h", "learning_rate", "offset"]]
    return kept.assign(**shares)[
        ["decoder", "asked", "h", "learning_rate", *shares, "offset"]
    ].assign(**{c: rest[c] for c in ("said elsewhere", "others moved")})
