"""Bootstrap intervals, from stored results of single examples (paper, Sec. 5).

A replicate draws as many examples as there are, with replacement; as a row of counts it
is a weight for each example, so that a metric of all replicates is a few matrix
products. The value shown is value ± 1.96 · SD over replicates.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

REPLICATES = 1_000
_Z = 1.96
_PARTS = 1  # the stream of random numbers that draws parts

Metric = Callable[[np.ndarray], np.ndarray]  # weights [R, examples] -> values [R]


@dataclass(frozen=True)
class Estimate:
    """A metric on all examples and on each replicate, [R]."""

    value: float
    replicates: np.ndarray

    @property
    def margin(self) -> float:
        """Half width of the 95 % interval."""
        return _Z * float(np.std(self.replicates, ddof=1))

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

    def __sub__(self, other: Estimate) -> Estimate:
        """The paired difference, if both were made on the same draws.

        Sharper than asking whether two intervals overlap: what is easy or hard about
        an example cancels.
        """
        return Estimate(self.value - other.value, self.replicates - other.replicates)


@lru_cache(maxsize=16)  # all variants of a model see the same draws
def draws(
    examples: int, *, seed: int | tuple[int, ...], replicates: int = REPLICATES
) -> np.ndarray:
    """How often each replicate draws each example, [replicates, examples]."""
    generator = np.random.default_rng(seed)
    shares = np.full(examples, 1 / examples)
    drawn = generator.multinomial(examples, shares, size=replicates).astype(float)
    drawn.flags.writeable = False
    return drawn


def estimate(
    metric: Metric, examples: int, *, seed: int, replicates: int = REPLICATES
) -> Estimate:
    """The metric with its replicates; the same ``seed`` draws the same examples.

    Of no examples it is NaN.
    """
    if not examples:
        return Estimate(np.nan, np.full(replicates, np.nan))
    value = float(metric(np.ones((1, examples)))[0])
    return Estimate(value, metric(draws(examples, seed=seed, replicates=replicates)))


def mean_estimate(parts: list[Estimate]) -> Estimate:
    """The mean of several metrics, replicate by replicate."""
    return Estimate(
        float(np.mean([part.value for part in parts])),
        np.mean([part.replicates for part in parts], axis=0),
    )


def drawn_mean(parts: list[Estimate], *, seed: int) -> Estimate:
    """The mean of parts that are a draw themselves, such as runs of a training.

    Each replicate draws as many parts as there are, with replacement; the same ``seed``
    draws the same parts. The mean of a single part is that part.
    """
    replicates = np.stack([part.replicates for part in parts], axis=1)
    # Of another stream than the examples', which the same seed draws.
    stream = (seed, _PARTS)
    counts = draws(len(parts), seed=stream, replicates=len(replicates))
    value = float(np.mean([part.value for part in parts]))
    return Estimate(value, (counts * replicates).sum(axis=1) / len(parts))
