"""What methods leave of the bias, and what that costs: of few models, and of many."""

from __future__ import annotations

from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from study.comparison.estimates import NEUTRAL_VALUE
from study.comparison.variants import BASE
from study.domains import DOMAINS
from study.domains.domain import BALANCED, OURS
from study.report.plots.methods import LOOKS, OTHERS, kind
from study.report.plots.style import NEUTRAL, STYLE, legend_below
from study.report.tables.comparison import unchanged
from study.report.tables.ranks import by_model, common_models

_APART = 2  # models of which every method has a row with its interval
_ROW, _AROUND, _LEGEND = 0.215, 0.8, 0.4  # inches
_NARROWEST, _NAMES = 9.6, 1.6  # inches: of a figure, and beside its panels
_CELL = (0.92, 0.29)
_SIDES = 125  # % of the base's bias: to so much on either side colours go
_STEPS = 25  # of colour, ten percent each: smooth ones would not survive as PNG
_DARK = 75  # % from the base's, where a cell needs white letters


@dataclass(frozen=True)
class _Column:
    """A panel of a figure of rows: a metric, how it is called and where it ends."""

    metric: str
    label: str
    limits: tuple[float, float]
    width: float
    relative: bool = False  # the change, in % of the base's


_PRICE = _Column("PPL", "change of perplexity (%)", (-2, 40), 2.0, relative=True)
_KNOWN = (
    _Column("bias left", "bias left (% of the base's)", (0, 160), 2.6),
    _Column("bias left elsewhere", "in other sentences (%)", (0, 160), 2.0),
    _PRICE,
    _Column("offset", "offset (0 to ½)", (-0.02, 0.5), 1.4),
    _Column("right after names", "right after names", (0.48, 1), 1.6),
)
_ASKED = (
    _Column("SS", "SS (best: 50)", (40, 70), 2.5),
    _Column("CrowS", "CrowS (best: 50)", (40, 70), 2.5),
    _PRICE,
)


def trade_off(estimates: pd.DataFrame) -> Figure:
    """The bias that each method leaves and its price, of one domain.

    Of one model or two, a row a method: dots with the paired intervals of their
    differences from the base, least bias first; an arrow where a value is beyond the
    panel. Bias left in other sentences and what names still say stand beside it if all
    models were asked; where no bias left is known, SS and CrowS stand for it. Of more
    models, the bias left as a map of methods and models. F and M, which lean as they
    are meant to, are left out.
    """
    leaning = [
        f"{OURS}-{variant}"
        for domain in DOMAINS.values()
        for variant in domain.variants
        if variant != BALANCED
    ]
    rows = estimates[~estimates["variant"].isin(leaning)]
    return _rows(rows) if rows["model"].nunique() <= _APART else _map(rows)


def _rows(estimates: pd.DataFrame) -> Figure:
    """A block of rows a model, a panel a metric."""
    asked = estimates.groupby("model", sort=False)["metric"].agg(set)
    known = set.intersection(*asked)
    columns = [column for column in _KNOWN if column.metric in known]
    columns = columns if "bias left" in known else _ASKED
    blocks = {
        model: _ordered(part, columns[0].metric)
        for model, part in estimates.groupby("model", sort=False)
    }
    counts = [len(names) for names in blocks.values()]
    heights = [_AROUND + _ROW * count for count in counts]
    with mpl.rc_context(STYLE):
        widths = [column.width for column in columns]
        width = max(_NARROWEST, sum(widths) + _NAMES)
        figure = Figure(figsize=(width, sum(heights) + _LEGEND))
        grid = figure.add_gridspec(
            len(blocks),
            len(columns),
            height_ratios=heights,
            width_ratios=widths,
        )
        axes = []
        for row, (model, names) in enumerate(blocks.items()):
            own = estimates[estimates["model"] == model]
            for place, column in enumerate(columns):
                axis = figure.add_subplot(grid[row, place])
                _panel(axis, own, column, names, named=place == 0)
                axes.append(axis)
            axes[-len(columns)].set_title(model, loc="left", fontsize=9)
    _kinds(
        axes[0], hollow=any(v != n for own in blocks.values() for v, n in own.items())
    )
    legend_below(figure, axes)
    return figure


def _ordered(rows: pd.DataFrame, metric: str) -> dict[str, str]:
    """Variant → its label, the nearest to the ideal first.

    What is the base model in all but name says so.
    """
    own = rows[rows["metric"] == metric].set_index("variant")["value"].dropna()
    distance = (own - NEUTRAL_VALUE[metric]).abs().sort_values(kind="stable")
    same = unchanged(rows).set_index("variant")["same"]
    return {
        variant: f"{variant} = {BASE}" if same[variant] and variant != BASE else variant
        for variant in distance.index
    }


