"""Methods over all models: ranked by the bias that is left, and on common models.

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
RANKED = ("bias left", "offset", "SS", "SEAT")
_COUNTED = 2
_PERPLEXITY = "PPL"
_COSTS = (_PERPLEXITY, "LMS", *COSTS)
COMMON = "common mean"


def rank_table(
    estimates: pd.DataFrame, domain: str, overview: pd.DataFrame
) -> pd.DataFrame:
    """Variants ranked by how much bias is left, 0 (worst) to 1 (best).

    Per metric and base model, ties share the mean rank; ``mean`` is over the metrics of
    a model, then over the models, of which there are ``models``; ``common mean`` is
    over the models that all methods have (recent ones aside), and ranks if they are two
    or more. ``overview`` says what a variant changes (``study.comparison.variants``).
    Costs are mean changes against the base model, that of perplexity in percent of it,
    over the common models, or over all where there are none.
    """
    rows = estimates[estimates["domain"] == domain]
    common = _common_models(rows)
    parts = [_shares(part) for _, part in rows.groupby("model", sort=False)]
    shares = pd.concat(parts, ignore_index=True)
    by_variant = shares.groupby(["variant", "metric"])["share"].mean().unstack()
    ranks = by_variant[[metric for metric in RANKED if metric in by_variant]]
    means = shares.groupby(["variant", "model"])["share"].mean().unstack()
    ranks.insert(0, "models", means.notna().sum(axis=1))
    ranks.insert(1, "mean", means.mean(axis=1))
    if common:
        ranks.insert(2, COMMON, means[common].mean(axis=1, skipna=False))
    changes = _changes(rows[rows["model"].isin(common)] if common else rows)
    for metric in _COSTS:
        # What changes nowhere is no column.
        if metric in changes and changes[metric].round(9).nunique() > 1:
            unit = " (%)" if metric == _PERPLEXITY else ""
            ranks[f"Δ {metric}{unit}"] = changes[metric]
    kinds = overview.drop_duplicates("variant").set_index("variant")
    kinds = kinds[["changes weights", "post-processing"]].replace(
        {True: "yes", False: ""}
    )
    table = kinds.join(ranks, how="right")
    order = [COMMON, "mean"] if common else ["mean"]
    table = table.sort_values(order, ascending=False, kind="stable")
    return table.rename_axis("method").reset_index()


def common_table(
    estimates: pd.DataFrame, domain: str, metric: str = "bias left"
) -> pd.DataFrame:
    """Methods down, models across, and the mean (range) over models of two sets.

    The first set is the models that every listed method has, recent ones aside, so that
    methods can be compared (left out where they are fewer than two); the second all
    models of the method, with their number.
    """
    rows = estimates[(estimates["domain"] == domain) & (estimates["metric"] == metric)]
    rows = rows[rows["variant"] != BASE]
    values = _by_model(rows)
    common = _common_models(rows)
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


def _by_model(rows: pd.DataFrame) -> pd.DataFrame:
    """Values of one metric, variants down and models across, in their order."""
    values = rows.pivot(index="variant", columns="model", values="value")
    return values.loc[rows["variant"].unique(), rows["model"].unique()]


def _common_models(rows: pd.DataFrame) -> list[str]:
    """The models that have the first ranked metric of all methods, recent ones aside.

    Fewer than two are no common ground: none.
    """
    known = set(rows["metric"])
    metric = next((metric for metric in RANKED if metric in known), None)
    values = _by_model(rows[(rows["metric"] == metric) & (rows["variant"] != BASE)])
    old = [method for method in values.index if not is_recent(method)]
    common = list(values.columns[values.loc[old].notna().all()])
    return common if len(common) > 1 else []


def _changes(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean change of each metric, variants down; of perplexity in percent."""
    perplexity = rows["metric"] == _PERPLEXITY
    percent = 100 * rows["change"] / (rows["value"] - rows["change"])
    change = rows["change"].where(~perplexity, percent)
    return rows.assign(change=change).pivot_table(
        index="variant", columns="metric", values="change", aggfunc="mean"
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
