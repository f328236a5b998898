"""What encoders learned: training, h by class, statistics of all models."""

from __future__ import annotations

from textwrap import fill

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gradiend.evaluation import kinds
from study.report.plots.style import (
    IN_A_ROW,
    NEGATIVE,
    NEUTRAL,
    PALETTE,
    POSITIVE,
    STYLE,
    check_words,
    legend_below,
    panel_title,
    panelled,
)
from study.report.tables.encodings import BESIDE, THIRD, kinds_apart

# Kinds of rows beside the feature's own → what stands below them.
_OTHER_KINDS = {
    kinds.FEATURE_NEUTRAL: "neutral\nword",
    kinds.NEUTRAL: "neutral\ntext",
    THIRD: "third\nclass",
    BESIDE: "beside\nthird",
}
_LEAST_HEIGHT = 1.7  # of a matrix, inches: the label beside it needs them
_NEXT_TO_NOTHING = 0.1  # signed numbers below it are colour alone
_CHARACTERS_AN_INCH = 9  # of a label, of the figure's height


def training_progress(history: pd.DataFrame) -> Figure:
    """|Pearson| on validation rows against the step; one panel a model.

    Columns of ``history``: model, feature, step, pearson.
    """
    models = history["model"].unique()
    features = list(history["feature"].unique())
    # A legend of many features is wider than one panel, and must not press it flat.
    crowded = len(models) == 1 and len(features) > 3
    figure, axes = panelled(
        len(models),
        columns=min(IN_A_ROW, len(models)),
        size=(6.4, 3.4) if crowded else (2.9, 2.3),
        sharey=True,
    )
    for axis, model in zip(axes, models, strict=True):
        for feature, group in history[history["model"] == model].groupby("feature"):
            axis.plot(
                group["step"],
                group["pearson"].abs(),
                marker="o",
                markersize=3,
                color=PALETTE[features.index(feature) % len(PALETTE)],
                label=feature,
            )
        panel_title(axis, model)
        axis.set(xlabel="step", ylim=(-0.02, 1.02))
        axis.grid(axis="y", alpha=0.3)
    axes[0].set_ylabel("|Pearson| on validation")
    legend_below(figure, axes)
    return figure


def encodings(rows: pd.DataFrame, *, columns: int = IN_A_ROW) -> Figure:
    """Violins of h by class (left, right) and kind; one panel a ``panel``.

    Columns of ``rows``: panel, kind, factual_class, label, h. Rows of pairs that were
    not trained are drawn by what stands at the slot: the third class, or a trained one.
    """
    panels = rows["panel"].unique()
    figure, axes = panelled(
        len(panels), columns=min(columns, len(panels)), size=(2.9, 2.6), sharey=True
    )
    rows = kinds_apart(rows, by=["panel"])
    for axis, panel in zip(axes, panels, strict=True):
        part = rows[rows["panel"] == panel]
        groups = _encoding_groups(part)
        for place, (_, values, colour) in enumerate(groups):
            _violin(axis, values, place, colour)
        axis.set_xticks(range(len(groups)), [name for name, *_ in groups])
        axis.tick_params(axis="x", labelsize=7.5)
        axis.axhline(0, color="black", linewidth=0.5, zorder=0)
        panel_title(axis, panel)
        axis.set(ylim=(-1.08, 1.08))
    for axis in axes[:: min(columns, len(panels))]:
        axis.set_ylabel("encoding h")
    return figure


def _encoding_groups(part: pd.DataFrame) -> list[tuple[str, np.ndarray, str]]:
    check_words(part["kind"], (kinds.FEATURE, *_OTHER_KINDS), "kind of rows")
    feature = part[part["kind"] == kinds.FEATURE]
    groups = []
    for label, colour in ((1, POSITIVE), (-1, NEGATIVE)):
        rows = feature[feature["label"] == label]
        if len(rows):
            name = f"{rows['factual_class'].iloc[0]}\n({label:+d})"
            groups.append((name, rows["h"].to_numpy(), colour))
    for kind, name in _OTHER_KINDS.items():
        values = part.loc[part["kind"] == kind, "h"].to_numpy()
        if len(values):  # of some features or figures there are none
            groups.append((name, values, NEUTRAL))
    return groups


def _violin(axis: Axes, values: np.ndarray, place: float, colour: str) -> None:
    if np.ptp(values) > 1e-6:
        parts = axis.violinplot(
            values, [place], widths=0.85, showextrema=False, points=200
        )
        for body in parts["bodies"]:
            body.set(facecolor=colour, edgecolor=colour, alpha=0.45)
    low, middle, high = np.percentile(values, [25, 50, 75])
    axis.vlines(place, low, high, color=colour, linewidth=3)
    axis.plot(place, middle, "o", color="white", markeredgecolor=colour, markersize=4)


def matrix(
    table: pd.DataFrame,
    *,
    label: str,
    low: float = 0,
    high: float = 1,
    across: str = "",
    down: str = "",
    most: pd.DataFrame | None = None,
) -> Figure:
    """An annotated heat map of a table: rows down, columns across.

    Signed values (``low`` below 0) have colours around 0, and next to it no numbers.
    Where no more than ``most`` can be reached, it stands below, and colour is the share
    of it.
    """
    tall = 0.36 if most is None else 0.46
    height = max(0.9 + tall * len(table), _LEAST_HEIGHT)
    figure, (axis,) = panelled(
        1, columns=1, size=(3.2 + 0.95 * len(table.columns), height)
    )
    texts = table.map("{:.2f}".format)
    if low < 0:
        texts = texts.where(table.abs() >= _NEXT_TO_NOTHING, "")
    if most is not None:
        texts += "\nof " + most.map("{:.2f}".format)
    with mpl.rc_context(STYLE):
        sns.heatmap(
            table if most is None else table / most,
            ax=axis,
            annot=texts,
            fmt="",
            annot_kws={"fontsize": 8},
            cmap="RdBu_r" if low < 0 else "Greens",
            vmin=low,
            vmax=high,
            cbar_kws={"label": fill(label, int(_CHARACTERS_AN_INCH * height))},
            linewidths=0.5,
        )
    axis.set(xlabel=across, ylabel=down)
    axis.tick_params(axis="both", rotation=0)
    return figure
