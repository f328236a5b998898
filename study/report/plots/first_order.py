"""What derivatives predict of a rewriting, beside what was measured (notebook 11)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from study.report.plots.style import (
    ACCENT,
    IN_A_ROW,
    NEGATIVE,
    NEUTRAL,
    PALETTE,
    POSITIVE,
    check_words,
    legend_below,
    panel_title,
    panelled,
)
from study.results.first_order import EVERY

_MARKERS = "os^Dv<>P"
_LINES = {
    "first": ("first order", NEGATIVE, "--"),
    "second": ("second order", ACCENT, "-."),
    "bound": ("bound", NEUTRAL, ":"),
}


def predicted_and_measured(changes: pd.DataFrame, agreement: pd.DataFrame) -> Figure:
    """A dot a probe: the change of its log-odds, predicted and measured.

    A row of panels a variant, a column a share of the selected α. ``agreement`` has the
    R² about the line, y = x, of ``all`` sets.
    """
    check_words([EVERY], agreement["set"], "set of probes")
    variants, shares = (list(changes[c].unique()) for c in ("variant", "share"))
    figure, axes = panelled(
        len(variants) * len(shares), columns=len(shares), size=(3.3, 2.9)
    )
    looks = _looks(changes["set"].unique())
    panels = [(variant, share) for variant in variants for share in shares]
    for axis, (variant, share) in zip(axes, panels, strict=True):
        part = _of(changes, variant, share)
        axis.axline((0, 0), slope=1, color=NEUTRAL, linewidth=0.8, linestyle=":")
        for name, rows in part.groupby("set", sort=False):
            colour, marker = looks[name]
            axis.scatter(
                rows["predicted"],
                rows["measured"],
                s=13,
                alpha=0.6,
                linewidths=0,
                color=colour,
                marker=marker,
                label=name,
            )
        r2 = _of(agreement, variant, share).set_index("set")["R2"][EVERY]
        axis.text(0.04, 0.9, f"R² = {r2:.3f}", fontsize=8, transform=axis.transAxes)
        panel_title(axis, f"{variant}: {share:g} of the selected α")
        axis.set(xlabel="predicted change of log-odds", ylabel="measured")
    legend_below(figure, axes)
    return figure


def agreement_by_rate(agreement: pd.DataFrame) -> Figure:
    """R² of first order over the share of the selected α, a line a set.

    Below 0, where the mean would predict better, all is drawn at 0.
    """
    check_words([EVERY], agreement["set"], "set of probes")
    variants = list(agreement["variant"].unique())
    figure, axes = panelled(
        len(variants),
        columns=min(IN_A_ROW, len(variants)),
        size=(2.9, 2.7),
        sharey=True,
    )
    looks = _looks(name for name in agreement["set"].unique() if name != EVERY)
    looks[EVERY] = ("black", ".")
    for axis, variant in zip(axes, variants, strict=True):
        axis.axhline(0.9, color=NEUTRAL, linewidth=0.8, linestyle=":")
        part = agreement[agreement["variant"] == variant]
        for name, rows in part.groupby("set", sort=False):
            colour, marker = looks[name]
            axis.plot(
                rows["share"],
                rows["R2"].clip(lower=0),
                color=colour,
                marker=marker,
                markersize=4,
                linewidth=2 if name == EVERY else 1,
                label=name,
            )
        axis.set(xscale="log", ylim=(-0.03, 1.03), xlabel="share of the selected α")
        shares = part["share"].unique()
        axis.set_xticks(shares, [f"{share:g}" for share in shares], fontsize=6.5)
        axis.minorticks_off()
        panel_title(axis, variant)
    axes[0].set_ylabel("R² of first order")
    legend_below(figure, axes)
    return figure


def loss_along(losses: pd.DataFrame) -> Figure:
    """Loss of neutral texts over α, measured and as derivatives at 0 say it."""
    variants = list(losses["variant"].unique())
    figure, axes = panelled(
        len(variants), columns=min(IN_A_ROW, len(variants)), size=(3.1, 2.7)
    )
    for axis, variant in zip(axes, variants, strict=True):
        part = losses[losses["variant"] == variant]
        for column, (label, colour, style) in _LINES.items():
            axis.plot(
                part["rate"], part[column], style, color=colour, label=label, zorder=1
            )
        axis.plot(
            part["rate"],
            part["loss"],
            "o",
            color=POSITIVE,
            markersize=4,
            label="measured",
        )
        _around(axis, part["loss"])
        axis.set(xlabel="learning rate α", ylabel="loss, nats a token")
        panel_title(axis, variant)
    legend_below(figure, axes)
    return figure


def state_parts(states: pd.DataFrame) -> Figure:
    """A dot a text: which parts of the state two words take, before and after.

    Columns variant, apart and both: along the difference of the two words, and along
    what raises both over the rest, as shares of the state's length.
    """
    variants = list(states["variant"].unique())
    figure, axes = panelled(
        len(variants), columns=len(variants), size=(3.1, 2.8), sharex=True, sharey=True
    )
    for axis, variant in zip(axes, variants, strict=True):
        part = states[states["variant"] == variant]
        axis.axvline(0, color=NEUTRAL, linewidth=0.8, linestyle=":")
        for side, colour, rows in (
            ("leans to +1", POSITIVE, part[part["base"] > 0]),
            ("leans to −1", NEGATIVE, part[part["base"] <= 0]),
        ):
            axis.scatter(
                rows["apart"],
                rows["both"],
                s=14,
                alpha=0.6,
                linewidths=0,
                color=colour,
                label=f"in the base model {side}",
            )
        axis.set_xlabel("part along their difference")
        panel_title(axis, variant)
    axes[0].set_ylabel("part along both")
    legend_below(figure, axes)
    return figure


def cost_at_gap(projected: pd.DataFrame, costs: Sequence[str]) -> Figure:
    """What a decoder costs over the gap that it leaves, as shares of the base's."""
    base = projected.iloc[0]
    rest = projected.iloc[1:]
    figure, axes = panelled(len(costs), columns=len(costs), size=(3.1, 2.8))
    looks = _looks(rest["decoder"].unique())
    for axis, cost in zip(axes, costs, strict=True):
        axis.axhline(1, color=NEUTRAL, linewidth=0.8, linestyle=":")
        for name, rows in rest.groupby("decoder", sort=False):
            colour, marker = looks[name]
            axis.plot(
                rows["gap"] / base["gap"],
                rows[cost] / base[cost],
                color=colour,
                marker=marker,
                markersize=5,
                linewidth=1,
                label=name,
            )
        axis.set(xlabel="gap left, held-out", ylabel="share of the base's")
        panel_title(axis, cost)
    legend_below(figure, axes)
    return figure


def _of(table: pd.DataFrame, variant: str, share: float) -> pd.DataFrame:
    same = np.isclose(table["share"], share)
    return table[(table["variant"] == variant) & same]


def _looks(names) -> dict[str, tuple[str, str]]:
    """A colour and a marker each, in order."""
    looks = zip(PALETTE, _MARKERS, strict=True)
    return dict(zip(names, looks, strict=False))


def _around(axis: Axes, values: pd.Series) -> None:
    """Room for the values and a little more: lines that leave it are cut off."""
    low, high = values.min(), values.max()
    room = 0.4 * (high - low)
    axis.set_ylim(low - room, high + room)
