"""Draws the README's before and after: a real model's pronouns after 20 jobs.

``python docs/images/before_after.py`` reads the committed ``figures/real/source`` and
writes before_after.svg beside this file, the same bytes each time, on its own card.
"""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from diagram import CARD, INK, LINE, QUIET, STYLE, box
from matplotlib.axes import Axes
from matplotlib.figure import Figure

SOURCE = Path(__file__).resolve().parents[2] / "figures" / "real" / "source"
MODEL, FEATURE = "SmolLM2-135M-Instruct", "gender_MF"
JOBS = 20  # of those that N was not chosen on, from rated all male to all female
# What is shown: (variant, decoder) in the table → name, colour, mark.
BASE, PAPER, REFINED = ("base", "–"), ("N", "trained"), ("N", "refined")
SHOWN = {
    BASE: ("base", "#7F7F7F", "s"),
    PAPER: ("N by the paper's index", "#E69F00", "D"),
    REFINED: ("N refined (ours)", "#009E73", "o"),
}
WIDTH, HEIGHT = 760, 405


def main() -> None:
    """Draw and write the figure."""
    table = shares(pd.read_parquet(SOURCE / "associations.parquet"))
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH / 100, HEIGHT / 100))
        card = figure.add_axes((0, 0, 1, 1))
        card.set(xlim=(0, WIDTH), ylim=(HEIGHT, 0))
        card.set_axis_off()
        box(card, 3, 3, WIDTH - 6, HEIGHT - 6, face=CARD, edge=LINE)
        draw(figure.add_axes((0.085, 0.34, 0.9, 0.53)), table.sort_values(BASE))
        title = f"{MODEL} after {JOBS} jobs: P(she) / (P(he) + P(she))"
        card.text(24, 34, title, fontsize=12, weight="bold", color=INK, va="center")
        path = Path(__file__).with_suffix(".svg")
        figure.savefig(path, metadata={"Date": None}, transparent=True)


def shares(learned: pd.DataFrame) -> pd.DataFrame:
    """P(she) / (P(he) + P(she)): a row a job, a column a variant."""
    rows = learned[
        learned["model"].str.startswith(MODEL)
        & (learned["feature"] == FEATURE)
        & (learned["kind"] == "profession")
        & learned["held_out"]
    ]
    she, he = (rows[rows["class"] == word] for word in ("she", "he"))
    keys = ["word", "variant", "decoder"]
    p_she, p_he = (part.set_index(keys)["learned"] for part in (she, he))
    table = (p_she / (p_she + p_he)).unstack(["variant", "decoder"])
    rated = she.groupby("word")["planted"].first().sort_values(kind="stable")
    places = np.linspace(0, len(rated) - 1, JOBS).round().astype(int)
    return table.loc[rated.index[places], list(SHOWN)]


def draw(axes: Axes, table: pd.DataFrame) -> None:
    """A job a column, the share of *she* of each model, joined by a line."""
    places = range(len(table))
    axes.axhline(0.5, color=LINE, linestyle=(0, (2, 2)), linewidth=1)
    axes.vlines(places, table[BASE], table[REFINED], color=LINE, linewidth=1.5)
    for name, (says, colour, mark) in SHOWN.items():
        mean, spread = table[name].mean(), table[name].std()
        label = f"{says}: mean {mean:.2f}, standard deviation {spread:.2f}"
        axes.plot(places, table[name], mark, color=colour, markersize=6, label=label)
    axes.set(ylim=(0, 1.02), yticks=(0, 0.5, 1), xlim=(-0.6, len(table) - 0.4))
    axes.set_xticks(
        places, table.index, rotation=50, ha="right", rotation_mode="anchor"
    )
    axes.tick_params(colors=QUIET, labelcolor=INK, labelsize=9.4)
    for side, spine in axes.spines.items():
        spine.set(visible=side in ("left", "bottom"), color=LINE)
    axes.legend(loc="upper left", frameon=False, fontsize=10, handletextpad=0.2)


if __name__ == "__main__":
    main()
