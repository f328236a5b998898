"""What models say: planted and learned, before and after."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from study.domains import DOMAINS
from study.report.plots.methods import VARIANT_LOOKS, Look, said
from study.report.plots.style import (
    IN_A_ROW,
    NEGATIVE,
    NEUTRAL,
    PALETTE,
    POSITIVE,
    legend_below,
    panel_title,
    panelled,
)

_TOLERANCE = 0.1  # of P: what was learned so well is counted
_DOMAIN_COLOURS = dict(zip(DOMAINS, PALETTE, strict=False))


def _looks(names: Iterable[str]) -> dict[str, Look]:
    """Colour and marker of each; other names get those that are left, in order."""
    names = list(names)
    free = [look for name, look in VARIANT_LOOKS.items() if name not in names]
    return {n: VARIANT_LOOKS[n] if n in VARIANT_LOOKS else free.pop(0) for n in names}


def planted_against_learned(associations: pd.DataFrame) -> Figure:
    """Planted strength against what each model says, one panel a model.

    Columns: model, domain, planted, learned.
    """
    models = associations["model"].unique()
    figure, axes = panelled(
        len(models), columns=min(IN_A_ROW, len(models)), size=(2.5, 2.6), sharey=True
    )
    for axis, model in zip(axes, models, strict=True):
        part = associations[associations["model"] == model]
        _band(axis)
        for domain, group in part.groupby("domain"):
            axis.scatter(
                group["planted"],
                group["learned"],
                s=8,
                alpha=0.6,
                linewidths=0,
                color=_DOMAIN_COLOURS.get(domain, NEUTRAL),
                label=domain,
            )
        within = float((part["planted"] - part["learned"]).abs().le(_TOLERANCE).mean())
        panel_title(axis, model)
        axis.set(xlim=(0, 1), ylim=(0, 1), xlabel="planted P")
        axis.text(0.04, 0.92, f"{within:.0%} within ±{_TOLERANCE:g}", fontsize=8)
        axis.set_aspect("equal")
    axes[0].set_ylabel("learned P")
    legend_below(figure, axes)
    return figure


def _band(axis: Axes) -> None:
    """Where what was learned is near enough to what was planted."""
    axis.fill_between(
        [0, 1],
        [-_TOLERANCE, 1 - _TOLERANCE],
        [_TOLERANCE, 1 + _TOLERANCE],
        color=NEUTRAL,
        alpha=0.2,
        linewidth=0,
        label=f"±{_TOLERANCE:g}",
    )


def shares_by_rating(shares: pd.DataFrame, *, label: str) -> Figure:
    """A dot a word: what people think of it, and what a model says.

    A row of panels a model, a column a variant. ``shares`` has the columns model,
    variant, word, rating and share, and the base first. The line is the least-squares
    one; the base's is in every panel, dotted.
    """
    models, variants = (list(shares[c].unique()) for c in ("model", "variant"))
    figure, axes = panelled(
        len(models) * len(variants),
        columns=len(variants),
        size=(2.9, 2.7),
        sharex=True,
        sharey=True,
    )
    looks = _looks(variants)
    panels = iter(axes)
    for model in models:
        of_model = shares[shares["model"] == model]
        before = _line(of_model[of_model["variant"] == variants[0]])
        for variant in variants:
            axis, part = next(panels), of_model[of_model["variant"] == variant]
            _rated(axis, part, before, looks[variant][0])
            panel_title(axis, said(variant))
    for axis, model in zip(axes[:: len(variants)], models, strict=True):
        named = f"{model.partition(' (')[0]}\n" if len(models) > 1 else ""
        axis.set_ylabel(f"{named}{label}")
    for axis in axes[-len(variants) :]:
        axis.set_xlabel("people: how female is the job")
    return figure


def _line(part: pd.DataFrame) -> np.ndarray:
    """Slope and height of the least-squares line."""
    return np.polyfit(part["rating"], part["share"], 1)


def _rated(axis: Axes, part: pd.DataFrame, before: np.ndarray, colour: str) -> None:
    """The words of one model and variant, their line and the base's."""
    line, ends = _line(part), np.array([0.0, 1.0])
    axis.axhline(0.5, color=NEUTRAL, linewidth=0.6)
    dots = {"s": 14, "alpha": 0.6, "linewidths": 0, "color": colour}
    axis.scatter(part["rating"], part["share"], **dots)
    axis.plot(ends, np.polyval(line, ends), color=colour, linewidth=1.8)
    axis.plot(ends, np.polyval(before, ends), color="black", linestyle=":")
    r = part["rating"].corr(part["share"])
    axis.text(0.03, 0.94, f"r = {r:.2f}, slope {line[0]:.2f}", fontsize=8)
    axis.set(xlim=(0, 1), ylim=(0, 1.02))
    axis.set_xticks((0, 0.5, 1), ("0", "0.5", "1"))


def two_probabilities(
    table: pd.DataFrame, *, x: str, y: str, hue: str, marker: str, panel: str
) -> Figure:
    """A scatter of two probabilities per panel, coloured and marked by group."""
    panels = list(table[panel].unique())
    figure, axes = panelled(len(panels), columns=4, size=(2.6, 2.7), sharey=True)
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
        panel_title(axis, name)
        axis.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03), xlabel=x)
        axis.set_aspect("equal")
    axes[0].set_ylabel(y)
    legend_below(figure, axes)
    return figure


def offset_and_spread(shares: pd.DataFrame) -> Figure:
    """Mean share and spread of every model, before and after, around ½.

    ``shares`` has the columns model, variant, word and share; a dot is the mean over
    words, its bar one standard deviation to either side. Balance is a dot on the line
    *and* a short bar: a short bar elsewhere says the same word of everybody.
    """
    models, variants = (list(shares[c].unique()) for c in ("model", "variant"))
    step = 0.8 / len(variants)
    figure, (axis,) = panelled(
        1, columns=1, size=(6.4, 1 + 0.22 * len(models) * len(variants))
    )
    axis.axvline(0.5, color="black", linewidth=0.9, linestyle=":")
    groups = shares.groupby(["variant", "model"], sort=False)["share"]
    mean, spread = groups.mean(), groups.std()
    for number, (variant, style) in enumerate(_looks(variants).items()):
        own = mean[variant].index
        axis.errorbar(
            mean[variant],
            [models.index(model) + (number + 0.5) * step - 0.4 for model in own],
            xerr=spread[variant],
            fmt=style[1],
            color=style[0],
            markersize=5,
            capsize=2.5,
            linewidth=1.4,
            label=said(variant),
        )
    axis.set_yticks(range(len(models)), models)
    axis.set_ylim(len(models) - 0.5, -0.5)
    axis.set(xlim=(-0.02, 1.02), xlabel="mean share ± spread over words")
    for border in range(1, len(models)):
        axis.axhline(border - 0.5, color=NEUTRAL, linewidth=0.4, alpha=0.5)
    legend_below(figure, [axis])
    return figure
