"""Methods side by side: bars, and bias against what its removal costs."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from study.comparison.variants import BASE, is_ours, legend_name
from study.domains.domain import OURS
from study.report.plots.methods import area, looks
from study.report.plots.style import (
    ACCENT,
    HATCHES,
    NEGATIVE,
    NEUTRAL,
    PALETTE,
    legend_below,
    panel_title,
    panelled,
)

_SMALL, _LARGE = 26, 260  # points² of a marker: offset 0, and ½
_DEAR, _CHEAP = 200, 20  # % of perplexity: a scale of powers of ten, linear up to


def grouped_bars(
    table: pd.DataFrame, *, x: str, y: str, hue: str, label: str, width: float = 4.6
) -> Figure:
    """Bars of ``y`` by ``x``, a colour a ``hue``; hatched where colours come again."""
    figure, (axis,) = panelled(1, columns=1, size=(width, 3.6), sharey=True)
    hues, places = list(table[hue].unique()), list(table[x].unique())
    span = 0.8 / len(hues)
    for number, value in enumerate(hues):
        group = table[table[hue] == value].set_index(x)[y]
        offset = (number - (len(hues) - 1) / 2) * span
        axis.bar(
            [places.index(item) + offset for item in group.index],
            group.to_numpy(),
            width=span * 0.92,
            color=PALETTE[number % len(PALETTE)],
            hatch=HATCHES[number // len(PALETTE) % len(HATCHES)],
            edgecolor="white",
            linewidth=0,
            label=value,
        )
    axis.set_xticks(range(len(places)), places, rotation=30, ha="right")
    axis.set_ylabel(label)
    legend_below(figure, [axis])
    return figure


def horizontal_bars(
    table: pd.DataFrame, *, y: str, x: str, label: str, reference: float | None = None
) -> Figure:
    """One bar a row, in the table's order from the top; a colour for what is ours."""
    figure, (axis,) = panelled(1, columns=1, size=(6, 0.8 + 0.28 * len(table)))
    places = np.arange(len(table))[::-1]
    ours = np.array([is_ours(name) for name in table[y]])
    for part, colour, name in ((ours, ACCENT, OURS), (~ours, NEGATIVE, "others")):
        axis.barh(places[part], table[x][part], color=colour, height=0.7, label=name)
    axis.set_yticks(places, table[y])
    axis.set_xlabel(label)
    if reference is not None:
        axis.axvline(reference, color="black", linewidth=0.9, linestyle=":")
    if ours.any():
        legend_below(figure, [axis])
    return figure


def trade_off(
    estimates: pd.DataFrame, *, cost: str = "PPL", columns: int = 4
) -> Figure:
    """Bias left (%) against what it costs, one panel a model.

    The cost is the change of ``cost`` against the base model, in % of it for PPL. A
    marker is the larger, the further the mean share is from ½ (offset): a model that
    always says the same has no bias left, and is not balanced. Where the bias left is
    not known, the distance of SS from 50 stands for it.
    """
    models = list(estimates["model"].unique())
    # A legend of all methods takes the width of three panels.
    across = min(columns, len(models))
    size = (3.4, 3.4) if across > 2 else (10.8 / across, 5.2)
    figure, axes = panelled(len(models), columns=across, size=size)
    values = estimates.pivot_table(
        index=["model", "variant"], columns="metric", values="value", sort=False
    )
    for axis, model in zip(axes, models, strict=True):
        _trade_off_panel(axis, values.loc[model], cost)
        panel_title(axis, model)
    for axis in axes[::across]:
        axis.set_ylabel(f"change of {cost}" + (" (%)" if cost == "PPL" else ""))
    _trade_off_legend(axes[0], estimates["variant"].unique())
    legend_below(figure, axes)
    return figure


def _trade_off_panel(axis: Axes, values: pd.DataFrame, cost: str) -> None:
    """One model: ``values`` has a row a variant and a column a metric."""
    known = "bias left" in values and values["bias left"].notna().any()
    bias = values["bias left"] if known else (values["SS"] - 50).abs()
    offset = values["offset"].fillna(0) if known else 0 * bias
    sizes = _SMALL + (_LARGE - _SMALL) * offset / 0.5
    paid = _paid(values[cost], in_percent=cost == "PPL")
    shown = looks(values.index)
    for variant in values.index:
        colour, marker = shown[legend_name(variant)]
        axis.scatter(
            *(bias[variant], paid[variant]),
            s=sizes[variant] * area(marker),
            color=colour,
            marker=marker,
            alpha=0.75,
            linewidths=0,
        )
    if cost == "PPL" and paid.max() > _DEAR:  # else all others lie on a line
        axis.set_yscale("symlog", linthresh=_CHEAP)
        axis.yaxis.set_major_formatter("{x:g}")
        _note(axis, f"log scale above {_CHEAP:g} %")
    axis.axhline(0, color="black", linewidth=0.6, linestyle=":")
    axis.axvline(bias[BASE], color="black", linewidth=0.6, linestyle=":")
    axis.set_xlabel("bias left (%)" if known else "|SS − 50|")


def _note(axis: Axes, text: str) -> None:
    place = {"transform": axis.transAxes, "ha": "right", "va": "top"}  # off the title
    axis.text(0.99, 0.98, text, fontsize=7, color=NEUTRAL, **place)


def _trade_off_legend(axis: Axes, variants: list[str]) -> None:
    """Entries of a size each, whatever stands in the panels."""
    for name, (colour, marker) in looks(variants).items():
        size = 34 * area(marker)
        axis.scatter([], [], s=size, color=colour, marker=marker, label=name)
    for label, size in (("offset 0", _SMALL), ("offset ½", _LARGE)):
        axis.scatter([], [], s=size, facecolors="none", edgecolors=NEUTRAL, label=label)


def _paid(costs: pd.Series, *, in_percent: bool) -> pd.Series:
    """The change of each variant against the base model."""
    change = costs - costs[BASE]
    return 100 * change / costs[BASE] if in_percent else change
