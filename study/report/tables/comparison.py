"""The tables of the comparison: main, by SEAT test, by task, collateral, robustness.

Each is made of the estimates of :mod:`study.report.estimates`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from pandas.io.formats.style import Styler

from study.comparison.estimates import NEUTRAL_VALUE, differs
from study.comparison.tasks.registry import FINE_TUNED, SUITES
from study.comparison.variants import BASE
from study.report.tables.styling import MISSING, styled

# The truth that the world declares comes first, then what the benchmarks say of it.
MAIN = (
    *("bias left", "offset", "bias left elsewhere", "offset elsewhere", "said"),
    *("right after names", "PPL", "SS", "SS majority", "ICAT", "SEAT"),
    *("CrowS", "CrowS majority", "LMS", *SUITES),
)
LOWER_IS_BETTER = ("PPL",)
AS_IT_WAS = ("said",)  # neither more nor less is better
FROM_BASE = ("moved",)  # distances: what has changed is the value
_TASK = "task"  # of robustness
FEWEST_SEEDS = 5  # of a training, for a mark: of fewer no interval says how they vary
_ICAT = (
    "ICAT is LMS · min(SS, 100 − SS) / 50, of the domain's SS and the LMS of all "
    "domains' examples."
)
_SURVIVAL = (
    *(_TASK, "bias left", "offset", "said", "SS", "SS majority", "SEAT", "LMS"),
)
# Of the others one digit is shown.
_DIGITS = {
    **dict.fromkeys(("SEAT", "PPL", "offset", "offset elsewhere", "said"), 2),
    "right after names": 2,
    "moved": 3,
}


def main_table(estimates: pd.DataFrame, domain: str) -> Styler:
    r"""Models and variants down, metrics across: value ± margin (change).

    Bold: the best variant of its base model, if better beyond the paired interval.
    \*: its interval and the base model's do not overlap (the paper's rule; of *bias
    left* those of the distances before they are divided by the base's). °: the paired
    difference excludes 0. None of them where fewer than :data:`FEWEST_SEEDS` seeds were
    fine-tuned.
    """
    rows = estimates[estimates["domain"] == domain]
    metrics = _there(rows, MAIN)
    caption = _ICAT if "ICAT" in metrics else ""
    return metrics_table(rows, metrics, caption=caption)


def part_table(estimates: pd.DataFrame, domain: str, part: str) -> Styler:
    """The same for the parts of a metric: SEAT's tests, a suite's tasks.

    Of what was asked: a variant without a number has no row, and a metric of one part
    is that part.
    """
    rows = estimates[estimates["domain"] == domain]
    metrics = [m for m in rows["metric"].unique() if m.startswith(f"{part}: ")]
    whole = [] if len(metrics) == 1 else _there(rows, [part])
    metrics = [*metrics, *whole]
    return metrics_table(_asked(rows, metrics), metrics)


def collateral_table(estimates: pd.DataFrame, domain: str) -> Styler:
    """The same for how far the associations of each other domain have moved.

    That is a distance from the base model, which has no row, and none is the best: the
    least moves what changes nothing.
    """
    rows = estimates[estimates["domain"] == domain]
    metrics = [m for m in rows["metric"].unique() if _kind(m) in FROM_BASE]
    ours = rows[rows["variant"] != BASE]
    return metrics_table(_asked(ours, metrics), metrics, bold=False)


def task_table(estimates: pd.DataFrame, *, caption: str = "") -> Styler:
    """The same for all tasks and suites of one model."""
    metrics = list(estimates["metric"].unique())
    return metrics_table(estimates, metrics, caption=caption)


def robustness_table(estimates: pd.DataFrame) -> Styler:
    """The same for the orders of debiasing and fine-tuning."""
    return metrics_table(estimates, _there(estimates, _SURVIVAL), bold=False)


def metrics_table(
    rows: pd.DataFrame, metrics: list[str], *, bold: bool = True, caption: str = ""
) -> Styler:
    """A table of texts, one column a metric, the best of each model in bold.

    A metric that is the same in all rows, or in all that have it, is no column; the
    caption says which, and what columns have no marks for want of seeds.
    """
    # What was gathered before seeds were counted does not say how many they are.
    rows = rows if "seeds" in rows else rows.assign(seeds=np.nan)
    order = rows[["model", "variant"]].drop_duplicates().reset_index(drop=True)
    same = order.merge(unchanged(rows), how="left", on=["model", "variant"])
    texts, marks = order.copy(), [np.zeros(order.shape, dtype=bool)]
    constant: dict[str, list[str]] = {}
    unmarked = []
    for metric in metrics:
        part = rows[rows["metric"] == metric].drop(columns="metric")
        part = order.merge(part, how="left", on=["model", "variant"])
        part = part.assign(same=same["same"], few=_few_seeds(part, metric))
        if where := _where_alike(part, metric):
            value = _value(part["value"].max(), metric)
            constant.setdefault(where, []).append(f"{metric} is {value}")
            continue
        texts[_heading(metric)] = [_text(row, metric) for row in part.itertuples()]
        marks.append(_best(part, metric)[:, None] & bold)
        if (part["few"] & part["seeds"].notna()).any():
            unmarked.append(_heading(metric).rstrip(" ↑"))
    if constant:
        alike = [f"{', '.join(said)} {where}" for where, said in constant.items()]
        caption = f"{caption} {', '.join(alike)}."
    if unmarked:
        few = f"No marks where fewer than {FEWEST_SEEDS} seeds were fine-tuned"
        caption = f"{caption} {few}: {', '.join(unmarked)}."
    caption = caption.strip()
    return styled(texts, caption=caption, bold=np.hstack(marks)).hide(axis="index")


def _asked(rows: pd.DataFrame, metrics: list[str]) -> pd.DataFrame:
    """The rows with a number of one of the metrics."""
    return rows[rows["metric"].isin(metrics) & rows["value"].notna()]


def _there(rows: pd.DataFrame, metrics: Sequence[str]) -> list[str]:
    return [metric for metric in metrics if metric in set(rows["metric"])]


def _kind(metric: str) -> str:
    return metric.partition(": ")[0]


def _heading(metric: str) -> str:
    kind, _, name = metric.partition(": ")
    # Elsewhere the part says what it is: a test, a task.
    name = name if name and kind not in FROM_BASE else metric
    return f"{name.removeprefix('sent-')} {_arrow(kind)}".rstrip()


def _arrow(kind: str) -> str:
    if kind in NEUTRAL_VALUE:
        return f"→ {NEUTRAL_VALUE[kind]:g}"
    if kind in AS_IT_WAS:
        return ""
    return "↓" if kind in LOWER_IS_BETTER else "↑"


def _value(value: float, metric: str) -> str:
    if pd.isna(value):
        return MISSING
    return f"{value:.{_DIGITS.get(_kind(metric), 1)}f}"


def _text(row, metric: str) -> str:
    text = _value(row.value, metric)
    if text == MISSING:
        return text
    digits = _DIGITS.get(_kind(metric), 1)
    text += f" ± {row.margin:.{digits}f}"
    if row.variant == BASE or _kind(metric) in FROM_BASE:
        return text
    return f"{text} ({row.change:+.{digits}f}){_marks(row, metric)}"


def _where_alike(part: pd.DataFrame, metric: str) -> str | None:
    """Where a metric's rows are alike and unmarked; None: they differ, or it is one."""
    rows = list(part.itertuples())
    values = {_value(row.value, metric) for row in rows}
    asked = values - {MISSING} or values
    if len(rows) == 1 or len(asked) > 1 or any(_marks(row, metric) for row in rows):
        return None
    return "everywhere" if asked == values else "where it was asked"


