"""Draws the README's diagram: a text, two gradients, one number, changed weights.

``python docs/images/diagram.py`` writes diagram.svg beside this file, the same bytes
each time. It brings its own light card, so it reads on white and on dark pages. Colours
are Okabe and Ito's; whatever a colour says, a word says, too.
"""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch, Rectangle

FEMALE, MALE, OURS = "#D55E00", "#0072B2", "#009E73"
INK, QUIET, LINE, CARD = "#1F2328", "#59636E", "#AFB8C1", "#FFFFFF"
WIDTH, HEIGHT = 1000, 372
SMALL = 9.4  # points
ROWS, COLUMNS, CELL = 3, 14, 12.5  # of a strip of weights
STYLE = {
    "font.family": "DejaVu Sans",
    "svg.hashsalt": "gradiend",  # ids in the file are random without it
    "mathtext.fontset": "dejavusans",
}


def main() -> None:
    """Draw and write the diagram."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH / 100, HEIGHT / 100))
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set(xlim=(0, WIDTH), ylim=(HEIGHT, 0))
        axes.set_axis_off()
        box(axes, 3, 3, WIDTH - 6, HEIGHT - 6, face=CARD, edge=LINE)
        for part in (text_with_slot, two_gradients, one_neuron, changed_weights):
            part(axes)
        arrows(axes)
        path = Path(__file__).with_suffix(".svg")
        figure.savefig(path, metadata={"Date": None}, transparent=True)


def text_with_slot(axes: Axes) -> None:
    """First column: the sentence and the two words that compete in its slot."""
    heading(axes, 24, "1", "a text with a slot")
    box(axes, 24, 66, 206, 74, face="#F6F8FA", edge=LINE)
    write(axes, 40, 94, "Anna was late because", size=10)
    box(axes, 40, 106, 62, 22, face="#FFFFFF", edge=INK, dashes=True)
    write(axes, 71, 117, "[MASK]", size=SMALL, align="center")
    write(axes, 109, 117, "missed the bus.", size=10)
    for y, word, says, colour in (
        (168, "she", "right for this text", FEMALE),
        (236, "he", "right for the other class", MALE),
    ):
        box(axes, 24, y, 46, 28, face=colour, edge=colour)
        write(axes, 47, y + 14, word, size=10.5, colour="white", align="center")
        write(axes, 79, y + 14, says, size=SMALL, colour=QUIET)


def two_gradients(axes: Axes) -> None:
    """Second column: what the model's weights would do for either word."""
    heading(axes, 292, "2", "two gradients")
    factual = np.random.default_rng(3).normal(size=(ROWS, COLUMNS))
    noise = np.random.default_rng(5).normal(size=(ROWS, COLUMNS))
    counterfactual = -0.8 * factual + 0.5 * noise
    strips = (
        (82, factual, r"$\nabla^{+}W$", "of the loss of “she”", FEMALE),
        (184, counterfactual, r"$\nabla^{-}W$", "of the loss of “he”", MALE),
        (286, factual - counterfactual, r"$\nabla^{\pm}W$", "the difference", INK),
    )
    for y, values, symbol, says, colour in strips:
        write(axes, 292, y - 11, symbol, size=11.5, colour=colour)
        write(axes, 344, y - 11, says, size=SMALL, colour=QUIET)
        strip(axes, 292, y, values)


def one_neuron(axes: Axes) -> None:
    """Third column: the encoder's number."""
    heading(axes, 548, "3", "one number")
    axes.add_patch(Circle((622, 117), 31, facecolor=OURS, edgecolor="none"))
    write(axes, 622, 116, r"$h$", size=20, colour="white", align="center")
    formula = r"$h=\tanh(\langle W_e,\nabla^{+}W\rangle+b_e)$"
    write(axes, 622, 171, formula, size=9, align="center")
    axes.plot([558, 686], [204, 204], color=LINE, linewidth=2, zorder=1)
    for x, number, says, colour in (
        (558, "−1", "male", MALE),
        (622, "0", "neither", QUIET),
        (686, "+1", "female", FEMALE),
    ):
        axes.plot([x], [204], marker="o", color=colour, markersize=6)
        write(axes, x, 221, number, size=9, align="center")
        write(axes, x, 237, says, size=SMALL, colour=colour, align="center")


