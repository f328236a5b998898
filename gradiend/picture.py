"""The picture beside a summary, where matplotlib is installed."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from gradiend.sampling import evenly

_MOST = 40  # texts that a reader takes in


def draw_probes(probes: pd.DataFrame, name: str, path: Path) -> None:
    """Write :func:`probes_figure` to a file."""
    figure = probes_figure(probes, name)
    figure.savefig(path, dpi=150, metadata={"Software": None})


def probes_figure(probes: pd.DataFrame, name: str) -> Figure:
    """Each text's share of class ``name`` before and after, as a line between them.

    At most 40 texts, from one end of the shares before to the other.
    """
    ordered = probes.sort_values("before", kind="stable")
    shown = ordered.iloc[evenly(len(ordered), _MOST)]
    places = range(len(shown))
    figure = Figure(figsize=(7.2, 1.2 + 0.18 * len(shown)), layout="constrained")
    axis = figure.subplots()
    axis.axvline(0.5, color="black", linewidth=0.8, linestyle=":")
    axis.hlines(places, shown["before"], shown["after"], color="#BBBBBB")
    axis.scatter(shown["before"], places, color="#7F7F7F", s=16, label="before")
    axis.scatter(shown["after"], places, color="#0072B2", s=16, label="after")
    # Texts are texts: two dollars in one do not make it a formula.
    texts = [text[:60] for text in shown["text"]]
    axis.set_yticks(places, texts, fontsize=6, parse_math=False)
    axis.set_xlabel(f"share of {name} in the slot", parse_math=False)
    axis.set_xlim(0, 1)
    axis.legend(frameon=False, loc="lower right")
    return figure
