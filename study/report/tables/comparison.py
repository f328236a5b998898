"""The tables of the comparison: main, by SEAT test, by task, and ranks.

Each is made of the estimates of :mod:`study.report.estimates`.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from pandas.io.formats.style import Styler

from study.comparison.estimates import NEUTRAL_VALUE
from study.comparison.variants import BASE
from study.report.tables.styling import MISSING, styled

MAIN = ("SS", "SEAT", "CrowS", "LMS", "PPL", "GLUE", "SuperGLUE", "bias left")
LOWER_IS_BETTER = ("PPL", "bias left")
_ARROWS = {"SS": "→ 50", "SEAT": "→ 0", "CrowS": "→ 50", "PPL": "↓", "bias left": "↓"}
_RANKED = ("SS", "SEAT")
_COSTS = ("LMS", "GLUE", "SuperGLUE")
_SURVIVAL = ("task", "SS", "SEAT", "LMS")


def main_table(estimates: pd.DataFrame, domain: str) -> Styler:
    r"""Models and variants down, metrics across: value ± margin (change).

    Bold: the best variant of its base model. \*: its interval and the base model's do
    not overlap (the paper's rule). °: the paired difference excludes 0.
    """
    rows = estimates[estimates["domain"] == domain]
    return metrics_table(rows, [m for m in MAIN if m in set(rows["metric"])])


def part_table(estimates: pd.DataFrame, domain: str, part: str) -> Styler:
    """The same for the parts of a metric: SEAT's tests, a suite's tasks."""
    rows = estimates[estimates["domain"] == domain]
    metrics = [m for m in rows["metric"].unique() if m.startswith(f"{part}: ")]
    return metrics_table(rows, [*metrics, part])


def task_table(estimates: pd.DataFrame) -> Styler:
    """The same for all tasks and suites of one model."""
    return metrics_table(estimates, list(estimates["metric"].unique()))


def robustness_table(estimates: pd.DataFrame) -> Styler:
    """The same for the orders of debiasing and fine-tuning."""
    return metrics_table(estimates, list(_SURVIVAL), bold=False)


def metrics_table(
    rows: pd.DataFrame, metrics: list[str], *, bold: bool = True
) -> Styler:
    """A table of texts, one column a metric, the best of each model in bold."""
    order = rows[["model", "variant"]].drop_duplicates().reset_index(drop=True)
    texts = order.copy()
    marks = np.zeros((len(order), 2 + len(metrics)), dtype=bool)
    for column, metric in enumerate(metrics, start=2):
        part = rows[rows["metric"] == metric].drop(columns="metric")
        part = order.merge(part, how="left", on=["model", "variant"])
        texts[_heading(metric)] = [_text(row, metric) for row in part.itertuples()]
        marks[:, column] = _best(part, metric)
    css = np.where(marks & bold, "font-weight: bold;", "")
    return styled(texts).apply(lambda _: css, axis=None).hide(axis="index")


def rank_table(
    estimates: pd.DataFrame, domain: str, overview: pd.DataFrame
) -> pd.DataFrame:
    """Variants ranked by how much bias is left, 0 (worst) to 1 (best).

    Per metric and base model, ties share the mean rank; mean over models, then over
    the metrics. ``overview`` says what each variant changes
    (``study.comparison.variants``). Costs are mean changes against the base model.
    """
    rows = estimates[estimates["domain"] == domain]
    ranks = pd.DataFrame({metric: _mean_rank(rows, metric) for metric in _RANKED})
    ranks.insert(0, "mean", ranks.mean(axis=1))
    changes = rows.pivot_table(
        index="variant", columns="metric", values="change", aggfunc="mean"
    )
    for metric in _COSTS:
        if metric in changes:
            ranks[f"Δ {metric}"] = changes[metric]
    kinds = overview.drop_duplicates("variant").set_index("variant")
    kinds = kinds[["changes weights", "post-processing"]].replace(
        {True: "yes", False: ""}
    )
    table = kinds.join(ranks, how="right")
    table = table.sort_values("mean", ascending=False, kind="stable")
    return table.rename_axis("method").reset_index()


def _mean_rank(rows: pd.DataFrame, metric: str) -> pd.Series:
    part = rows[rows["metric"] == metric]
    distance = (part["value"] - NEUTRAL_VALUE[metric]).abs().round(9)
    groups = distance.groupby(part["model"], sort=False)
    share = (groups.rank(ascending=False) - 1) / (groups.transform("size") - 1)
    return share.groupby(part["variant"]).mean()


def _heading(metric: str) -> str:
    kind, _, name = metric.partition(": ")
    return f"{(name or kind).removeprefix('sent-')} {_ARROWS.get(kind, '↑')}"


def _text(row, metric: str) -> str:
    if pd.isna(row.value):
        return MISSING
    digits = 2 if metric.startswith(("SEAT", "PPL")) else 1
    text = f"{row.value:.{digits}f}"
    if metric == "bias left":
        return text
    text += f" ± {row.margin:.{digits}f}"
    if row.variant == BASE:
        return text
    marks = "*" * bool(row.marked) + "°" * bool(abs(row.change) > row.change_margin)
    return f"{text} ({row.change:+.{digits}f}){marks}"


def _best(part: pd.DataFrame, metric: str) -> np.ndarray:
    """Whether a row is the best variant of its model on the metric."""
    kind = metric.partition(": ")[0]
    if kind in NEUTRAL_VALUE:
        score = -(part["value"] - NEUTRAL_VALUE[kind]).abs()
    else:
        score = -part["value"] if kind in LOWER_IS_BETTER else part["value"]
    score = score.where(part["variant"] != BASE).round(9)
    return score.eq(score.groupby(part["model"]).transform("max")).to_numpy()
