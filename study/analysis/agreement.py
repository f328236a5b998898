"""How well predicted changes agree with measured ones."""

from __future__ import annotations

import numpy as np
import pandas as pd

HOLDS = 0.9  # R² about the identity from which a prediction is said to hold
NEAR = 0.5  # relative error up to which it is


def r_squared(predicted: np.ndarray, measured: np.ndarray) -> float:
    """1 − Σ(measured − predicted)² / Σ(measured − mean)²: about the line y = x.

    Not of a fitted line: a prediction of the right order and the wrong size is wrong.
    Below 0 the mean of what was measured would have predicted better. NaN where
    nothing varies.
    """
    total = float(((measured - measured.mean()) ** 2).sum())
    left = float(((measured - predicted) ** 2).sum())
    return 1 - left / total if total > 0 else float("nan")


def relative_error(predicted: np.ndarray, measured: np.ndarray) -> float:
    """Root of Σ(measured − predicted)² / Σ measured²; NaN where nothing changes."""
    size = float((measured**2).sum())
    left = float(((measured - predicted) ** 2).sum())
    return (left / size) ** 0.5 if size > 0 else float("nan")


def agreement(changes: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """R², relative error, Pearson's r and the number of probes of each group.

    ``changes`` has the columns predicted and measured, a row a probe.
    """
    rows = []
    for keys, part in changes.groupby(by, sort=False):
        predicted, measured = (
            part[column].to_numpy(dtype=float) for column in ("predicted", "measured")
        )
        varied = predicted.std() > 0 and measured.std() > 0
        r = np.corrcoef(predicted, measured)[0, 1] if varied else np.nan
        rows.append(
            dict(zip(by, keys, strict=True))
            | {
                "R2": r_squared(predicted, measured),
                "error": relative_error(predicted, measured),
                "r": float(r),
                "probes": len(part),
            }
        )
    return pd.DataFrame(rows)


def holds_up_to(rates: np.ndarray, agreeing: pd.DataFrame) -> float:
    """The largest rate up to which R² ≥ .9 and the relative error ≤ .5; 0: none.

    ``agreeing`` has a row a rate, in the order of growing ``rates``.
    """
    good = (agreeing["R2"] >= HOLDS) & (agreeing["error"] <= NEAR)
    upto = np.cumprod(good.to_numpy(dtype=int)).astype(bool)
    return float(np.abs(rates[upto]).max()) if upto.any() else 0.0
