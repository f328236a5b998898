"""How a method looks: a colour and a marker a kind, in every figure of the comparison.

Methods are named where they stand, so a figure needs few kinds: the base model, N as
the paper chooses it, what is ours, and the rest.
"""

from __future__ import annotations

from study.comparison.variants import AUTHORS, BASE, DECODERS, is_ours
from study.domains.domain import OURS
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
# Decoders apart, in figures of jobs: those that nobody but us has are green.
_DECODER_LOOKS: dict[str, Look] = {
    selected.TRAINED: LOOKS[PAPERS],
    selected.REFINED: LOOKS[ADDED],
    selected.CLOSED_FORM: (_PALE, "P"),
    selected.CLOSED_FORM_REFINED: (_DARK, "X"),
    selected.AUTHORS: (_ORANGE, "^"),
}


def kind(variant: str) -> str:
    """Which of :data:`LOOKS` a row of the comparison has."""
    if variant == BASE:
        return BASE
    if not is_ours(variant) or "+" in variant:
        return OTHERS
    own = (suffix for suffix in DECODERS if suffix != AUTHORS)
    return ADDED if variant.endswith(tuple(own)) else PAPERS


def balanced_look(decoder: str) -> Look:
    """The look of the balanced variant of a decoder (``trained``, ``refined``, …)."""
    return _DECODER_LOOKS[decoder]
