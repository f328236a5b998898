"""Rewritten models: a heat map a metric over the grid of candidates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import Colormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from study.domains import DOMAINS, FEATURES
from study.domains.domain import BALANCED
from study.report.plots.style import IN_A_ROW, STYLE, panel_title, panelled
from study.results.selected import BASE, REFINED, TRAINED, UNCHANGED, selected_row

Cell = tuple[float, float]  # (h, α)

_NUMBERED = 40  # cells up to which there is room for their numbers
_STEPS = 21  # of colour: smooth ones would not survive as PNG
_LMS = "LMS"
_GAP = "gap"  # less of it is better
# Of a ratio to the base's, to either side of 1: of LMS, and of others the narrowest
# that leaves out a tenth of the cells at most.
_LMS_RANGE, _RANGES, _LEFT_OUT = 0.1, (0.1, 0.25, 0.5, 1.0), 0.1
_APART = 0.35  # columns between the grid and the refined model's
_BARE = ("P(", "share", "said")  # how the names of what is shown as it is begin


@dataclass(frozen=True)
class Refined:
    """The refined model, which is no cell, and the base: their selected rows.

    These are of other texts than a grid's: of those that nothing was chosen by.
    """

    model: pd.Series
    base: pd.Series

    @property
    def cell(self) -> Cell:
        """Its (h, α)."""
        return self.model["h"], self.model["learning_rate"]

    def shown(self, metric: str) -> float:
        """A metric as panels show it, a ratio being one to the base on its texts."""
        value = self.model[metric]
        return value if metric.startswith(_BARE) else value / self.base[metric]

    def told(self, metric: str) -> str:
        """What stands beside its value: h, and the base's on its texts if no ratio."""
        said = f"h {self.cell[0]:.2g}"
        if metric.startswith(_BARE):
            said += f"\nbase\n{self.base[metric]:.2f}"
        return said


@dataclass(frozen=True)
class _Shown:
    """A metric of all candidates, [h, α]: as it is, or as a ratio to the base's."""

    name: str
    values: pd.DataFrame
    title: str
    colours: str
    limits: tuple[float, float]
    extend: str = "neither"

    @property
    def numbered(self) -> bool:
        """Whether cells have room for their numbers."""
        return self.values.size <= _NUMBERED

    @cached_property
    def colour_map(self) -> Colormap:
        """The colours, from the lower limit to the upper."""
        return mpl.colormaps[self.colours].resampled(_STEPS)

    def colour(self, value: float) -> tuple[float, ...]:
        """That of a value."""
        low, high = self.limits
        return self.colour_map((value - low) / (high - low))


def decoder_heatmaps(
    grid: pd.DataFrame,
    metrics: Sequence[str],
    *,
    chosen: dict[str, Cell] | None = None,
    refined: Refined | None = None,
    lms_floor: float = 0.0,
    title: str = "",
) -> Figure:
    """Heat maps over (α, h), one a metric, with the chosen candidates in all of them.

    ``grid`` is that of ``gradiend.evaluation.decoder``; ``chosen`` maps the letter of a
    variant to its (h, α). ``refined``, which has a star, is a column of its own beside
    cells with numbers, or where its α is beyond them, and else lies between the cells.
    LMS, gap and the indices are shown as ratios to the base model's: blue is better,
    red worse. Candidates with less than ``lms_floor`` of its LMS are hatched.
    """
    base = grid[grid["h"].isna()].iloc[0]
    cells = grid[grid["h"].notna()]
    columns = len(metrics) if len(metrics) <= IN_A_ROW else 3
    figure, axes = panelled(len(metrics), columns=columns, size=(3.6, 3.2), sharey=True)
    lost = _table(cells, _LMS) < lms_floor * base[_LMS]
    for axis, metric in zip(axes, metrics, strict=True):
        shown = _shown(_table(cells, metric), metric, base[metric])
        _heat_map(axis, shown)
        panel_title(axis, shown.title)
        for row, column in np.argwhere(lost.to_numpy()):
            _box(axis, row, column, hatch="///", edgecolor="#555555", linewidth=0)
        for letter, cell in (chosen or {}).items():
            _mark(axis, shown.values, cell, letter)
        if refined is not None:
            _show_refined(axis, shown, refined)
    for axis in axes[::columns]:
        axis.set_ylabel("feature factor h")
    if title:
        figure.suptitle(title)
    return figure


