"""Figures. Each function takes a tidy table and returns a matplotlib Figure.

Colours are Okabe and Ito's, which stay apart for colour-blind readers: class +1 is
vermillion, class −1 blue, everything neutral grey.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from gradiend.files import atomic_path
from study.comparison.variants import BASE, is_ours, legend_name

POSITIVE, NEGATIVE, NEUTRAL = "#D55E00", "#0072B2", "#7F7F7F"
ACCENT, SECOND = "#009E73", "#CC79A7"
PALETTE = (
    NEGATIVE,
    POSITIVE,
    ACCENT,
    SECOND,
    "#E69F00",
    "#56B4E9",
    "#000000",
    "#F0E442",
)
_LONG_TITLE = 30  # characters that a narrow panel holds
_STYLE = {
    "figure.constrained_layout.use": True,
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": False,
    "legend.frameon": False,
    "svg.hashsalt": "gradiend",  # the ids in an SVG file are random without it
    "savefig.facecolor": "white",
}


def save_figure(figure: Figure, stem: str | Path) -> list[Path]:
    """Write ``stem``.svg and ``stem``.png, the same bytes for the same figure."""
    written = []
    # The layout is found once, not once a format.
    with mpl.rc_context(_STYLE):
        figure.draw_without_rendering()
        figure.set_layout_engine("none")
    for suffix in (".svg", ".png"):
        path = Path(f"{stem}{suffix}")
        metadata = {"Date": None} if suffix == ".svg" else {"Software": None}
        with atomic_path(path) as unfinished, mpl.rc_context(_STYLE):
            figure.savefig(unfinished, format=suffix[1:], metadata=metadata, dpi=150)
        written.append(path)
    return written


def _panels(
    count: int, *, columns: int, size: tuple[float, float], **options
) -> tuple[Figure, list[Axes]]:
    """A figure of ``count`` panels of ``size`` (inches), unused places left empty."""
    rows = -(-count // columns)
    with mpl.rc_context(_STYLE):
        # Not through pyplot: nothing is shown twice, and nothing stays open.
        figure = Figure(figsize=(size[0] * columns, size[1] * rows))
        axes = figure.subplots(rows, columns, squeeze=False, **options).ravel()
    for spare in axes[count:]:
        spare.set_axis_off()
    return figure, list(axes[:count])


def _title(axis: Axes, text: str) -> None:
    if len(text) > _LONG_TITLE:
        text = text.replace(" (", "\n(", 1)
    axis.set_title(text, fontsize=8.5, fontweight="bold")


def training_progress(history: pd.DataFrame, *, columns: int = 4) -> Figure:
    """|Pearson| on validation rows against the step; one panel a model.

    Columns of ``history``: model, feature, step, pearson.
    """
    models = history["model"].unique()
    figure, axes = _panels(
        len(models), columns=min(columns, len(models)), size=(2.9, 2.3), sharey=True
    )
    features = list(history["feature"].unique())
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
        _title(axis, model)
        axis.set(xlabel="step", ylim=(-0.02, 1.02))
        axis.grid(axis="y", alpha=0.3)
    axes[0].set_ylabel("|Pearson| on validation")
    _legend_below(figure, axes)
    return figure


def encodings(rows: pd.DataFrame, *, columns: int = 4) -> Figure:
    """Violins of h by class (left, right) and neutral kind; one panel a ``panel``.

    Columns of ``rows``: panel, kind, factual_class, label, h.
    """
    panels = rows["panel"].unique()
    figure, axes = _panels(
        len(panels), columns=min(columns, len(panels)), size=(2.9, 2.6), sharey=True
    )
    for axis, panel in zip(axes, panels, strict=True):
        part = rows[rows["panel"] == panel]
        groups = _encoding_groups(part)
        for place, (_, values, colour) in enumerate(groups):
            _violin(axis, values, place, colour)
        axis.set_xticks(range(len(groups)), [name for name, *_ in groups])
        axis.tick_params(axis="x", labelsize=7.5)
        axis.axhline(0, color="black", linewidth=0.5, zorder=0)
        _title(axis, panel)
        axis.set(ylim=(-1.08, 1.08))
    for axis in axes[:: min(columns, len(panels))]:
        axis.set_ylabel("encoding h")
    return figure


def _encoding_groups(part: pd.DataFrame) -> list[tuple[str, np.ndarray, str]]:
    feature = part[part["kind"] == "feature"]
    groups = []
    for label, colour in ((1, POSITIVE), (-1, NEGATIVE)):
        rows = feature[feature["label"] == label]
        if len(rows):
            name = f"{rows['factual_class'].iloc[0]}\n({label:+d})"
            groups.append((name, rows["h"].to_numpy(), colour))
    names = {
        "feature-neutral": "neutral\nword",
        "neutral": "neutral\ntext",
        "untrained": "other\nclasses",
    }
    for kind, name in names.items():
        values = part.loc[part["kind"] == kind, "h"].to_numpy()
        if len(values):
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


def decoder_heatmaps(
    grid: pd.DataFrame,
    metrics: Sequence[str],
    *,
    chosen: dict[str, tuple[float, float]] | None = None,
    title: str = "",
) -> Figure:
    """Heat maps over (α, h), one a metric; the chosen cell of a metric is boxed.

    ``grid`` is that of ``gradiend.evaluation.decoder``; ``chosen`` maps a metric to its
    (h, α). The base model's value is in the panel's title.
    """
    base = grid[grid["h"].isna()].iloc[0]
    cells = grid[grid["h"].notna()]
    columns = min(4, len(metrics))
    figure, axes = _panels(len(metrics), columns=columns, size=(3.6, 3.2), sharey=True)
    for axis, metric in zip(axes, metrics, strict=True):
        table = cells.pivot(index="h", columns="learning_rate", values=metric)
        table = table.sort_index(ascending=False)
        with mpl.rc_context(_STYLE):
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
        _title(axis, f"{metric}  (base {base[metric]:.3f})")
        axis.tick_params(axis="x", rotation=90, labelsize=6.5)
        axis.tick_params(axis="y", rotation=0, labelsize=7)
        if chosen and metric in chosen and not np.isnan(chosen[metric][0]):
            h, rate = chosen[metric]
            corner = table.columns.get_loc(rate), table.index.get_loc(h)
            axis.add_patch(
                Rectangle(corner, 1, 1, fill=False, edgecolor="red", linewidth=2)
            )
    for axis in axes[::columns]:
        axis.set_ylabel("feature factor h")
    if title:
        figure.suptitle(title)
    return figure


def matrix(
    table: pd.DataFrame, *, label: str, low: float = 0, high: float = 1
) -> Figure:
    """An annotated heat map of a table: rows down, columns across."""
    height = 0.9 + 0.36 * len(table)
    figure, (axis,) = _panels(
        1, columns=1, size=(3.2 + 0.95 * len(table.columns), height)
    )
    with mpl.rc_context(_STYLE):
        sns.heatmap(
            table,
            ax=axis,
            annot=True,
            fmt=".2f",
            cmap="cividis",
            vmin=low,
            vmax=high,
            cbar_kws={"label": label},
            linewidths=0.5,
        )
    axis.set(xlabel="", ylabel="")
    axis.tick_params(axis="both", rotation=0)
    return figure


def planted_against_learned(
    associations: pd.DataFrame, *, tolerance: float = 0.1, columns: int = 4
) -> Figure:
    """Planted strength against what each model says, one panel a model.

    Columns: model, domain, planted, learned.
    """
    models = associations["model"].unique()
    figure, axes = _panels(
        len(models), columns=min(columns, len(models)), size=(2.5, 2.6), sharey=True
    )
    colours = dict(zip(("gender", "race", "religion"), PALETTE, strict=False))
    for axis, model in zip(axes, models, strict=True):
        part = associations[associations["model"] == model]
        axis.fill_between(
            [0, 1],
            [-tolerance, 1 - tolerance],
            [tolerance, 1 + tolerance],
            color=NEUTRAL,
            alpha=0.2,
            linewidth=0,
            label=f"±{tolerance:g}",
        )
        for domain, group in part.groupby("domain"):
            axis.scatter(
                group["planted"],
                group["learned"],
                s=8,
                alpha=0.6,
                linewidths=0,
                color=colours.get(domain, NEUTRAL),
                label=domain,
            )
        within = float((part["planted"] - part["learned"]).abs().le(tolerance).mean())
        _title(axis, model)
        axis.set(xlim=(0, 1), ylim=(0, 1), xlabel="planted P")
        axis.text(0.04, 0.92, f"{within:.0%} within ±{tolerance:g}", fontsize=8)
        axis.set_aspect("equal")
    axes[0].set_ylabel("learned P")
    _legend_below(figure, axes)
    return figure


def dot_pairs(table: pd.DataFrame, *, x: str, ys: Sequence[str], label: str) -> Figure:
    """Each row's value before (``x``) against its value after, one panel a ``y``."""
    figure, axes = _panels(len(ys), columns=len(ys), size=(2.6, 2.7), sharey=True)
    for axis, y in zip(axes, ys, strict=True):
        axis.axline((0, 0), (1, 1), color=NEUTRAL, linewidth=0.8, linestyle=":")
        axis.scatter(table[x], table[y], s=14, alpha=0.7, linewidths=0, color=NEGATIVE)
        _title(axis, y)
        axis.set(xlim=(0, 1), ylim=(0, 1), xlabel=x)
        axis.set_aspect("equal")
    axes[0].set_ylabel(label)
    return figure


