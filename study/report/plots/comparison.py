"""Methods side by side: bars, and bias against what its removal costs."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd
from matplotlib.figure import Figure

from study.comparison.variants import BASE, is_ours, legend_name
from study.report.plots.style import (
    ACCENT,
    NEGATIVE,
    NEUTRAL,
    PALETTE,
    legend_below,
    panel_title,
    panelled,
)

_MARKERS = "os^DvPX*<>"


def grouped_bars(
    table: pd.DataFrame, *, x: str, y: str, hue: str, label: str, width: float = 4.6
) -> Figure:
    """Bars of ``y`` by ``x``, one colour a ``hue``."""
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
            label=value,
        )
    axis.set_xticks(range(len(places)), places, rotation=30, ha="right")
    axis.set_ylabel(label)
    legend_below(figure, [axis])
    return figure


def horizontal_bars(
    table: pd.DataFrame, *, y: str, x: str, label: str, reference: float | None = None
) -> Figure:
    """One bar a row, in the table's order from the top."""
    figure, (axis,) = panelled(1, columns=1, size=(6, 0.8 + 0.28 * len(table)))
    places = range(len(table))[::-1]
    colours = [ACCENT if is_ours(name) else NEGATIVE for name in table[y]]
    axis.barh(places, table[x], color=colours, height=0.7)
    axis.set_yticks(places, table[y])
    axis.set_xlabel(label)
    if reference is not None:
        axis.axvline(reference, color="black", linewidth=0.9, linestyle=":")
    return figure


def trade_off(
    estimates: pd.DataFrame, *, cost: str = "PPL", columns: int = 4
) -> Figure:
    """Planted bias left (%) against what it costs, one panel a model.

    The cost is the change of ``cost`` against the base model, in % of it for PPL. Where
    nothing was planted, the distance of SS from 50 stands for the bias.
    """
    models = list(estimates["model"].unique())
    size = (3.4, 3.4) if len(models) > 1 else (6.4, 4.2)
    figure, axes = panelled(len(models), columns=min(columns, len(models)), size=size)
    values = estimates.pivot_table(
        index=["model", "variant"], columns="metric", values="value", sort=False
    )
    planted = "bias left" in values and values["bias left"].notna().any()
    bias = values["bias left"] if planted else (values["SS"] - 50).abs()
    looks = _looks(values.index.get_level_values("variant"))
    for axis, model in zip(axes, models, strict=True):
        paid = _paid(values.loc[model, cost], in_percent=cost == "PPL")
        for variant, change in paid.items():
            axis.scatter(
                bias[model, variant], change, s=34, alpha=0.85, **looks[variant]
            )
        axis.axhline(0, color="black", linewidth=0.6, linestyle=":")
        axis.axvline(bias[model, BASE], color="black", linewidth=0.6, linestyle=":")
        axis.set_xlabel("planted bias left (%)" if planted else "|SS − 50|")
        panel_title(axis, model)
    for axis in axes[:: min(columns, len(models))]:
        axis.set_ylabel(f"change of {cost}" + (" (%)" if cost == "PPL" else ""))
    legend_below(figure, axes)
    return figure


def _looks(variants: Iterable[str]) -> dict[str, dict[str, str]]:
    """Colour, marker and legend entry of each variant; combinations share one."""
    names = {variant: legend_name(variant) for variant in variants}
    kinds = list(dict.fromkeys(names.values()))
    looks = {}
    for variant, kind in names.items():
        number = kinds.index(kind)
        colour = NEUTRAL if "+" in variant else PALETTE[number % len(PALETTE)]
        marker = _MARKERS[number % len(_MARKERS)]
        looks[variant] = {"color": colour, "marker": marker, "label": kind}
    return looks


def _paid(costs: pd.Series, *, in_percent: bool) -> pd.Series:
    """The change of each variant against the base model."""
    change = costs - costs[BASE]
    return 100 * change / costs[BASE] if in_percent else change
