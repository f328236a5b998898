"""How a GRADIEND is trained. No model is needed to say so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Literal, get_args

from gradiend.errors import InputError, check_choice, check_count, check_rate

Source = Literal["factual", "counterfactual", "difference"]
Moments = Literal["full", "8bit"]
# The least that each count may be.
_COUNTS = {
    "steps": 1,
    "batch_size": 1,
    "evaluate_every": 1,
    "validation_rows": 0,
    "min_rows": 0,
    "retries": 0,
}


@dataclass(frozen=True, kw_only=True)
class TrainingSettings:
    """How GRADIEND is trained; the defaults are the paper's (Sec. 3).

    ``source`` is the gradient that is encoded; the decoder always aims at ∇±W.
    ``validation_rows`` caps the rows behind each validation (0 = all of them).
    ``moments`` are AdamW's: ``full``, or ``8bit`` where memory is short.
    A run has ``converged`` if its |Pearson| on validation reaches that; for one that
    has not, a further seed is tried, at most ``retries`` in all.
    """

    steps: int = 2_500
    batch_size: int = 32
    learning_rate: float = 1e-5
    weight_decay: float = 1e-2
    epsilon: float = 1e-8
    evaluate_every: int = 250
    source: Source = "factual"
    moments: Moments = "full"
    validation_rows: int = 0
    min_rows: int = 10
    converged: float = 0.5
    retries: int = 0

    def __post_init__(self) -> None:
        """Refuse what there is not and what cannot be trained with (InputError)."""
        check_choice(self.source, get_args(Source), "source")
        check_choice(self.moments, get_args(Moments), "moments")
        for name, least in _COUNTS.items():
            check_count(getattr(self, name), name, least=least)
        check_rate(self.learning_rate, "learning_rate")
        check_rate(self.epsilon, "epsilon")
        check_rate(self.weight_decay, "weight_decay", zero=True)
        check_rate(self.converged, "converged", zero=True)
        if self.converged > 1:
            raise InputError(f"converged is {self.converged}; no |Pearson| is above 1")


# What converges, by the most parameters and the kind of model: measured on the
# stand-ins (1 million), MiniLM-L6 (22) and SmolLM2 (135). Of others the paper's.
_SMALL = {"steps": 250, "evaluate_every": 50, "learning_rate": 5e-4}
_FEW = {"steps": 100, "evaluate_every": 25, "batch_size": 16}
_FITTING: tuple[tuple[float, bool, dict[str, float]], ...] = (
    (5e6, False, _SMALL),
    (5e6, True, _SMALL),
    (50e6, False, _FEW | {"learning_rate": 3e-4}),
    (200e6, True, _FEW | {"learning_rate": 5e-4}),
    (1e9, False, {}),
    (1e9, True, {}),
)
_LARGE = {"learning_rate": 1e-4}  # the paper's Llamas


def fitting_settings(
    size: int, given: Mapping[str, float] | None = None, *, causal: bool
) -> TrainingSettings:
    """Settings with which a model of ``size`` covered parameters converges.

    ``given`` are the ones that stand, whatever the model.

    Raises
    ------
    InputError
        for a setting that there is not, or a value that it cannot have.
    """
    given = given or {}
    for name in given:
        check_choice(name, [f.name for f in fields(TrainingSettings)], "setting")
    fitting = (v for most, kind, v in _FITTING if kind == causal and size <= most)
    return TrainingSettings(**{**next(fitting, _LARGE), **given})
