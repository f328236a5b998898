"""What a rewriting moves: a word's share before, and after."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from study.report.plots.methods import VARIANT_LOOKS, Look, said
from study.report.plots.style import (
    ACCENT,
    IN_A_ROW,
    NEGATIVE,
    NEUTRAL,
    POSITIVE,
    legend_below,
    panel_title,
    panelled,
)

_BEFORE, _AFTER = (NEUTRAL, "o"), (NEGATIVE, "D")
_BESIDE = ((POSITIVE, "^"), (ACCENT, "v"))  # colour and marker, in order


def shifts_by_word(
    table: pd.DataFrame,
    *,
    before: str,
    after: str,
    label: str,
    beside: Sequence[str] = (),
) -> Figure:
    """A line a word from its share ``before`` to its share ``after``, words down.

    ``table`` has the column word and a column of shares each; the words are in the
    order of ``before``. ``beside`` are at most two further columns, drawn small.
    """
    figure, (axis,) = panelled(1, columns=1, size=(5.6, 0.9 + 0.17 * len(table)))
    looks = {before: _BEFORE, **dict(zip(beside, _BESIDE, strict=False)), after: _AFTER}
    _shifts(axis, table, looks)
    axis.set_xlabel(label)
    legend_below(figure, [axis])
    return figure


def shares_by_word(shares: pd.DataFrame, *, label: str) -> Figure:
    """The same, a panel a model: from the base to the last variant that there is.

    What lies between the two is drawn small. ``shares`` has the columns model, variant,
    word and share, and the base first; a model's words are in the order of its base.
    """
    models, variants = (list(shares[c].unique()) for c in ("model", "variant"))
    most = shares.groupby("model")["word"].nunique().max()
    figure, axes = panelled(
        len(models),
        columns=min(IN_A_ROW, len(models)),
        size=(3.6, 0.7 + 0.16 * most),
    )
    looks = {said(variant): VARIANT_LOOKS[variant] for variant in variants}
    for axis, model in zip(axes, models, strict=True):
        own = shares[shares["model"] == model]
        table = own.pivot(index="word", columns="variant", values="share")
        _shifts(axis, table.rename(columns=said).reset_index(), looks)
        panel_title(axis, model)
    for axis in axes[-min(IN_A_ROW, len(models)) :]:
        axis.set_xlabel(label)
    legend_below(figure, axes)
    return figure


def _shifts(axis: Axes, table: pd.DataFrame, looks: dict[str, Look]) -> None:
    """A row a word: from the first of ``looks`` to the last, what is between small."""
    before, *beside, after = looks
    table = table.sort_values(before, kind="stable")
    rows = range(len(table))
    axis.axvline(0.5, color="black", linewidth=0.9, linestyle=":")
    axis.hlines(rows, table[before], table[after], color=NEUTRAL, linewidth=1.2)
    for name, (colour, marker) in looks.items():
        small = name in beside  # and on top of what it nearly is
        style = {"s": 12 if small else 25, "zorder": 4 if small else 3}
        axis.scatter(
            table[name], rows, color=colour, marker=marker, label=name, **style
        )
    axis.set_yticks(rows, table["word"], fontsize=7.5)
    axis.set_xticks((0, 0.25, 0.5, 0.75, 1), ("0", "", "0.5", "", "1"))
    axis.set(xlim=(-0.02, 1.02), ylim=(-0.7, len(table) - 0.3))
