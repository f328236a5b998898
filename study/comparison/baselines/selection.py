"""How far a method goes: chosen on the texts that GRADIEND's refined variant is.

The smallest mean gap |P(+1) − P(−1)| among what keeps enough of the base's language
modelling and of P(+1) + P(−1); for to say neither class is no balance. (GRADIEND's must
be centred besides, which these have no way to seek.) The base model stands, too: a
method that makes nothing better changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from gradiend.evaluation.decoder import Measure
from gradiend.lm.cloze import ClozeLM
from study.comparison.edits import Edit, Note, Weights

_SHOWN = ("gap", "share", "said", "LMS")  # of what is measured, in notes
_SAID_FLOOR = 0.75  # where the profile has none


@dataclass(frozen=True)
class Validation:
    """What candidates are measured with, and what they must keep of the base's."""

    measure: Callable[[ClozeLM], Measure]
    lms_floor: float = 0.98
    said_floor: float | None = None

    def best(
        self,
        lm: ClozeLM,
        candidates: Sequence[Any],
        edit: Callable[[Any], Edit],
    ) -> tuple[Any, dict[str, Note]]:
        """The best candidate (None: the base model) and what was measured of it.

        ``edit`` makes a candidate's edit, one at a time: some are as large as the
        model.
        """
        measure = self.measure(lm)
        base = measure()
        best, chosen = base, None
        for candidate in candidates:
            with edit(candidate).on(lm):
                found = measure()
            if self._kept(found, base) and found["gap"] < best["gap"]:
                best, chosen = found, candidate
        notes: dict[str, Note] = {"candidates": len(candidates)}
        for name in _SHOWN:
            notes |= {f"{name} before": float(base[name]), name: float(best[name])}
        return chosen, notes

    def _kept(self, found: Mapping[str, float], base: Mapping[str, float]) -> bool:
        said = _SAID_FLOOR if self.said_floor is None else self.said_floor
        floors = {"LMS": self.lms_floor, "said": said}
        return all(found[name] >= share * base[name] for name, share in floors.items())


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

    best, notes = validation.best(lm, factors, moved)
    found = Weights({}) if best is None else moved(best)
    return Weights(found.values, notes={"factor": best or 0.0, **notes})