def shares_by_word(
    table: pd.DataFrame, *, hue: str, panel: str, label: str, columns: int = 4
) -> Figure:
    """A dot a word and ``hue`` at its share, words down, one panel a ``panel``.

    ``table`` has the columns word and share.
    """
    panels, hues = list(table[panel].unique()), list(table[hue].unique())
    words = list(table["word"].unique())
    figure, axes = _panels(
        len(panels), columns=columns, size=(2.5, 0.7 + 0.16 * len(words)), sharey=True
    )
    colours = dict(zip(hues, (NEUTRAL, POSITIVE, NEGATIVE, ACCENT), strict=False))
    markers = dict(zip(hues, "osD^", strict=False))
    for axis, name in zip(axes, panels, strict=True):
        axis.axvline(0.5, color=NEUTRAL, linewidth=0.8, linestyle=":")
        for value, part in table[table[panel] == name].groupby(hue, sort=False):
            axis.scatter(
                part["share"],
                part["word"].map(words.index),
                s=16,
                marker=markers[value],
                color=colours[value],
                label=value,
            )
        axis.set(xlim=(0, 1), xlabel=label)
        axis.set_yticks(range(len(words)), words, fontsize=7)
        _title(axis, name)
    axes[0].invert_yaxis()
    _legend_below(figure, axes)
    return figure


