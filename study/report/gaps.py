"""What a model says of associations: how far apart, how balanced, how moved.

Associations are asked in queries, each with a row a word that competes there: columns
domain, kind, query, class (the word asked for), held_out, and what is said of it. P of
a class is that of its word, normalised over the words of the query.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import pandas as pd

from gradiend.errors import InputError
from study.comparison.bootstrap import REPLICATES, Estimate, estimate
from study.domains import FEATURES, domain_of

_QUERY = ["kind", "query"]


def held_out(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of associations on whose texts nothing was selected.

    Raises
    ------
    InputError
        if the table is an older one that does not say which they are.
    """
    if "held_out" not in table:
        raise InputError(
            "the associations have no column 'held_out'; run notebooks 04, 06 and 09 "
            "again, then gather"
        )
    return table[table["held_out"].astype(bool)]


def class_probabilities(
    rows: pd.DataFrame, feature: str, column: str = "learned"
) -> np.ndarray:
    """P(+1) and P(−1) at the queries of the feature's domain, [queries, 2].

    In the order of the queries in ``rows``, which are one model state's.
    """
    return _by_query(rows, feature, column).to_numpy(dtype=float)


def _by_query(
    rows: pd.DataFrame, feature: str, column: str = "learned"
) -> pd.DataFrame:
    """The same, a row a query, by which they are found."""
    domain, classes = domain_of(feature), FEATURES[feature].classes
    own = rows[rows["domain"] == domain.name]
    named = own["class"].map({w: domain.class_of(w) for w in own["class"].unique()})
    positive, negative = (own.loc[named == c, [*_QUERY, column]] for c in classes)
    # In the order of the first; as missing what was not asked of the second.
    both = positive.merge(negative, how="left", on=_QUERY, validate="1:1")
    return both.set_index(_QUERY)


def gap(
    probabilities: np.ndarray, weights: np.ndarray | None = None
) -> float | np.ndarray:
    """Mean |P(+1) − P(−1)|; [R] for ``weights`` [R, queries], a number for None."""
    return _mean(np.abs(probabilities[:, 0] - probabilities[:, 1]), weights)


def offset(
    probabilities: np.ndarray, weights: np.ndarray | None = None
) -> float | np.ndarray:
    """|mean share − ½|, share = P(+1) / (P(+1) + P(−1)); weights as in :func:`gap`."""
    share = probabilities[:, 0] / probabilities.sum(axis=1)
    return abs(_mean(share, weights) - 0.5)


def said(
    probabilities: np.ndarray, weights: np.ndarray | None = None
) -> float | np.ndarray:
    """Mean P(+1) + P(−1): does the model still say these words at all?"""
    return _mean(probabilities.sum(axis=1), weights)


def association_estimates(
    own: pd.DataFrame,
    base: pd.DataFrame,
    features: Sequence[str],
    *,
    seed: int,
    replicates: int = REPLICATES,
) -> dict[str, Estimate]:
    """What a state's associations say, against the base model's.

    ``gap``, ``bias left`` (the gap, % of the base's on the same draw), ``offset`` and
    ``said`` are means over ``features``, which are of one domain, at held-out queries;
    ``moved: domain`` is the mean |P − P of the base| at all associations of each other
    domain. Queries are what is drawn, the same of every state. Nothing of a domain that
    is not asked.

    Raises
    ------
    InputError
        if the state, or a feature, was asked other queries than the base.
    """
    found = {}
    queries = _by_query(held_out(base), features[0]).index
    mine, before = (
        np.stack([_at(queries, _by_query(held_out(rows), f)) for f in features])
        for rows in (own, base)
    )
    if len(queries):
        metrics = {
            "gap": partial(_over, gap, mine),
            "bias left": lambda weights: (
                100 * _over(gap, mine, weights) / _over(gap, before, weights)
            ),
            "offset": partial(_over, offset, mine),
        }
        # Where nothing but the two words competes, they always have all of it.
        if not np.allclose(before.sum(axis=-1), 1):
            metrics["said"] = partial(_over, said, mine)
        for name, metric in metrics.items():
            found[name] = estimate(
                metric, len(queries), seed=seed, replicates=replicates
            )
    for domain, changes in _changes(own, base, domain_of(features[0]).name).items():
        metric = partial(_mean, changes)
        found[f"moved: {domain}"] = estimate(
            metric, len(changes), seed=seed, replicates=replicates
        )
    return found


