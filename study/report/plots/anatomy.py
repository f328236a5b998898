"""Where a feature sits: a map of norms, and what few weights or one place do."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from study.report.plots.style import (
    ACCENT,
    NEUTRAL,
    PALETTE,
    STYLE,
    check_words,
    legend_below,
    panel_title,
    panelled,
)
from study.results.anatomy import (
    ALL,
    LARGEST,
    NORM,
    NOTHING,
    ONLY,
    OTHER,
    RANDOM,
    SCALED,
    WEIGHTS,
    WITHOUT,
)

_WIDEST = 6  # at most so many octaves from the mean weight are told apart, …
_NEARLY_ALL = 0.95  # … and so many as this share of the cells needs
# What a quantity's name ends with that is set against W's own.
RELATIVE = f" / {WEIGHTS}"
_NUMBERED = 12  # layers up to which there is room for two numbers in a cell
_WORTH_SAYING = 0.03  # of the squared norm, where there is room for one
_ORANGE, _BLUE = PALETTE[4], PALETTE[0]
# Choice of weights → how it is drawn.
_LINES = {
    LARGEST: {"color": ACCENT, "marker": "o"},
    SCALED: {"color": _ORANGE, "marker": "s"},
    RANDOM: {"color": NEUTRAL, "marker": "^"},
}
_MARKS = {
    ONLY: {"color": ACCENT, "marker": "o"},
    WITHOUT: {"color": _BLUE, "marker": "D"},
    SCALED: {"color": _ORANGE, "marker": "s"},
}
_NAMES = {
    "gap": "gap |P(+1) − P(−1)|",
    "said": "said P(+1) + P(−1)",
    "Balance": "Balance × LMS",
    "LMS": "LMS",
}
_LAST = (NORM, OTHER)
_NEARLY_KEPT = ("said", "LMS")


def norm_map(norms: pd.DataFrame, quantities: Sequence[str]) -> Figure:
    """Layer × component heat maps, a quantity each, of one model and feature.

    Colour is the size of a place's weights (root mean square) against that of all; in a
    cell stand that ratio and the place's share of the squared norm (of a model of many
    layers the larger shares alone), below a column its component's. With a name such as
    ``b_d / W`` the ratio is of |b_d| to |W| there, against that in all. Columns of
    ``norms``: quantity, layer, component, numbers, norm.
    """
    asked = (quantity.removesuffix(RELATIVE) for quantity in quantities)
    check_words(asked, norms["quantity"], "quantity")
    layers, components = (
        list(dict.fromkeys(norms[column])) for column in ("layer", "component")
    )
    components.sort(key=lambda name: name in _LAST)  # the others as the model has them
    numbered = len(layers) <= _NUMBERED
    size = (
        1.6 + 0.75 * len(components),
        1.5 + (0.42 if numbered else 0.2) * len(layers),
    )
    figure, axes = panelled(
        len(quantities), columns=min(2, len(quantities)), size=size, sharey=True
    )
    found = [
        [
            own.pivot(index="layer", columns="component", values=column)
            .reindex(index=layers, columns=components)
            .astype(float)
            for column in ("ratio", "share")
        ]
        for own in (_against_all(norms, quantity) for quantity in quantities)
    ]
    with np.errstate(divide="ignore"):
        octaves = [np.log2(ratio).abs() for ratio, _ in found]
    found_octaves = np.concatenate([o.to_numpy().ravel() for o in octaves])
    finite = found_octaves[np.isfinite(found_octaves)]
    widest = int(np.clip(np.ceil(np.quantile(finite, _NEARLY_ALL)), 2, _WIDEST))
    for axis, quantity, (ratio, share) in zip(axes, quantities, found, strict=True):
        _heat_map(axis, ratio, _cells(ratio, share, both=numbered), widest)
        panel_title(axis, quantity)
        axis.set(xlabel="", ylabel="")
        _name_components(axis, share.sum())
    for axis in axes[::2]:
        axis.set_ylabel("layer")
    return figure


def _against_all(norms: pd.DataFrame, quantity: str) -> pd.DataFrame:
    """Of each place: its share of the squared norm, and the ratio to be coloured."""
    own = norms[norms["quantity"] == quantity.removesuffix(RELATIVE)]
    share = (own["norm"] ** 2 / (own["norm"] ** 2).sum()).to_numpy()
    room = own["numbers"]
    if quantity.endswith(RELATIVE):
        room = norms.loc[norms["quantity"] == WEIGHTS, "norm"] ** 2
    ratio = (share / (room / room.sum()).to_numpy()) ** 0.5
    return own.assign(share=share, ratio=ratio)


def _cells(ratio: pd.DataFrame, share: pd.DataFrame, *, both: bool) -> pd.DataFrame:
    """Ratio and share of each cell; of a deep model the larger shares alone."""
    texts = share.map("{:.0%}".format)
    if both:
        return ("×" + ratio.map("{:.2g}\n".format) + texts).where(ratio.notna(), "")
    return texts.where(share >= _WORTH_SAYING, "")


def _heat_map(
    axis: Axes, ratio: pd.DataFrame, texts: pd.DataFrame, widest: int
) -> None:
    with mpl.rc_context(STYLE), np.errstate(divide="ignore"):
        sns.heatmap(
            np.log2(ratio).clip(-widest, widest),
            ax=axis,
            annot=texts,
            fmt="",
            annot_kws={"fontsize": 7},
            cmap="PuOr_r",
            vmin=-widest,
            vmax=widest,
            linewidths=0.5,
            cbar_kws={"shrink": 0.8, "extend": "both"},
        )
    bar = axis.collections[0].colorbar
    ticks = (-widest, 0, widest)
    bar.set_ticks(ticks, labels=[f"×{2.0**tick:.3g}" for tick in ticks])
    axis.set_facecolor("#EEEEEE")  # where there is no such component
    axis.tick_params(axis="y", rotation=0, labelsize=7)


def _name_components(axis: Axes, shares: pd.Series) -> None:
    """Below each column its component, and how much of the squared norm it has."""
    names = [f"{name}, {share:.0%}" for name, share in shares.items()]
    axis.set_xticks(axis.get_xticks(), names, fontsize=7.5, rotation=40, ha="right")
    for label in axis.get_xticklabels():
        label.set_rotation_mode("anchor")


def few_weights(few: pd.DataFrame, reading: pd.DataFrame) -> Figure:
    """What k weights do, against k: rewriting (four panels) and reading (the last).

    Of one model and feature. Columns of ``few``: choice, count, gap, said, Balance,
    LMS; of ``reading``: choice, count, pearson. The dashed line is the base model.
    """
    for table in (few, reading):
        check_words(table["choice"], (*_LINES, NOTHING), "choice of weights")
    figure, axes = panelled(len(_NAMES) + 1, columns=3, size=(3.1, 2.5))
    base = few[few["choice"] == NOTHING].iloc[0]
    for axis, (column, name) in zip(axes, _NAMES.items(), strict=False):
        _lines(axis, few, column)
        axis.axhline(base[column], color="black", linestyle="--", linewidth=0.8)
        panel_title(axis, name)
        if column in _NEARLY_KEPT:  # a change of a hundredth is not to fill a panel
            low, high = axis.get_ylim()
            axis.set_ylim(min(low, 0.8 * base[column]), max(high, 1.04 * base[column]))
    _lines(axes[-1], reading, "pearson")
    panel_title(axes[-1], "reading: Pearson of h")
    axes[-1].set_ylim(top=1.03)
    for axis in axes:
        axis.set(xscale="log", xlabel="weights")
        axis.grid(axis="y", alpha=0.3)
    legend_below(figure, axes)
    return figure


def _lines(axis: Axes, table: pd.DataFrame, column: str) -> None:
    """A line a choice, through the mean of its draws; from the least to the largest."""
    for choice, style in _LINES.items():
        own = table[table["choice"] == choice].groupby("count")[column]
        if not len(own):  # what is read by has no norm of its own
            continue
        low, mean, high = own.min(), own.mean(), own.max()
        axis.plot(mean.index, mean, label=choice, markersize=3.5, **style)
        axis.fill_between(mean.index, low, high, color=style["color"], alpha=0.2, lw=0)


def places(table: pd.DataFrame) -> Figure:
    """What a rewriting does in one place, and everywhere else, as a share of it all.

    0 is the base model's gap, 1 that of all weights. Columns of ``table``: kind, place,
    choice, gap; a row ``base`` and one ``all weights``.
    """
    check_words(table["choice"], (*_MARKS, NOTHING, ALL), "choice of weights")
    base, whole = (
        table.loc[table["choice"] == choice, "gap"].iloc[0] for choice in (NOTHING, ALL)
    )
    kinds = list(table["kind"].dropna().unique())
    longest = table.groupby("kind")["place"].nunique().max()
    figure, axes = panelled(
        len(kinds), columns=len(kinds), size=(4.2, 1.4 + 0.26 * longest)
    )
    for axis, kind in zip(axes, kinds, strict=True):
        own = table[table["kind"] == kind]
        names = list(own["place"].unique())
        for choice, style in _MARKS.items():
            rows = own[own["choice"] == choice]
            effect = (base - rows["gap"]) / (base - whole)
            at = rows["place"].map(names.index)
            axis.plot(effect, at, linestyle="none", label=choice, **style)
        for value in (0, 1):
            axis.axvline(value, color="black", linewidth=0.6, zorder=0)
        axis.set_yticks(range(len(names)), names)
        axis.invert_yaxis()
        axis.set(xlabel="narrowing of the gap, share of all weights'")
        axis.grid(axis="x", alpha=0.3)
        panel_title(axis, f"by {kind}")
    legend_below(figure, axes)
    return figure