def candidate_grid(
    grids: pd.DataFrame,
    selected: pd.DataFrame,
    *,
    model: str,
    feature: str,
    metrics: Sequence[str] = (),
    lms_floor: float = 0.0,
) -> Figure:
    """The heat maps of one model and feature.

    Of ``metrics``, or else P of each class, LMS and the index of N. ``grids`` and
    ``selected`` are those of all models; what was selected is marked.
    """
    own = grids[(grids["model"] == model) & (grids["feature"] == feature)]
    own = own.dropna(axis=1, how="all")
    rows = selected[(selected["model"] == model) & (selected["feature"] == feature)]
    boxes, refined = marks(rows)
    index = DOMAINS[FEATURES[feature].domain].variants[BALANCED]
    shown = metrics or [*(c for c in own if c.startswith("P(")), _LMS, index]
    title = f"{feature} · {model}"
    return decoder_heatmaps(
        own, shown, chosen=boxes, refined=refined, lms_floor=lms_floor, title=title
    )


def marks(selected: pd.DataFrame) -> tuple[dict[str, Cell], Refined | None]:
    """Variant → the cell that its index chose, and the refined N, if asked.

    Of the selected models of one feature. Where the base model was the best, nothing is
    marked.
    """
    moved = selected.dropna(subset=["h"])
    chosen = {
        row.variant: (row.h, row.learning_rate)
        for row in moved[moved["decoder"] == TRAINED].itertuples()
    }
    if not (moved["decoder"] == REFINED).any():
        return chosen, None
    found = [(BALANCED, REFINED), (BASE, UNCHANGED)]
    return chosen, Refined(*(selected_row(selected, *row) for row in found))


def _table(cells: pd.DataFrame, metric: str) -> pd.DataFrame:
    """One metric: a row an h, the largest first, a column an α in order of value."""
    table = cells.pivot(index="h", columns="learning_rate", values=metric)
    return table.sort_index(ascending=False).sort_index(axis="columns")


def _shown(table: pd.DataFrame, metric: str, base: float) -> _Shown:
    """What a panel shows of a metric, and in which colours."""
    if metric.startswith(_BARE):
        title = f"{metric}  (base {base:.3f})"
        most = max(float(table.max(axis=None)), 1e-12)
        return _Shown(metric, table, title, "Greens", (0, most))
    ratios = table / base
    side = _LMS_RANGE if metric == _LMS else _side(ratios)
    colours = "RdBu_r" if metric == _GAP else "RdBu"
    title = f"{metric} / base's ({base:.3f})"
    return _Shown(metric, ratios, title, colours, (1 - side, 1 + side), "both")


def _side(ratios: pd.DataFrame) -> float:
    """How far colours of ratios reach to either side of 1."""
    distance = (ratios - 1).abs().to_numpy()
    fitting = (s for s in _RANGES if (distance > s).mean() <= _LEFT_OUT)
    return next(fitting, _RANGES[-1])


def _heat_map(axis: Axes, shown: _Shown) -> None:
    """The panel of one metric, its cells and colours."""
    table, (low, high) = shown.values, shown.limits
    colours = shown.colour_map
    with mpl.rc_context(STYLE):
        drawn = axis.imshow(table, cmap=colours, vmin=low, vmax=high, aspect="auto")
        bar = axis.figure.colorbar(drawn, ax=axis, shrink=0.8, extend=shown.extend)
    bar.ax.tick_params(labelsize=7)
    if shown.numbered:
        for (row, column), value in np.ndenumerate(table.to_numpy()):
            _number(axis, shown, row, column, value)
    negative = int((table.columns < 0).sum())
    if 0 < negative < len(table.columns):  # two signs side by side are no steps
        axis.axvline(negative - 0.5, color="black", linewidth=1.2)
    axis.set_xticks(range(len(table.columns)), [f"{a:g}" for a in table.columns])
    axis.set_yticks(range(len(table)), [f"{h:g}" for h in table.index])
    axis.set_xlabel("learning rate α")
    axis.tick_params(axis="x", rotation=90, labelsize=7, length=0)
    axis.tick_params(axis="y", labelsize=7, length=0)
    axis.spines[:].set_visible(False)