def sentence_estimates(
    own: pd.DataFrame, base: pd.DataFrame, *, seed: int, replicates: int = REPLICATES
) -> dict[str, Estimate]:
    """What a state says of jobs in other sentences, against the base model's.

    Both have the columns word (the job), frame (the sentence) and share (of *she* among
    *he* and *she*). ``gap elsewhere`` is the mean distance of the two shares, ``bias
    left elsewhere`` the same in % of the base's on the same draw, ``offset elsewhere``
    the mean over sentences of |mean share − ½|. Jobs are what is drawn. Nothing if no
    job was asked.
    """
    if own.empty:
        return {}
    asked = _shares(base)
    shares = _at(asked.index, _shares(own))
    mine, before = _apart(shares), _apart(asked.to_numpy())
    metrics = {
        "gap elsewhere": partial(_mean, mine),
        "bias left elsewhere": lambda weights: (
            100 * _mean(mine, weights) / _mean(before, weights)
        ),
        "offset elsewhere": lambda weights: np.abs(
            weights @ shares / weights.sum(1, keepdims=True) - 0.5
        ).mean(1),
    }
    return {
        name: estimate(metric, len(shares), seed=seed, replicates=replicates)
        for name, metric in metrics.items()
    }


def name_estimates(
    own: pd.DataFrame, base: pd.DataFrame, *, seed: int, replicates: int = REPLICATES
) -> dict[str, Estimate]:
    """What a state still makes of names: ``right after names``.

    The mean share of the right pronoun in texts that name a person, ½ for a model that
    no longer reads the name. Both tables have the columns masked (the text), name and
    share; texts are drawn, the same of every state. Nothing if none was asked.

    Raises
    ------
    InputError
        if the state was asked other texts than the base.
    """
    if own.empty:
        return {}
    texts, before = (rows.set_index(["masked", "name"]) for rows in (own, base))
    shares = _at(before.index, texts[["share"]])[:, 0]
    metric, name = partial(_mean, shares), "right after names"
    return {name: estimate(metric, len(shares), seed=seed, replicates=replicates)}


def moved(own: pd.DataFrame, base: pd.DataFrame, domain: str) -> dict[str, float]:
    """Other domain → mean |P − P of the base| over its associations."""
    changes = _changes(own, base, domain)
    return {f"moved: {name}": _mean(values, None) for name, values in changes.items()}


def _changes(own: pd.DataFrame, base: pd.DataFrame, domain: str) -> dict:
    """Other domain → mean |P − P of the base| of each of its queries, [queries]."""
    keys = ["domain", *_QUERY]
    others = own[own["domain"] != domain]
    both = others.merge(base, on=[*keys, "class"], validate="1:1")
    change = (both["learned_x"] - both["learned_y"]).abs()
    queries = change.groupby([both[key] for key in keys], sort=False).mean()
    return {
        name: values.to_numpy()
        for name, values in queries.groupby("domain", sort=False)
    }


def _at(queries: pd.Index, found: pd.DataFrame) -> np.ndarray:
    """What is found at exactly these queries, in their order, [queries, columns]."""
    other = queries.symmetric_difference(found.index)
    if len(other):
        raise InputError(
            f"a model state and the base were asked other queries (e.g. {other[0]!r}); "
            "gather both of one run"
        )
    return found.loc[queries].to_numpy(dtype=float)


def _shares(said: pd.DataFrame) -> pd.DataFrame:
    """The share of *she* of each job in each sentence, a row a job."""
    return said.pivot(index="word", columns="frame", values="share")


def _apart(shares: np.ndarray) -> np.ndarray:
    """How far a job's two shares are apart, mean over sentences, [jobs]."""
    return np.abs(2 * shares - 1).mean(axis=1)


def _over(metric, probabilities: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The mean of a metric over features, of ``probabilities`` [features, Q, 2]."""
    return np.mean([metric(feature, weights) for feature in probabilities], axis=0)


def _mean(values: np.ndarray, weights: np.ndarray | None) -> float | np.ndarray:
    if weights is None:
        return float(values.mean()) if len(values) else float("nan")
    return weights @ values / weights.sum(axis=1)
