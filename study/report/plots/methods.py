"""How a method looks: a colour and a marker a kind, in every figure of the comparison.

Methods are named where they stand, so a figure needs few kinds: the base model, N as
the paper chooses it, what is ours, and the rest.
"""

from __future__ import annotations

from study.comparison.variants import AUTHORS, BASE, DECODERS, is_ours
from study.domains.domain import BALANCED, OURS
from study.report.plots.style import ACCENT, NEUTRAL
from study.results import selected

Look = tuple[str, str]  # colour, marker

PAPERS, ADDED, OTHERS = (
    f"{OURS}, by the paper's index",
    f"{OURS}, ours: refined or closed form",
    "other methods, combinations",
)
_ORANGE, _DARK, _PALE = "#E69F00", "#00513B", "#5BC0A0"
LOOKS: dict[str, Look] = {
    BASE: ("#000000", "s"),
    PAPERS: (_ORANGE, "D"),
    ADDED: (ACCENT, "o"),
    OTHERS: (NEUTRAL, "o"),
}
# Variants apart, in figures of jobs: those that nobody but us has are green.
VARIANT_LOOKS: dict[str, Look] = {
    BASE: (NEUTRAL, "o"),
    f"{BALANCED}, {selected.TRAINED}": LOOKS[PAPERS],
    f"{BALANCED}, {selected.REFINED}": LOOKS[ADDED],
    f"{BALANCED}, {selected.CLOSED_FORM}": (_PALE, "P"),
    f"{BALANCED}, {selected.CLOSED_FORM_REFINED}": (_DARK, "X"),
    f"{BALANCED}, {selected.AUTHORS}": (_ORANGE, "^"),
}
_SAID = {
    f"{BALANCED}, {selected.TRAINED}": f"{BALANCED} by the paper's index",
    f"{BALANCED}, {selected.REFINED}": f"{BALANCED}, refined (ours)",
}


def kind(variant: str) -> str:
    """Which of :data:`LOOKS` a row of the comparison has."""
    if variant == BASE:
        return BASE
    if not is_ours(variant) or "+" in variant:
        return OTHERS
    own = (suffix for suffix in DECODERS if suffix != AUTHORS)
    return ADDED if variant.endswith(tuple(own)) else PAPERS


def said(variant: str) -> str:
    """What a legend or title calls a variant of the tables of jobs."""
    return _SAID.get(variant, variant)