def _number(axis: Axes, shown: _Shown, row: float, column: float, value: float) -> None:
    """A value in its cell, below what a corner may say."""
    dark = _dark(shown.colour(value))
    text, size = (f"{value:.3f}", 6) if shown.name == _LMS else (f"{value:.2f}", 7)
    style = {"ha": "center", "va": "center", "fontsize": size, "zorder": 4}
    axis.text(column, row + 0.17, text, color="white" if dark else "black", **style)


def _dark(colour: tuple[float, ...]) -> bool:
    """Whether letters on a colour are to be white."""
    return float(np.dot(colour[:3], (0.299, 0.587, 0.114))) < 0.5


def _box(axis: Axes, row: float, column: float, *, fill=False, **style) -> None:
    axis.add_patch(
        Rectangle((column - 0.5, row - 0.5), 1, 1, fill=fill, **style, zorder=3)
    )


def _mark(axis: Axes, table: pd.DataFrame, cell: Cell, letter: str) -> None:
    """A box around a chosen cell, and which variant's it is in its corner."""
    h, rate = cell
    if h not in table.index or rate not in table.columns:
        return  # the base model may be the best, and is in no cell
    row, column = table.index.get_loc(h), table.columns.get_loc(rate)
    _box(axis, row, column, edgecolor="black", linewidth=2)
    corner = {"facecolor": "black", "edgecolor": "none", "pad": 0.8}
    style = {"ha": "left", "va": "top", "fontsize": 6.5, "fontweight": "bold"}
    at = column - 0.44, row - 0.4
    axis.text(*at, letter, color="white", bbox=corner, zorder=4, **style)


def _show_refined(axis: Axes, shown: _Shown, refined: Refined) -> None:
    """The refined model: a cell in a column of its own, or a star between the cells."""
    table, (h, rate) = shown.values, refined.cell
    row = np.interp(-h, -table.index.to_numpy(), np.arange(len(table)))
    if shown.numbered or rate > table.columns.max():
        _beside(axis, shown, row, refined)
    else:
        _star(axis, row, np.interp(rate, table.columns, np.arange(len(table.columns))))


def _beside(axis: Axes, shown: _Shown, row: float, refined: Refined) -> None:
    """A cell beside the grid, at the height of its h, with its value, h and α."""
    value = refined.shown(shown.name)
    rows, columns = shown.values.shape
    column = columns + _APART
    style = {"edgecolor": "black", "linewidth": 2, "facecolor": shown.colour(value)}
    _box(axis, row, column, fill=True, **style)
    _number(axis, shown, row, column, value)
    _star(axis, row - 0.26, column - 0.26, size=45)
    below = row < rows - 1.5
    axis.text(
        column,
        row + (0.6 if below else -0.6),
        refined.told(shown.name),
        ha="center",
        va="top" if below else "bottom",
        fontsize=6.5,
    )
    ticks = [label.get_text() for label in axis.get_xticklabels()]
    axis.set_xticks([*range(columns), column], [*ticks, f"{refined.cell[1]:.2g}"])
    axis.set_xlim(-0.5, column + 0.6)


def _star(axis: Axes, row: float, column: float, *, size: float = 90) -> None:
    look = {"color": "#E69F00", "edgecolors": "black", "linewidths": 0.7, "zorder": 5}
    axis.scatter(column, row, marker="*", s=size, **look)
