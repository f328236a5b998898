"""Rows side by side as bars."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from study.comparison.variants import is_ours
from study.domains.domain import OURS
from study.report.plots.style import (
    ACCENT,
    HATCHES,
    NEGATIVE,
    PALETTE,
    legend_below,
    panelled,
)


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
