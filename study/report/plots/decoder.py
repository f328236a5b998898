"""Rewritten models: a heat map a metric over the grid of candidates."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from study.report.plots.style import STYLE, panel_title, panelled
from study.results.selected import TRAINED

Cell = tuple[float, float]  # (h, α)


def decoder_heatmaps(
    grid: pd.DataFrame,
    metrics: Sequence[str],
    *,
    chosen: dict[str, Cell] | None = None,
    title: str = "",
) -> Figure:
    """Heat maps over (α, h), one a metric; the chosen cell of a metric is boxed.

    ``grid`` is that of ``gradiend.evaluation.decoder``; ``chosen`` maps a metric to its
    (h, α). The base model's value is in the panel's title.
    """
    base = grid[grid["h"].isna()].iloc[0]
    cells = grid[grid["h"].notna()]
    columns = min(4, len(metrics))
    figure, axes = panelled(len(metrics), columns=columns, size=(3.6, 3.2), sharey=True)
    for axis, metric in zip(axes, metrics, strict=True):
        table = cells.pivot(index="h", columns="learning_rate", values=metric)
        table = table.sort_index(ascending=False)
        _heat_map(axis, table)
        panel_title(axis, f"{metric}  (base {base[metric]:.3f})")
        h, rate = (chosen or {}).get(metric, (np.nan, np.nan))
        if not np.isnan(h):  # the base model may be the best, and is in no cell
            corner = table.columns.get_loc(rate), table.index.get_loc(h)
            axis.add_patch(
                Rectangle(corner, 1, 1, fill=False, edgecolor="red", linewidth=2)
            )
    for axis in axes[::columns]:
        axis.set_ylabel("feature factor h")
    if title:
        figure.suptitle(title)
    return figure


def candidate_grid(
    grids: pd.DataFrame, selected: pd.DataFrame, *, model: str, feature: str
) -> Figure:
    """The heat maps of one model and feature: P of each class, LMS and the indices.

    ``grids`` and ``selected`` are those of all models; what was selected is boxed.
    """
    own = grids[(grids["model"] == model) & (grids["feature"] == feature)]
    own = own.dropna(axis=1, how="all")
    rows = selected[
        (selected["model"] == model)
        & (selected["feature"] == feature)
        & (selected["decoder"] == TRAINED)
    ]
    cells = zip(rows["h"], rows["learning_rate"], strict=True)
    boxes = dict(zip(rows["index"], cells, strict=True))
    shown = [*(c for c in own if c.startswith("P(")), "LMS", *boxes]
    title = f"{feature} · {model}"
    return decoder_heatmaps(own, shown, chosen=boxes, title=title)


def _heat_map(axis: Axes, table: pd.DataFrame) -> None:
    """One metric: a row an h, a column an α."""
    with mpl.rc_context(STYLE):
        sns.heatmap(
            table,
            ax=axis,
            cmap="viridis",
            vmin=0,
            vmax=max(float(table.max().max()), 1e-12),
            cbar_kws={"shrink": 0.8},
            rasterized=True,  # 240 cells a panel would be most of the file
            xticklabels=[f"{value:g}" for value in table.columns],
            yticklabels=[f"{value:g}" for value in table.index],
        )
    axis.set(xlabel="learning rate α", ylabel="")
    axis.tick_params(axis="x", rotation=90, labelsize=6.5)
    axis.tick_params(axis="y", rotation=0, labelsize=7)
