"""What first order says of a rewriting, before any model is rewritten.

Under W + α·dec(h) the log-odds ℓ of two words at a slot change, to first order, by
α·⟨∇ℓ, dec(h)⟩ = α·h·⟨∇ℓ, W_d⟩ + α·⟨∇ℓ, b_d⟩. Two forward-mode passes give both inner
products for every text, and with them the place to begin a search. (Not in the paper.)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from gradiend.autoencoder import Gradiend
from gradiend.encoding import directional_derivatives
from gradiend.errors import InputError
from gradiend.gradients import source_losses
from gradiend.lm.cloze import ClozeLM

_LARGEST_H = 2.0
_NOTHING = 1e-4  # share of W_d's slopes: smaller ones of b_d are rounding


@dataclass(frozen=True)
class Slopes:
    """Of each row [R]: log P(+1) − log P(−1), and its slopes along W_d and b_d."""

    log_odds: np.ndarray
    weight: np.ndarray
    bias: np.ndarray

    def along(self, h: float) -> np.ndarray:
        """Slopes along dec(h), [R]."""
        return h * self.weight + self.bias

    def predicted(self, h: float, learning_rate: float) -> np.ndarray:
        """Log-odds of each row under W + α·dec(h), to first order, [R]."""
        return self.log_odds + learning_rate * self.along(h)


def log_odds_slopes(
    lm: ClozeLM, gradiend: Gradiend, rows: pd.DataFrame, *, batch_size: int = 64
) -> Slopes:
    """Of the rows of a cloze table, each with its own two words and label ±1.

    Raises
    ------
    InputError
        for a GRADIEND of several neurons, whose W_d are several directions.
    """
    if len(gradiend.neurons) > 1:
        raise InputError(
            f"the slopes are of one neuron, and the GRADIEND has "
            f"{len(gradiend.neurons)}; ask each of .neurons"
        )
    encoded, signs = lm.encode(rows), rows["label"].to_numpy(dtype=float)
    found = np.empty((3, len(encoded)))
    for indices, batch in lm.batches(encoded, batch_size=batch_size):
        with torch.no_grad():
            losses = source_losses(lm.log_probabilities(batch), batch, "difference")
        along = [
            directional_derivatives(lm, direction, batch, source="difference")
            for direction in (gradiend.decoder_weight, gradiend.decoder_bias)
        ]
        found[:, indices] = torch.stack([losses, *along]).cpu().double().numpy()
    # A difference of losses is the log-odds of the other class's word.
    return Slopes(*(-signs * found))


def share_rise(slopes: Slopes, h: float, learning_rate: float) -> float:
    """d (mean share of class +1) / d (α·h) at a candidate, to first order."""
    share = 1 / (1 + np.exp(-slopes.predicted(h, learning_rate)))
    return float((share * (1 - share) * slopes.weight).mean())


def levelling_candidate(slopes: Slopes) -> tuple[float, float]:
    """(h, α) that brings the log-odds closest to 0 everywhere, to first order.

    The least-squares solution in α·h and α, of those with h where the encoder's values
    are at home and α > 0, since dec(0) = b_d is what levels the classes. Where every
    text is in both classes b_d is 0, and W_d alone is left to level them: h is ±1.
    Where no such α levels anything, a search has to begin somewhere: at the bound of h
    that harms least, α as large as would level there with the other sign. α = 0 says
    that no step along the feature brings the texts closer to level.

    Raises
    ------
    InputError
        if the log-odds have no slope: to first order, nothing moves them.
    """
    sizes = np.linalg.norm(slopes.weight), np.linalg.norm(slopes.bias)
    if not sum(sizes) > 0:
        raise InputError(
            "the texts' log-odds have no slope along this feature, so no rewriting "
            "levels them; learn it from other rows, or ask other texts"
        )
    if sizes[1] <= _NOTHING * sizes[0]:
        both = -(slopes.weight @ slopes.log_odds) / (slopes.weight @ slopes.weight)
        return float(np.sign(both)), float(abs(both))
    along = np.column_stack([slopes.weight, slopes.bias])
    (both, rate), *_ = np.linalg.lstsq(along, -slopes.log_odds, rcond=None)
    if rate > 0 and abs(both / rate) <= _LARGEST_H:
        return float(both / rate), float(rate)
    # The squares grow away from their least, so in the range they are least at a bound.
    bounds = [h for h in (-_LARGEST_H, _LARGEST_H) if slopes.along(h).any()]
    rates = {h: _rate_at(slopes, h) for h in bounds}
    levels = {h: rate for h, rate in rates.items() if rate > 0} or {
        h: abs(rate) for h, rate in rates.items()
    }
    return min(levels.items(), key=lambda place: _squares(slopes, *place))


def _rate_at(slopes: Slopes, h: float) -> float:
    """The α of least squares at an h, of either sign."""
    along = slopes.along(h)
    return float(-(along @ slopes.log_odds) / (along @ along))


def _squares(slopes: Slopes, h: float, rate: float) -> float:
    return float(np.square(slopes.predicted(h, rate)).sum())