def _marks(row, metric: str) -> str:
    """Of what differs, and of enough seeds: by the paper's rule, and paired."""
    if row.few or _kind(metric) in FROM_BASE:
        return ""
    if not differs(row.change, row.value - row.change):
        return ""
    return "*" * bool(row.marked) + "°" * bool(abs(row.change) > row.change_margin)


def _few_seeds(part: pd.DataFrame, metric: str) -> pd.Series:
    """Whether a value is of too few training seeds, or of nobody knows how many."""
    enough = (part["seeds"] == 0) | (part["seeds"] >= FEWEST_SEEDS)
    trained = _kind(metric) in (*FINE_TUNED, _TASK)
    return part["value"].notna() & trained & ~enough


def unchanged(rows: pd.DataFrame) -> pd.DataFrame:
    """Model, variant and whether all its metrics are the base model's: column same."""
    same = ~differs(rows["change"], rows["value"] - rows["change"])
    return (
        same.groupby([rows["model"], rows["variant"]])
        .all()
        .rename("same")
        .reset_index()
    )


def _best(part: pd.DataFrame, metric: str) -> np.ndarray:
    """Whether a row is the best variant of its model on the metric, of two or more.

    The best is none that is not better than the base beyond the paired interval, nor
    one of too few seeds. A variant that is the base in all but name (``same``) is none.
    """
    kind = _kind(metric)
    if kind in AS_IT_WAS:
        return np.zeros(len(part), dtype=bool)
    score, before = (
        _score(values, kind)
        for values in (part["value"], part["value"] - part["change"])
    )
    sure = part["change"].abs() > part["change_margin"]
    better = (score > before) & sure & ~part["few"]
    score = score.where((part["variant"] != BASE) & ~part["same"]).round(9)
    of_model = score.groupby(part["model"])
    best = score.eq(of_model.transform("max")) & of_model.transform("count").gt(1)
    return (best & better).to_numpy()


def _score(values: pd.Series, kind: str) -> pd.Series:
    """The larger, the better."""
    if kind in NEUTRAL_VALUE:
        return -(values - NEUTRAL_VALUE[kind]).abs()
    return -values if kind in LOWER_IS_BETTER else values
