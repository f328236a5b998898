"""Bootstrap intervals, from stored results of single examples (paper, Sec. 5).

A replicate draws as many examples as there are, with replacement; as a row of counts it
is a weight for each example, so that a metric of all replicates is a few matrix
products. The value shown is value ± 1.96 · SD over replicates.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

REPLICATES = 1_000
_Z = 1.96

Metric = Callable[[np.ndarray], np.ndarray]  # weights [R, examples] -> values [R]


@dataclass(frozen=True)
class Estimate:
    """A metric on all examples and the half width of its 95 % interval."""

    value: float
    margin: float

    @property
    def low(self) -> float:
        """Lower end of the interval."""
        return self.value - self.margin

    @property
    def high(self) -> float:
        """Upper end of the interval."""
        return self.value + self.margin

    def overlaps(self, other: Estimate) -> bool:
        """Whether the intervals touch; the paper's mark is that they do not."""
        return self.low <= other.high and other.low <= self.high


def draws(examples: int, *, seed: int, replicates: int = REPLICATES) -> np.ndarray:
    """How often each replicate draws each example, [replicates, examples]."""
    generator = np.random.default_rng(seed)
    shares = np.full(examples, 1 / examples)
    return generator.multinomial(examples, shares, size=replicates).astype(float)


def estimate(
    metric: Metric, examples: int, *, seed: int, replicates: int = REPLICATES
) -> Estimate:
    """The metric with its bootstrap interval."""
    value = float(metric(np.ones((1, examples)))[0])
    values = metric(draws(examples, seed=seed, replicates=replicates))
    return Estimate(value, _Z * float(np.std(values, ddof=1)))


def paired_difference(
    variant: Metric,
    base: Metric,
    examples: int,
    *,
    seed: int,
    replicates: int = REPLICATES,
) -> Estimate:
    """variant − base with its interval, both on the same resamples.

    Sharper than asking whether two intervals overlap: what is easy or hard about an
    example cancels.
    """
    weights = draws(examples, seed=seed, replicates=replicates)
    everything = np.ones((1, examples))
    value = float(variant(everything)[0] - base(everything)[0])
    values = variant(weights) - base(weights)
    return Estimate(value, _Z * float(np.std(values, ddof=1)))