def changed_weights(axes: Axes) -> None:
    """Fourth column: the decoder's change of every weight, and three uses of it."""
    heading(axes, 772, "4", "changed weights")
    formula = r"$\widetilde W=W+\alpha\cdot(h\cdot W_d+b_d)$"
    strip(axes, 772, 82, np.random.default_rng(8).normal(size=(ROWS, COLUMNS)))
    write(axes, 859, 140, formula, size=10.5, align="center")
    write(axes, 772, 176, "after any first name:", size=SMALL, colour=QUIET)
    for y, name, says, she in (
        (198, "N", "balanced", 0.5),
        (228, "F", "female", 0.85),
        (258, "M", "male", 0.15),
    ):
        write(axes, 772, y + 8, name, size=10.5, weight="bold")
        write(axes, 793, y + 8, says, size=SMALL, colour=QUIET)
        bar(axes, 862, y, she)


def arrows(axes: Axes) -> None:
    """What becomes of what; dashed: what training compares."""
    arrow(axes, (240, 180), (284, 106), FEMALE)
    arrow(axes, (244, 248), (284, 206), MALE)
    arrow(axes, (474, 101), (584, 115), OURS)
    write(axes, 524, 92, "encoder", size=SMALL, colour=OURS, align="center")
    arrow(axes, (660, 115), (764, 101), OURS)
    write(axes, 713, 92, "decoder", size=SMALL, colour=OURS, align="center")
    arrow(axes, (860, 300), (474, 305), QUIET, dashes=True, bend=-0.13)
    says = r"training: $h\cdot W_d+b_d$ shall be the difference"
    write(axes, 667, 350, says, size=SMALL, colour=QUIET, align="center")


def heading(axes: Axes, x: float, number: str, says: str) -> None:
    """A column's number and what it is."""
    write(axes, x, 36, number, size=12.5, weight="bold", colour=OURS)
    write(axes, x + 18, 36, says, size=12.5, weight="bold")


def strip(axes: Axes, x: float, y: float, values: np.ndarray) -> None:
    """Numbers as grey cells: dark is large, light is small."""
    shades = 0.5 + 0.5 * np.tanh(values)
    for (row, column), shade in np.ndenumerate(shades):
        corner = (x + column * CELL, y + row * CELL)
        grey = str(round(0.96 - 0.72 * shade, 2))
        axes.add_patch(Rectangle(corner, CELL - 1, CELL - 1, facecolor=grey))


def bar(axes: Axes, x: float, y: float, she: float) -> None:
    """P(she) and P(he) as two parts of a bar."""
    whole = 100
    axes.add_patch(Rectangle((x, y), whole * she, 16, facecolor=FEMALE))
    axes.add_patch(
        Rectangle((x + whole * she, y), whole * (1 - she), 16, facecolor=MALE)
    )
    if she > 0.3:
        write(axes, x + whole * she / 2, y + 8, "she", SMALL, "white", align="center")
    if she < 0.7:
        centre = x + whole * (1 + she) / 2
        write(axes, centre, y + 8, "he", SMALL, "white", align="center")


def box(
    axes: Axes,
    x: float,
    y: float,
    width: float,
    height: float,
    *,
    face: str,
    edge: str,
    dashes: bool = False,
) -> None:
    """A rounded box with its upper left corner at (x, y)."""
    style = "round,pad=0,rounding_size=6"
    patch = FancyBboxPatch((x, y), width, height, boxstyle=style, linewidth=1)
    patch.set(facecolor=face, edgecolor=edge, linestyle=(0, (3, 2)) if dashes else "-")
    axes.add_patch(patch)


def arrow(
    axes: Axes,
    start: tuple[float, float],
    end: tuple[float, float],
    colour: str,
    *,
    dashes: bool = False,
    bend: float = 0.0,
) -> None:
    """An arrow, bent by a share of its length."""
    patch = FancyArrowPatch(
        start,
        end,
        arrowstyle="-|>,head_length=5,head_width=3",
        connectionstyle=f"arc3,rad={bend}",
        linewidth=1.8,
        color=colour,
        linestyle=(0, (4, 3)) if dashes else "-",
    )
    axes.add_patch(patch)


def write(
    axes: Axes,
    x: float,
    y: float,
    text: str,
    size: float,
    colour: str = INK,
    *,
    weight: str = "normal",
    align: str = "left",
) -> None:
    """Text, vertically centred at (x, y)."""
    place = {"ha": align, "va": "center"}
    axes.text(x, y, text, fontsize=size, color=colour, weight=weight, **place)


if __name__ == "__main__":
    main()
