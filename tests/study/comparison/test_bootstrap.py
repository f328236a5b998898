"""Bootstrap: intervals that cover, and differences that are sharper when paired."""

from __future__ import annotations

import numpy as np
import pytest

from study.comparison.bootstrap import Estimate, draws, estimate, mean_estimate


def mean_of(values: np.ndarray):
    return lambda weights: weights @ values / weights.sum(axis=1)


def test_draws_are_counts_and_the_same_for_a_seed():
    first = draws(7, seed=3, replicates=50)
    assert first.shape == (50, 7) and (first.sum(axis=1) == 7).all()
    assert (first == draws(7, seed=3, replicates=50)).all()
    assert (first != draws(7, seed=4, replicates=50)).any()


def test_of_no_examples_there_is_no_number():
    found = estimate(mean_of(np.empty(0)), 0, seed=0, replicates=5)
    assert np.isnan(found.value) and np.isnan(found.replicates).all()
    assert found.replicates.shape == (5,)


def test_intervals_cover_the_truth():
    """In 93 to 97 % of 1,000 simulated data sets."""
    generator = np.random.default_rng(0)
    covered = 0
    for number in range(1_000):
        values = (generator.random(300) < 0.6).astype(float)
        found = estimate(mean_of(values), 300, seed=number)
        covered += found.low <= 0.6 <= found.high
    assert 0.93 <= covered / 1_000 <= 0.97


def test_the_margin_is_that_of_a_mean():
    values = np.random.default_rng(0).normal(size=400)
    found = estimate(mean_of(values), 400, seed=0)
    assert found.value == pytest.approx(values.mean())
    assert found.margin == pytest.approx(1.96 * values.std() / 20, rel=0.1)


def test_a_paired_difference_forgets_what_both_share():
    generator = np.random.default_rng(0)
    base = generator.normal(size=200)
    variant = base + 0.1 + generator.normal(scale=0.05, size=200)
    separate = [estimate(mean_of(v), 200, seed=1) for v in (variant, base)]
    assert separate[0].overlaps(separate[1])
    difference = separate[0] - separate[1]
    assert difference.low > 0
    assert difference.margin < separate[0].margin / 5


def interval(value: float, margin: float) -> Estimate:
    """An estimate with that margin: two replicates, of SD √2 times their distance."""
    step = margin / 1.96 / np.sqrt(2)
    return Estimate(value, np.array([value - step, value + step]))


def test_intervals_that_touch_overlap():
    assert interval(0, 1.001).overlaps(interval(2, 1.001))
    assert not interval(0, 1).overlaps(interval(2.1, 1))


def test_the_mean_of_metrics_is_taken_replicate_by_replicate():
    parts = [Estimate(1, np.array([0.0, 2.0])), Estimate(3, np.array([4.0, 2.0]))]
    mean = mean_estimate(parts)
    assert mean.value == 2 and mean.replicates.tolist() == [2, 2]
    assert mean.margin == 0
