"""From results of single examples to metrics with bootstrap intervals.

Every table of the comparison is made of the rows of :func:`compared`; no model is
needed for them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial

import numpy as np
import pandas as pd

from study.comparison.benchmarks import crows, stereoset
from study.comparison.benchmarks.crows import crows_majority, crows_metric
from study.comparison.benchmarks.perplexity import perplexity
from study.comparison.benchmarks.seat import SeatScores, effect_size, p_value
from study.comparison.benchmarks.sides import named_apart
from study.comparison.benchmarks.stereoset import (
    icat,
    stereoset_majority,
    stereoset_metrics,
)
from study.comparison.benchmarks.suite import Scores
from study.comparison.bootstrap import (
    REPLICATES,
    Estimate,
    Metric,
    drawn_mean,
    draws,
    estimate,
    mean_estimate,
)
from study.comparison.tasks.metrics import side_metric, task_metric, unit_count
from study.comparison.tasks.registry import SUITES, TASKS
from study.domains import DOMAINS

FEWEST_NAMED = 20  # items that a majority is told of
ROUNDING = 1e-6  # of a metric's scale
_Numbers = float | pd.Series
_Flags = np.bool_ | pd.Series
# The intervals of a metric that is relative to the base model's, whose own is a point.
MARKED_BY = {"bias left": "gap", "bias left elsewhere": "gap elsewhere"}
# What a debiased model should have; elsewhere only more or less is better.
NEUTRAL_VALUE = {
    "bias left": 0.0,
    "bias left elsewhere": 0.0,
    "gap": 0.0,
    "gap elsewhere": 0.0,
    "offset": 0.0,
    "offset elsewhere": 0.0,
    "moved": 0.0,
    "SS": 50.0,
    "SS majority": 50.0,
    "SEAT": 0.0,
    "BBQ bias": 0.0,
    "WinoBias": 50.0,
    "WinoBias bias": 0.0,
    "CrowS": 50.0,
    "CrowS majority": 50.0,
}


def bias_estimates(
    scores: Scores, domain: str, *, seed: int, replicates: int = REPLICATES
) -> dict[str, Estimate]:
    """SS, LMS, ICAT, CrowS, PPL, SEAT and each ``SEAT: test`` of a domain.

    Beside SS and CrowS stand their majority shares, which are NaN where fewer than
    :data:`FEWEST_NAMED` items name their classes. The same ``seed`` draws the same
    examples, whatever the variant, so that two variants' estimates can be subtracted.
    """
    found = {
        name: estimate(metric, examples, seed=seed, replicates=replicates)
        for name, metric, examples in _metrics(scores, domain)
    }
    # Each of the two on its own examples, so each with draws of its own.
    found["ICAT"] = combined(icat, found["SS"], found["LMS"])
    tests = {
        f"SEAT: {name}": _seat(scores.seat[name], seed=seed, replicates=replicates)
        for name in DOMAINS[domain].seat
        if name in scores.seat
    }
    if tests:
        found["SEAT"] = mean_estimate([absolute(test) for test in tests.values()])
    return found | tests


def seat_p_values(scores: Scores, domain: str, *, seed: int) -> dict[str, float]:
    """Permutation p-value of each ``SEAT: test`` of a domain."""
    return {
        f"SEAT: {name}": p_value(scores.seat[name], seed=seed)
        for name in DOMAINS[domain].seat
        if name in scores.seat
    }


def task_estimates(predictions: pd.DataFrame, *, seed: int) -> dict[str, Estimate]:
    """Each ``suite: task``, of sided ones ``suite bias: task``, and the suites' means.

    ``predictions`` are one variant's (see :func:`study.steps.tasks.run_tasks`). A
    replicate draws training seeds, and of each of them the same validation rows; the
    splits of a task are averaged.
    """
    found: dict[str, Estimate] = {}
    for name, runs in predictions.groupby("task", sort=False):
        suite = TASKS[name].suite
        metrics = {suite: partial(task_metric, name)}
        if TASKS[name].sided:
            metrics[f"{suite} bias"] = partial(side_metric, name)
        for kind, metric in metrics.items():
            found[f"{kind}: {name}"] = _over_seeds(metric, runs, seed)
    for suite in SUITES:
        tasks = [found[name] for name in found if name.startswith(f"{suite}: ")]
        if tasks:
            found[suite] = mean_estimate(tasks)
    return found


def differs(change: _Numbers, before: _Numbers) -> _Flags:
    """Whether changes are such, and not rounding, of metrics that were ``before``."""
    return np.abs(change) > ROUNDING * np.maximum(1.0, np.abs(before))


def combined(metric: Callable[..., np.ndarray], *parts: Estimate) -> Estimate:
    """A metric of metrics, replicate by replicate."""
    value = metric(*(np.array(part.value) for part in parts))
    return Estimate(float(value), metric(*(part.replicates for part in parts)))


def absolute(found: Estimate) -> Estimate:
    """|metric|, replicate by replicate."""
    return combined(np.abs, found)


def compared(
    variant: Mapping[str, Estimate], base: Mapping[str, Estimate]
) -> Iterator[dict]:
    """One row a metric: value, margin, and the change against the base model.

    ``change`` ± ``change_margin`` is the paired bootstrap's difference; ``marked`` is
    the paper's significance: the two intervals do not overlap (those of
    :data:`MARKED_BY`, where a metric is one against the base's). A metric that could
    not be asked is not marked, nor is what differs by rounding alone.
    """
    for name, own in variant.items():
        difference = own - base[name]
        by = MARKED_BY.get(name, name)
        apart = not (np.isnan(own.margin) or variant[by].overlaps(base[by]))
        yield {
            "metric": name,
            "value": own.value,
            "margin": own.margin,
            "change": difference.value,
            "change_margin": difference.margin,
            "marked": bool(apart and differs(difference.value, base[name].value)),
        }


def _metrics(scores: Scores, domain: str) -> Iterator[tuple]:
    own = scores.stereoset[scores.stereoset["bias_type"] == domain]
    pairs = scores.crows[scores.crows["bias_type"] == DOMAINS[domain].crows]
    yield "SS", partial(_one, stereoset_metrics, own, "SS"), len(own)
    yield _majority("SS majority", stereoset_majority, own, stereoset.CLASSES)
    # How well it models language is asked on the examples of all domains.
    everything = scores.stereoset
    yield "LMS", partial(_one, stereoset_metrics, everything, "LMS"), len(everything)
    yield "CrowS", partial(_one, crows_metric, pairs, "CrowS"), len(pairs)
    yield _majority("CrowS majority", crows_majority, pairs, crows.CLASSES)
    texts = scores.likelihoods
    yield "PPL", partial(_one, perplexity, texts, "PPL"), len(texts)


def _over_seeds(
    metric: Callable[[pd.DataFrame], Metric], runs: pd.DataFrame, seed: int
) -> Estimate:
    """The mean over the training seeds of a task, which are drawn as its rows are."""
    trained = []
    for _, run in runs.groupby("seed"):
        splits = [split for _, split in run.groupby("split", sort=False)]
        trained.append(
            mean_estimate(
                [estimate(metric(s), unit_count(s), seed=seed) for s in splits]
            )
        )
    return drawn_mean(trained, seed=seed)


def _majority(name: str, metrics, items: pd.DataFrame, classes) -> tuple:
    """NaN where hardly an item names its classes: the larger side is chance there."""
    few = named_apart(*(items[column] for column in classes)).sum() < FEWEST_NAMED
    metric = _missing if few else partial(_one, metrics, items, name)
    return name, metric, len(items)


def _missing(weights: np.ndarray) -> np.ndarray:
    return np.full(len(weights), np.nan)


def _one(metrics, table: pd.DataFrame, name: str, weights: np.ndarray) -> np.ndarray:
    return metrics(table, weights)[name]


def _seat(scores: SeatScores, *, seed: int, replicates: int) -> Estimate:
    """The effect size; the sentences of each of the four sets are drawn."""
    drawn = [
        draws(size, seed=seed + number, replicates=replicates)
        for number, size in enumerate((*scores.targets, *scores.attributes))
    ]
    values = effect_size(
        scores,
        targets=np.concatenate(drawn[:2], axis=1),
        attributes=np.concatenate(drawn[2:], axis=1),
    )
    return Estimate(float(effect_size(scores)[0]), values)
