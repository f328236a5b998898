"""How every figure looks: colours, panels, legends, and its files.

Colours are Okabe and Ito's, which stay apart for colour-blind readers: class +1 is
vermillion, class −1 blue, everything neutral grey.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from gradiend.errors import check_choice
from gradiend.files import atomic_path

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
HATCHES = (None, "///", "...")  # of what has a colour that is taken
STYLE = {
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
_DPI = 150  # of PNG files
IN_A_ROW = 4  # panels that the width of a page holds
_LONG_TITLE = 30  # characters that a narrow panel holds


def save_figure(figure: Figure, stem: str | Path) -> list[Path]:
    """Write ``stem``.svg and ``stem``.png, the same bytes for the same figure."""
    written = []
    # The layout is found once, not once a format, and at the image's resolution, in
    # which letters are as wide as whole points.
    shown_at = figure.get_dpi()
    with mpl.rc_context(STYLE):
        figure.set_dpi(_DPI)
        figure.draw_without_rendering()
        figure.set_layout_engine("none")
        figure.set_dpi(shown_at)
    for suffix in (".svg", ".png"):
        path = Path(f"{stem}{suffix}")
        metadata = {"Date": None} if suffix == ".svg" else {"Software": None}
        with atomic_path(path) as unfinished, mpl.rc_context(STYLE):
            figure.savefig(unfinished, format=suffix[1:], metadata=metadata, dpi=_DPI)
            if suffix == ".png":
                _in_few_colours(unfinished)
        written.append(path)
    return written


def _in_few_colours(path: Path) -> None:
    """256 colours are told from millions by nobody here, and take a third of the room.

    Without dithering: areas of one colour stay of one.
    """
    with Image.open(path) as image:
        # By means, too: else the rare colours of a colour bar are not what they were.
        few = image.convert("RGB").quantize(256, kmeans=3, dither=Image.Dither.NONE)
    few.save(path, "PNG", optimize=True)


def check_words(found: Iterable[str], known: Iterable[str], kind: str) -> None:
    """Refuse words that are not known: what they stand for would not be drawn.

    Either those of a table that a figure has no place for, or those that a figure asks
    for and a table lacks. ``kind`` is what a word is.
    """
    known = list(dict.fromkeys(known))
    for word in dict.fromkeys(found):
        check_choice(word, known, kind)


def panelled(
    count: int, *, columns: int, size: tuple[float, float], **options
) -> tuple[Figure, list[Axes]]:
    """A figure of ``count`` panels of ``size`` (inches), unused places left empty."""
    rows = -(-count // columns)
    with mpl.rc_context(STYLE):
        # Not through pyplot: nothing is shown twice, and nothing stays open.
        figure = Figure(figsize=(size[0] * columns, size[1] * rows))
        axes = figure.subplots(rows, columns, squeeze=False, **options).ravel()
    for spare in axes[count:]:
        spare.set_axis_off()
    return figure, list(axes[:count])


def panel_title(axis: Axes, text: str) -> None:
    """A panel's title; what is in brackets goes to a second line of a long one."""
    if len(text) > _LONG_TITLE:
        text = text.replace(" (", "\n(", 1)
    axis.set_title(text, fontsize=8.5, fontweight="bold")


def legend_below(figure: Figure, axes: list[Axes]) -> None:
    """One legend under all panels, each label once, in as many columns as fit."""
    found: dict[str, object] = {}
    for axis in axes:
        handles, labels = axis.get_legend_handles_labels()
        found |= dict(zip(labels, handles, strict=True))
    widest = max(map(len, found)) + 6  # characters, the handle included
    with mpl.rc_context(STYLE):
        figure.legend(
            list(found.values()),
            list(found),
            loc="outside lower center",
            ncols=max(1, min(len(found), int(figure.get_figwidth() * 11 / widest))),
            fontsize=8,
        )
