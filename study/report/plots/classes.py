"""Three classes at once."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from study.report.plots.style import PALETTE, panel_title, panelled

_MARKERS = ("o", "^", "s")


def neuron_plane(points: pd.DataFrame) -> Figure:
    """h of two neurons, a dot a row; one panel a group of three classes.

    Columns of ``points``: trio, class, h1, h2. Classes differ in colour and shape;
    markers are hollow, so that those of a class that lie under another's are seen.
    """
    trios = points["trio"].unique()
    figure, axes = panelled(len(trios), columns=len(trios), size=(2.9, 3.1))
    for axis, trio in zip(axes, trios, strict=True):
        rows = points[points["trio"] == trio]
        groups = rows.groupby("class", sort=False)
        for (name, group), colour, marker in zip(
            groups, PALETTE, _MARKERS, strict=False
        ):
            axis.plot(
                group["h1"],
                group["h2"],
                marker,
                markerfacecolor="none",
                markeredgecolor=colour,
                markersize=5,
                alpha=0.8,
                label=name,
            )
        axis.axhline(0, color="black", linewidth=0.5, zorder=0)
        axis.axvline(0, color="black", linewidth=0.5, zorder=0)
        axis.set(xlim=(-1.12, 1.12), ylim=(-1.12, 1.12), xlabel="h of neuron 1")
        axis.set_aspect("equal")
        panel_title(axis, trio)
        below = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.2)}
        axis.legend(fontsize=7.5, ncols=3, frameon=False, **below)
    axes[0].set_ylabel("h of neuron 2")
    return figure