def _panel(
    axis: Axes,
    rows: pd.DataFrame,
    column: _Column,
    names: dict[str, str],
    *,
    named: bool,
) -> None:
    """One metric of one model, a row a variant."""
    axis.set_xlim(column.limits)
    own = rows[rows["metric"] == column.metric].set_index("variant").reindex(names)
    before = own["value"][BASE]
    scale = 100 / before if column.relative else 1.0
    values = own["change" if column.relative else "value"] * scale
    low, high = column.limits
    for place, (variant, value) in enumerate(values.items()):
        look = LOOKS[kind(variant)]
        if np.isnan(value):
            continue
        if not low <= value <= high:
            _beyond(axis, place, value, look[0])
            continue
        axis.errorbar(
            value,
            place,
            xerr=own["change_margin"][variant] * scale,
            fmt=look[1],
            color=look[0],
            markerfacecolor=look[0] if names[variant] == variant else "white",
            markersize=5.5,
            linewidth=1.5,
        )
    reference = 0.0 if column.relative else before
    axis.axvline(reference, color="black", linewidth=0.8, linestyle=":", zorder=0)
    ideal = NEUTRAL_VALUE.get(column.metric)
    if ideal and not column.relative:
        axis.axvline(ideal, color=NEUTRAL, linewidth=0.8, zorder=0)
    axis.set_xlabel(column.label)
    axis.set_yticks(range(len(names)), list(names.values()) if named else [])
    axis.set_ylim(len(names) - 0.4, -0.6)
    axis.tick_params(axis="both", labelsize=8)
    axis.grid(axis="y", alpha=0.25)
    axis.set_axisbelow(True)
    for label, variant in zip(axis.get_yticklabels(), names, strict=False):
        label.set_fontweight("normal" if kind(variant) == OTHERS else "bold")


def _beyond(axis: Axes, place: int, value: float, colour: str) -> None:
    """A value that is no place in the panel: its number and an arrow to where it is."""
    low, high = axis.get_xlim()
    at, side, text = (
        (high, "right", f"{value:.0f} →")
        if value > high
        else (low, "left", f"← {value:.0f}")
    )
    style = {"fontsize": 7.5, "fontweight": "bold", "color": colour}
    axis.text(at, place, text, ha=side, va="center", **style)


def _kinds(axis: Axes, *, hollow: bool) -> None:
    """The legend's entries, whatever stands in the panels."""
    for name, (colour, marker) in LOOKS.items():
        axis.scatter([], [], s=30, color=colour, marker=marker, label=name)
    if hollow:
        empty = {"facecolors": "white", "edgecolors": NEUTRAL}
        axis.scatter(
            [], [], s=30, label="no candidate was better than the base", **empty
        )


def _map(estimates: pd.DataFrame) -> Figure:
    """Methods down, models across: the bias left, and the change of perplexity.

    First what all of the common models were asked, the least left first; then the rest.
    """
    bias, label = _left(estimates)
    paid = estimates[estimates["metric"] == "PPL"]
    paid = by_model(paid.assign(value=_percent(paid))).reindex_like(bias)
    common = common_models(estimates)
    mean = bias[common].mean(axis=1, skipna=False) if common else bias.mean(axis=1)
    order = pd.DataFrame({"some": mean.isna(), "mean": mean.fillna(bias.mean(axis=1))})
    order = order.sort_values(["some", "mean"], kind="stable")
    bias, paid = bias.loc[order.index], paid.loc[order.index]
    count, across = bias.shape
    size = (2.6 + _CELL[0] * across, 1.5 + _CELL[1] * count)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=size)
        axis = figure.subplots()
        drawn = axis.imshow(
            bias.to_numpy(),
            cmap=mpl.colormaps["RdBu_r"].resampled(_STEPS),
            vmin=100 - _SIDES,
            vmax=100 + _SIDES,
            aspect="auto",
        )
        bar = figure.colorbar(drawn, ax=axis, shrink=0.6, extend="max")
    bar.set_label(label, fontsize=8)
    bar.set_ticks(range(0, 201, 50))
    bar.ax.set_ylim(0)
    axis.set_facecolor("#EEEEEE")
    for place in np.ndindex(bias.shape):
        _cell(axis, place, bias.to_numpy()[place], paid.to_numpy()[place])
    asked = int((~order["some"]).sum())
    if asked < count:
        axis.axhline(asked - 0.5, color="black", linewidth=1.2)
    axis.set_xticks(range(across), [m.replace(" (", "\n(", 1) for m in bias.columns])
    axis.set_yticks(range(count), list(bias.index))
    axis.tick_params(axis="x", labelsize=7, rotation=35, top=True, labeltop=True)
    axis.tick_params(axis="x", bottom=False, labelbottom=False)
    for label in axis.get_xticklabels():
        label.set(ha="left", rotation_mode="anchor")
    axis.tick_params(axis="y", labelsize=8, length=0)
    for label, variant in zip(axis.get_yticklabels(), bias.index, strict=True):
        if kind(variant) != OTHERS:
            label.set(fontweight="bold")
    axis.spines[:].set_visible(False)
    return figure


def _left(estimates: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """What is left of each model's bias, in % of the base's, and how that is called."""
    changed = estimates[estimates["variant"] != BASE]
    if "bias left" in set(estimates["metric"]):
        left = by_model(changed[changed["metric"] == "bias left"])
        return left, "bias left (% of the base's)"
    rows = changed[changed["metric"] == "SS"]
    far = (rows["value"] - NEUTRAL_VALUE["SS"]).abs()
    before = (rows["value"] - rows["change"] - NEUTRAL_VALUE["SS"]).abs()
    left = by_model(rows.assign(value=100 * far / before))
    return left, "|SS − 50| (% of the base's)"


def _cell(axis: Axes, place: tuple[int, int], left: float, paid: float) -> None:
    """A cell's two numbers: what is left of the bias, and small what it costs."""
    if np.isnan(left):
        return
    row, column = place
    colour = "white" if abs(left - 100) > _DARK else "black"
    number = {"va": "center", "color": colour}
    axis.text(column - 0.02, row, f"{left:.0f}", ha="right", fontsize=8.5, **number)
    axis.text(column + 0.04, row, f"{round(paid):+d} %", fontsize=6.5, **number)


def _percent(rows: pd.DataFrame) -> pd.Series:
    """Changes in percent of the base's values."""
    return 100 * rows["change"] / (rows["value"] - rows["change"])
