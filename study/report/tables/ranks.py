"""Methods side by side: ranked by the bias that is left, over common models or in each.

Made of the estimates of :mod:`study.report.estimates`, as the other tables are.
"""

from __future__ import annotations

import pandas as pd

from study.comparison.estimates import NEUTRAL_VALUE
from study.comparison.tasks.registry import COSTS
from study.comparison.variants import BASE, is_recent
from study.report.tables.styling import MISSING

# What ranks, in this order: a model's variants by the first two that it has. Where the
# truth is known it alone counts; SS is 50 of a model that always says the same, too.
_LEFT = "bias left"
RANKED = (_LEFT, "offset", "SS", "SEAT")
_COUNTED = 2
_PERPLEXITY = "PPL"
_COSTS = (_PERPLEXITY, "LMS", *COSTS)
COMMON = "common mean"


def rank_table(
    estimates: pd.DataFrame, domain: str, overview: pd.DataFrame
) -> pd.DataFrame:
    """Variants ranked by how much bias is left, 0 (worst) to 1 (best).

    Per metric and base model, ties share the mean rank. Where two or more models have
    all methods (recent ones aside), a row is a variant: ``mean`` is over the metrics of
    a model, then over the models, of which there are ``models``; ``common mean`` over
    those that all methods have, and ranks. Else methods of unlike models would be
    averaged: a row is a variant of a ``model``, ranked within it.

    ``overview`` says what a variant changes (``study.comparison.variants``). Costs are
    (mean) changes against the base model, that of perplexity in percent of it, over the
    common models.
    """
    rows = estimates[estimates["domain"] == domain]
    common = common_models(rows)
    shares = pd.concat(
        [_shares(part) for _, part in rows.groupby("model", sort=False)],
        ignore_index=True,
    )
    if common:
        keys, ranks = ["variant"], _over_models(shares, common)
        rows = rows[rows["model"].isin(common)]
    else:
        keys, ranks = ["model", "variant"], _within_models(shares)
    table = ranks.join(_costs(rows, keys)).reset_index()
    kinds = overview.drop_duplicates("variant").set_index("variant")
    for place, kind in enumerate(("changes weights", "post-processing")):
        named = table["variant"].map(kinds[kind]).map({True: "yes", False: ""})
        table.insert(len(keys) + place, kind, named)
    return table.rename(columns={"variant": "method"})


def _over_models(shares: pd.DataFrame, common: list[str]) -> pd.DataFrame:
    """Mean ranks over models, a row a variant, in the order of the common mean."""
    ranks = _ranks(shares, ["variant"])
    means = shares.groupby(["variant", "model"])["share"].mean().unstack()
    ranks.insert(0, "models", means.notna().sum(axis=1))
    ranks.insert(1, "mean", means.mean(axis=1))
    ranks.insert(2, COMMON, means[common].mean(axis=1, skipna=False))
    return ranks.sort_values([COMMON, "mean"], ascending=False, kind="stable")


def _within_models(shares: pd.DataFrame) -> pd.DataFrame:
    """Ranks of each model's own variants, a row a model and variant."""
    ranks = _ranks(shares, ["model", "variant"])
    ranks.insert(0, "mean", shares.groupby(["model", "variant"])["share"].mean())
    ranks = ranks.sort_values("mean", ascending=False, kind="stable")
    return pd.concat([ranks.loc[[model]] for model in shares["model"].unique()])


def _ranks(shares: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Mean rank by each metric that ranks."""
    by_metric = shares.groupby([*keys, "metric"])["share"].mean().unstack()
    return by_metric[[metric for metric in RANKED if metric in by_metric]]


def _costs(rows: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Mean changes of what must not be lost; what changes nowhere is no column."""
    changes = _changes(rows, keys)
    found = {}
    for metric in _COSTS:
        if metric in changes and changes[metric].round(9).nunique() > 1:
            unit = " (%)" if metric == _PERPLEXITY else ""
            found[f"Δ {metric}{unit}"] = changes[metric]
    return pd.DataFrame(found, index=changes.index)


def common_table(estimates: pd.DataFrame, domain: str) -> pd.DataFrame:
    """Bias left: methods down, models across, the mean (range) over two sets of them.

    The first set is the models that every listed method has, recent ones aside, so that
    methods can be compared (left out where they are fewer than two); the second all
    models of the method, with their number.
    """
    rows = estimates[(estimates["domain"] == domain) & (estimates["metric"] == _LEFT)]
    rows = rows[rows["variant"] != BASE]
    values = by_model(rows)
    common = common_models(rows)
    means = {}
    if common:
        means[f"mean (range), the {len(common)} models of all"] = [
            _mean_and_range(row) for _, row in values[common].iterrows()
        ]
    means["mean (range), all of the method"] = [
        _mean_of_models(row.dropna()) for _, row in values.iterrows()
    ]
    table = values.assign(**means).rename_axis(index="method", columns=None)
    return table.reset_index()


def by_model(rows: pd.DataFrame) -> pd.DataFrame:
    """Values of one metric, variants down and models across, in their order."""
    values = rows.pivot(index="variant", columns="model", values="value")
    return values.loc[rows["variant"].unique(), rows["model"].unique()]


def common_models(rows: pd.DataFrame) -> list[str]:
    """The models that have the first ranked metric of all methods, recent ones aside.

    Fewer than two are no common ground: none.
    """
    known = set(rows["metric"])
    metric = next((metric for metric in RANKED if metric in known), None)
    values = by_model(rows[(rows["metric"] == metric) & (rows["variant"] != BASE)])
    old = [method for method in values.index if not is_recent(method)]
    common = list(values.columns[values.loc[old].notna().all()])
    return common if len(common) > 1 else []


def _changes(rows: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Mean change of each metric, by ``keys``; of perplexity in percent."""
    perplexity = rows["metric"] == _PERPLEXITY
    percent = 100 * rows["change"] / (rows["value"] - rows["change"])
    change = rows["change"].where(~perplexity, percent)
    return rows.assign(change=change).pivot_table(
        index=keys, columns="metric", values="change", aggfunc="mean"
    )


def _shares(rows: pd.DataFrame) -> pd.DataFrame:
    """Relative ranks of one model's variants: columns model, variant, metric, share."""
    known = set(rows.loc[rows["value"].notna(), "metric"])
    chosen = [metric for metric in RANKED if metric in known][:_COUNTED]
    parts = []
    for metric in chosen:
        part = rows[(rows["metric"] == metric) & rows["value"].notna()]
        distance = (part["value"] - NEUTRAL_VALUE[metric]).abs().round(9)
        share = (distance.rank(ascending=False) - 1) / (len(part) - 1)
        parts.append(part[["model", "variant", "metric"]].assign(share=share))
    return pd.concat(parts)


def _mean_of_models(values: pd.Series) -> str:
    if len(values) == 1:
        return f"{values.iloc[0]:.1f}, 1 model"
    return f"{_mean_and_range(values)}, {len(values)} models"


def _mean_and_range(values: pd.Series) -> str:
    if values.empty or values.isna().any():
        return MISSING
    return f"{values.mean():.1f} ({values.min():.1f}–{values.max():.1f})"