def two_probabilities(
    table: pd.DataFrame, *, x: str, y: str, hue: str, marker: str, panel: str
) -> Figure:
    """A scatter of two probabilities per panel, coloured and marked by group."""
    panels = list(table[panel].unique())
    figure, axes = _panels(len(panels), columns=4, size=(2.6, 2.7), sharey=True)
    colours = dict(zip(sorted(table[hue].unique()), (POSITIVE, NEGATIVE), strict=False))
    markers = dict(zip(table[marker].unique(), "ox^s", strict=False))
    for axis, name in zip(axes, panels, strict=True):
        for keys, part in table[table[panel] == name].groupby([hue, marker]):
            axis.scatter(
                part[x],
                part[y],
                s=16,
                alpha=0.6,
                marker=markers[keys[1]],
                color=colours[keys[0]],
                label=", ".join(keys),
            )
        _title(axis, name)
        axis.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03), xlabel=x)
        axis.set_aspect("equal")
    axes[0].set_ylabel(y)
    _legend_below(figure, axes)
    return figure


def grouped_bars(
    table: pd.DataFrame,
    *,
    x: str,
    y: str,
    hue: str,
    panel: str | None = None,
    reference: float | None = None,
    label: str = "",
    columns: int = 2,
    width: float = 4.6,
) -> Figure:
    """Bars of ``y`` by ``x``, one colour a ``hue``, one panel a ``panel`` value."""
    panels = [None] if panel is None else list(table[panel].unique())
    figure, axes = _panels(
        len(panels), columns=min(columns, len(panels)), size=(width, 3.6), sharey=True
    )
    hues = list(table[hue].unique())
    for axis, name in zip(axes, panels, strict=True):
        part = table if name is None else table[table[panel] == name]
        places = list(part[x].unique())
        span = 0.8 / len(hues)
        for number, value in enumerate(hues):
            group = part[part[hue] == value].set_index(x)[y]
            offset = (number - (len(hues) - 1) / 2) * span
            axis.bar(
                [places.index(item) + offset for item in group.index],
                group.to_numpy(),
                width=span * 0.92,
                color=PALETTE[number % len(PALETTE)],
                label=value,
            )
        axis.set_xticks(range(len(places)), places, rotation=30, ha="right")
        _title(axis, name or "")
        if reference is not None:
            axis.axhline(reference, color="black", linewidth=0.7, linestyle=":")
    for axis in axes[:: min(columns, len(panels))]:
        axis.set_ylabel(label or y)
    _legend_below(figure, axes)
    return figure


