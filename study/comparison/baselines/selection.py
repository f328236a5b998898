"""How far a method goes: chosen on the texts that GRADIEND's refined variant is.

The smallest mean gap |P(+1) − P(−1)| among what keeps enough of the base's language
modelling and of P(+1) + P(−1); for to say neither class is no balance. (GRADIEND's must
be centred besides, which these have no way to seek.) The base model stands, too: a
method that makes nothing better changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from gradiend.evaluation.decoder import DecoderMeasure, class_statistics
from gradiend.lm.cloze import ClozeLM
from study.comparison.edits import Edit, Note, Weights

_SHOWN = ("gap", "share", "said", "LMS")  # of what is measured, in notes
_SAID_FLOOR = 0.75  # where the profile has none


@dataclass(frozen=True)
class Validation:
    """What candidates are measured with, and what they must keep of the base's."""

    measure: Callable[[ClozeLM], DecoderMeasure]
    lms_floor: float = 0.98
    said_floor: float | None = None

    def choice(self, lm: ClozeLM, edit: Callable[[Any], Edit]) -> Choice:
        """Between the base model and candidates that are asked one after the other.

        ``edit`` makes a candidate's edit: some are as large as the model.
        """
        measure = self.measure(lm)
        base = class_statistics(measure.probabilities())
        base["LMS"] = measure.modelling()
        said = _SAID_FLOOR if self.said_floor is None else self.said_floor
        floors = {"LMS": self.lms_floor * base["LMS"], "said": said * base["said"]}
        return Choice(lm, edit, measure, base, floors)


@dataclass
class Choice:
    """The best so far; ``chosen`` is None as long as that is the base model."""

    lm: ClozeLM
    edit: Callable[[Any], Edit]
    measure: DecoderMeasure
    base: Mapping[str, float]
    floors: Mapping[str, float]
    chosen: Any = None
    candidates: int = 0
    best: Mapping[str, float] = field(init=False)

    def __post_init__(self) -> None:
        self.best = self.base

    def ask(self, candidates: Iterable[Any]) -> None:
        """Measure candidates; of one that cannot be the best, not its LMS."""
        for candidate in candidates:
            self.candidates += 1
            with self.edit(candidate).on(self.lm):
                found = class_statistics(self.measure.probabilities())
                if not (found["gap"] < self.best["gap"] and self._keeps("said", found)):
                    continue
                found["LMS"] = self.measure.modelling()
            if self._keeps("LMS", found):
                self.best, self.chosen = found, candidate

    def gap(self, candidate: Any) -> float:
        """A candidate's mean gap, whatever it keeps."""
        with self.edit(candidate).on(self.lm):
            return class_statistics(self.measure.probabilities())["gap"]

    def notes(self) -> dict[str, Note]:
        """What was measured of the base model and of the best."""
        notes: dict[str, Note] = {"candidates": self.candidates}
        for name in _SHOWN:
            notes[f"{name} before"] = float(self.base[name])
            notes[name] = float(self.best[name])
        return notes

    def _keeps(self, name: str, found: Mapping[str, float]) -> bool:
        return found[name] >= self.floors[name]


def best_along(
    lm: ClozeLM,
    change: Mapping[str, Tensor],
    factors: Sequence[float],
    validation: Validation,
) -> Weights:
    """W + c·change for the best c of ``factors``, which ``notes`` name.

    ``change`` maps names of parameters to tensors of their shapes. 0 is the base model.
    """
    own = dict(lm.model.named_parameters())

    def moved(factor: float) -> Weights:
        return Weights({n: own[n].detach() + factor * t for n, t in change.items()})

    choice = validation.choice(lm, moved)
    choice.ask(factors)
    found = Weights({}) if choice.chosen is None else moved(choice.chosen)
    notes = {"factor": choice.chosen or 0.0, **choice.notes()}
    return Weights(found.values, notes=notes)
