"""What must hold of the measured figures: every bound, in this one place.

``./run_all.sh bench X --check`` reads the results file of X and ends with status 1 if
a figure misses its bound or was not measured.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from record import SETTINGS, ratio_name

from gradiend.errors import InputError


@dataclass(frozen=True)
class Bar:
    """A figure's name and its bound: the least it may be, or (``most``) the most."""

    name: str
    bound: float
    most: bool = False

    @property
    def must(self) -> str:
        """The bound in words."""
        return f"must be at {'most' if self.most else 'least'} {self.bound:.3g}"

    def holds(self, value: float | None) -> bool:
        """Whether a value keeps to it; what was not measured does not."""
        if value is None:
            return False
        return value <= self.bound if self.most else value >= self.bound

    def line(self, value: float | None) -> str:
        """Name, value and bound."""
        shown = "not measured" if value is None else f"{value:.3g}"
        return f"{self.name}: {shown}, {self.must}"


# theirs / ours, with the same memory setting on both sides, in either setting.
RATIOS: dict[tuple[str, str], float] = {
    ("BERT-base size", "step, batch 1"): 6,
    ("BERT-base size", "step, batch 32"): 25,
    ("BERT-base size", "encoding a row"): 30,
    ("BERT-base size", "a grid candidate"): 5,
    ("BERT-base size", "peak memory, batch 1"): 1 / 0.65,
    ("BERT-base size", "peak memory, batch 32"): 2.5,
    ("BERT, 4 layers of 256", "encoding a row"): 20,
}
# Time grows no faster than what it grows with, and memory hardly with what is worked
# off in pieces; largest over smallest size.
GROWTH = [
    *(
        Bar(f"{axis}: growth of seconds / growth of size", 1.1, most=True)
        for axis in ("n (million)", "batch", "rows", "candidates")
    ),
    Bar("n (million): growth of peak memory / growth of size", 1, most=True),
    *(
        Bar(f"{axis}: growth of peak memory", 1.5, most=True)
        for axis in ("batch", "rows", "candidates")
    ),
]
# A real model from the file to the levelled model: theirs / ours, and ours in seconds.
# A trained feature of ours holds validations, what theirs is made up of does not: their
# steps are compared, too.
REAL_MODEL = "SmolLM2-135M-Instruct"
TRAINED, CHOSEN = "file to trained feature", "file to levelled model"
CLOSED_FORM_SECONDS = f"{REAL_MODEL}, {CHOSEN}, ours, closed form (s)"
REAL = [
    Bar(ratio_name(REAL_MODEL, TRAINED, "kept"), 20),
    Bar(ratio_name(REAL_MODEL, CHOSEN, "kept"), 60),
    Bar(ratio_name(REAL_MODEL, "step, batch 16", "kept"), 20),
    Bar(ratio_name(REAL_MODEL, "peak memory, batch 16", "kept"), 1 / 0.4),
    Bar(CLOSED_FORM_SECONDS, 180, most=True),
]
# A random model's scores are all about 1/V: relative to their size.
STEREOSET = [Bar("largest relative difference of a score", 1e-4, most=True)]
STEREOSET_REAL = [
    *STEREOSET,
    Bar("largest difference of a score", 1e-6, most=True),
    Bar("whole sentences / shared beginnings", 1.3),
]
# Of every model and feature: what the search reaches of grid and refinement, and with
# how many candidates.
KEPT = 0.99
SEARCH = [
    Bar(f"choices that reach {KEPT:g} of the full search / choices", 1),
    Bar("candidates of a choice, most", 24, most=True),
    Bar("fewer candidates than the full search, median ratio", 5),
]
BOOKCORPUS = [Bar("peak memory, largest corpus / smallest", 1.25, most=True)]


def of_speed(models: Iterable[str]) -> list[Bar]:
    """What must hold of these models beside the authors' package, in each setting."""
    chosen = set(models)
    return [
        Bar(ratio_name(model, measure, setting), bound)
        for (model, measure), bound in RATIOS.items()
        if model in chosen
        for setting in SETTINGS
    ]


def hold(bars: Iterable[Bar], figures: Mapping[str, float | None]) -> None:
    """Print every bar with its figure.

    Raises
    ------
    InputError
        if one is missed (the message has name, value and bound of each), or there is
        none.
    """
    bars = list(bars)
    if not bars:
        raise InputError("there is no bar for these models; name others (--models)")
    missed = [bar for bar in bars if not bar.holds(figures.get(bar.name))]
    for bar in bars:
        word = "missed" if bar in missed else "holds"
        print(f"{word:6}  {bar.line(figures.get(bar.name))}")
    if missed:
        lines = "; ".join(bar.line(figures.get(bar.name)) for bar in missed)
        raise InputError(f"{len(missed)} of {len(bars)} bars missed: {lines}")