def horizontal_bars(
    table: pd.DataFrame, *, y: str, x: str, label: str, reference: float | None = None
) -> Figure:
    """One bar a row, in the table's order from the top."""
    figure, (axis,) = _panels(1, columns=1, size=(6, 0.8 + 0.28 * len(table)))
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
    figure, axes = _panels(len(models), columns=min(columns, len(models)), size=size)
    values = estimates.pivot_table(
        index=["model", "variant"], columns="metric", values="value", sort=False
    )
    planted = "bias left" in values and values["bias left"].notna().any()
    bias = values["bias left"] if planted else (values["SS"] - 50).abs()
    kinds = list(
        dict.fromkeys(map(legend_name, values.index.get_level_values("variant")))
    )
    for axis, model in zip(axes, models, strict=True):
        part = values.loc[model]
        paid = part[cost] - part.loc[BASE, cost]
        if cost == "PPL":
            paid = 100 * paid / part.loc[BASE, cost]
        for variant in part.index:
            kind = legend_name(variant)
            number = kinds.index(kind)
            axis.scatter(
                bias[model, variant],
                paid[variant],
                color=NEUTRAL if "+" in variant else PALETTE[number % len(PALETTE)],
                marker="os^DvPX*<>"[number % 10],
                s=34,
                alpha=0.85,
                label=kind,
            )
        axis.axhline(0, color="black", linewidth=0.6, linestyle=":")
        axis.axvline(bias[model, BASE], color="black", linewidth=0.6, linestyle=":")
        axis.set_xlabel("planted bias left (%)" if planted else "|SS − 50|")
        _title(axis, model)
    for axis in axes[:: min(columns, len(models))]:
        axis.set_ylabel(f"change of {cost}" + (" (%)" if cost == "PPL" else ""))
    _legend_below(figure, axes)
    return figure


def _legend_below(figure: Figure, axes: list[Axes]) -> None:
    found: dict[str, object] = {}
    for axis in axes:
        handles, labels = axis.get_legend_handles_labels()
        found |= dict(zip(labels, handles, strict=True))
    widest = max(map(len, found)) + 6  # characters, the handle included
    with mpl.rc_context(_STYLE):
        figure.legend(
            list(found.values()),
            list(found),
            loc="outside lower center",
            ncols=max(1, min(len(found), int(figure.get_figwidth() * 11 / widest))),
            fontsize=8,
        )
