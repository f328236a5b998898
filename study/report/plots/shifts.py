"""What a rewriting moves: a word's share before, and after."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from matplotlib.figure import Figure

from study.report.plots.style import (
    ACCENT,
    NEGATIVE,
    NEUTRAL,
    POSITIVE,
    legend_below,
    panelled,
)

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
    table = table.sort_values(before, kind="stable")
    figure, (axis,) = panelled(1, columns=1, size=(5.6, 0.9 + 0.17 * len(table)))
    rows = range(len(table))
    axis.axvline(0.5, color="black", linewidth=0.9, linestyle=":")
    axis.hlines(rows, table[before], table[after], color=NEUTRAL, linewidth=1.2)
    for name, (colour, marker) in zip(beside, _BESIDE, strict=False):
        axis.scatter(table[name], rows, s=12, marker=marker, color=colour, label=name)
    axis.scatter(table[before], rows, s=24, color=NEUTRAL, label=before, zorder=3)
    axis.scatter(
        table[after], rows, s=26, marker="D", color=NEGATIVE, label=after, zorder=4
    )
    axis.set_yticks(rows, table["word"], fontsize=7.5)
    axis.set(xlim=(-0.02, 1.02), ylim=(-0.7, len(table) - 0.3), xlabel=label)
    legend_below(figure, [axis])
    return figure
