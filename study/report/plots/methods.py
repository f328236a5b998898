"""How a method looks: one colour and marker each, in every figure of the comparison.

Ours are green, a shade and a marker each decoder; where a method is not listed it gets
the next free look, in the order of the names.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product

from study.comparison.variants import (
    AUTHORS,
    BASE,
    CLOSED_FORM,
    CLOSED_FORM_REFINED,
    REFINED,
    legend_name,
)
from study.domains.domain import BALANCED, OURS
from study.report.plots.style import ACCENT, NEGATIVE, NEUTRAL, POSITIVE, SECOND
from study.results.selected import called

Look = tuple[str, str]  # colour, marker

COMBINED = "combinations"
_N = f"{OURS}-{BALANCED}"
_DARK, _PALE, _DULL = "#00513B", "#5BC0A0", "#5E8C31"
LOOKS: dict[str, Look] = {
    BASE: ("#000000", "s"),
    _N: (ACCENT, "o"),
    _N + REFINED: (_DARK, "*"),
    _N + CLOSED_FORM: (_PALE, "P"),
    _N + CLOSED_FORM_REFINED: (_DULL, "X"),
    _N + AUTHORS: (ACCENT, "^"),
    OURS: (ACCENT, "o"),  # the features of a domain that has several
    OURS + REFINED: (_DARK, "*"),
    OURS + CLOSED_FORM: (_PALE, "P"),
    OURS + CLOSED_FORM_REFINED: (_DULL, "X"),
    f"{OURS}-F": (POSITIVE, "^"),
    f"{OURS}-M": (NEGATIVE, "v"),
    "CDA": ("#E69F00", "s"),
    "Dropout": ("#56B4E9", "D"),
    "INLP": (SECOND, "X"),
    "RLACE": ("#000000", "<"),
    "LEACE": ("#000000", ">"),
    "SentenceDebias": ("#E69F00", "h"),
    "SelfDebias": (NEGATIVE, "p"),
    "SteeringVector": ("#E69F00", "P"),
    "TaskVector": ("#56B4E9", "X"),
    "DPO": (NEGATIVE, "D"),
    COMBINED: (NEUTRAL, "d"),
}
_FREE = tuple(product((POSITIVE, SECOND, "#56B4E9", NEUTRAL), "8H^v<>"))


def balanced_look(decoder: str) -> Look:
    """The look of the balanced variant of a decoder (``trained``, ``refined``, …)."""
    return LOOKS[called(_N, decoder)]


def area(marker: str) -> float:
    """What a marker's area is to be multiplied with: a star is mostly corners."""
    return 2.2 if marker == "*" else 1.0


def looks(variants: Iterable[str]) -> dict[str, Look]:
    """Legend entry → look, of all ``variants``, in the order of :data:`LOOKS`.

    Variants of a legend entry share its look (``study.comparison.variants``).
    """
    names = {legend_name(variant) for variant in variants}
    free = iter(_FREE)
    known = {name: look for name, look in LOOKS.items() if name in names}
    return known | {name: next(free) for name in sorted(names - LOOKS.keys())}
