"""Bias left by every method (paper, Sec. 5), over common models and with its range.

A mean over all models of a method is not compared with one over others: methods stand
side by side over the models that all of them have.
"""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from study.comparison.variants import BASE, DECODERS, is_recent
from study.domains import DOMAINS, Domain
from study.domains.domain import BALANCED
from study.report.claims.claim import Claim, count, mean, names
from study.report.claims.models import Group, Models, slug

LEFT = "bias left"
_GROUP = "bias left"


def metric_values(
    estimates: pd.DataFrame, metric: str, column: str = "value"
) -> pd.Series:
    """A column of one metric, by variant and model."""
    rows = estimates[estimates["metric"] == metric]
    return rows.set_index(["variant", "model"])[column]


def ours(domain: Domain) -> list[str]:
    """The rows of GRADIEND's balanced variants, of every decoder."""
    rows = [domain.row_names(feature)[BALANCED] for feature in domain.features]
    return [f"{name}{made}" for name in rows for made in ("", *DECODERS)]


def left_claims(estimates: pd.DataFrame, models: Models) -> Iterator[Claim]:
    """Bias left, % of the base's, of every method that is to take it away.

    ``estimates`` has a row a model, domain, variant and metric.
    """
    for name, rows in estimates.groupby("domain", sort=False):
        domain = DOMAINS[name]
        values = metric_values(rows, LEFT).unstack("model", sort=False)
        values = values.drop(index=[BASE, *_on_purpose(domain)], errors="ignore")
        for group in models.groups():
            table = values[[model for model in group.models if model in values]]
            table = table.dropna(how="all")
            if not table.empty:
                yield from _compared(table, name, group)
                yield from _worse(table, domain, group)


def _compared(table: pd.DataFrame, domain: str, group: Group) -> Iterator[Claim]:
    """Each method over the models that all have; and over all models of its own.

    A recent method, which few models are asked for, over its own alone.
    """
    old = [method for method in table.index if not is_recent(method)]
    common = table.columns[table.loc[old].notna().all()]
    for method, values in table.iterrows():
        text = f"bias left in {domain}, % of the base's, {method}"
        id_ = f"{domain}:{slug(method)}{group.suffix}"
        if len(common) and values[common].notna().all():
            said = f"{text}, {_counted(len(common), 'that all methods have', group)}"
            quantity = mean(values[common], "{:.0f}")
            yield Claim(f"left:{id_}", _GROUP, said, quantity)
        own = values.dropna()
        if not own.index.isin(common).all() or len(own) < len(common):
            said = f"{text}, {_counted(len(own), 'that it has', group)}"
            yield Claim(f"left_own:{id_}", _GROUP, said, mean(own, "{:.0f}"))


def _worse(table: pd.DataFrame, domain: Domain, group: Group) -> Iterator[Claim]:
    """Models in which a variant of ours leaves more than there was."""
    for method in ours(domain):
        if method not in table.index:
            continue
        own = table.loc[method].dropna()
        more = own > 100
        text = f"{method} leaves more bias in {domain.name} than the base has"
        id_ = f"left_worse:{domain.name}:{slug(method)}{group.suffix}"
        said = f"{text}, {group.called}"
        yield Claim(id_, _GROUP, said, count(more), None, names(more[more]))


def _on_purpose(domain: Domain) -> list[str]:
    """Rows of variants that are to be biased."""
    rows = [domain.row_names(feature).items() for feature in domain.features]
    return [name for row in rows for variant, name in row if variant != BALANCED]


def _counted(number: int, said: str, group: Group) -> str:
    return group.called if group.suffix else f"{number} {group.called} {said}"
