"""How a GRADIEND is trained. No model is needed to say so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from gradiend.errors import check_choice

Source = Literal["factual", "counterfactual", "difference"]
Moments = Literal["full", "8bit"]


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
        """Refuse a source or moments that there are not (InputError)."""
        check_choice(self.source, get_args(Source), "source")
        check_choice(self.moments, get_args(Moments), "moments")
