"""Numbers that a model says, and their derivatives along a change of its weights.

f(W + α·v) = f(W) + α·⟨∇f, v⟩ + ½·α²·⟨v, ∇²f v⟩ + O(α³): value, slope and curvature of
every example of a batch, each its own, come of one forward pass with dual numbers
twice over (a jvp of a jvp). No gradient of size n is formed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.func import jvp
from torch.nn import functional

from gradiend.errors import InputError
from gradiend.gradients import differentiable
from gradiend.lm.batches import Inputs
from gradiend.lm.cloze import ClozeLM
from gradiend.vectors import ParameterDict
from study.analysis.composite import Composite

# Log-probabilities [S, V] at a batch's slots → its numbers [K, R].
Read = Callable[[Tensor], Tensor]
_AGREE = 0.05  # of the largest curvature: central differences are no closer


@dataclass(frozen=True)
class Taylor:
    """Of K kinds of numbers of R examples, [K, R] each."""

    value: np.ndarray
    slope: np.ndarray
    curvature: np.ndarray

    def change(self, rate: float, *, order: int) -> np.ndarray:
        """What is predicted to be added to ``value`` at W + rate·v, [K, R]."""
        first = rate * self.slope
        return first if order == 1 else first + rate**2 / 2 * self.curvature


@dataclass(frozen=True)
class Quantity:
    """K kinds of numbers of R examples, as a function of the model's weights.

    ``parts`` are batches: the places of their examples among the R, what the model
    reads, and what is read off it.
    """

    lm: ClozeLM
    kinds: tuple[str, ...]
    size: int
    parts: Sequence[tuple[list[int], Inputs, Read]]

    def values(self) -> np.ndarray:
        """Of the model as it is, [K, R]."""

        def said(inputs: Inputs, read: Read) -> list[Tensor]:
            return [read(self.lm.log_probabilities(inputs))]

        return self._collected(said, 1)[0]

    def slopes(self, direction: ParameterDict, *, at: float = 0.0) -> np.ndarray:
        """First derivatives along ``direction`` at W + at·direction, [K, R]."""

        def along(inputs: Inputs, read: Read) -> list[Tensor]:
            said, here, one = self._on_the_line(inputs, read, direction, at)
            return [jvp(said, (here,), (one,))[1]]

        return self._collected(along, 1)[0]

    def taylor(self, direction: ParameterDict, *, at: float = 0.0) -> Taylor:
        """Value, slope and curvature along ``direction`` at W + at·direction."""

        def along(inputs: Inputs, read: Read) -> list[Tensor]:
            said, here, one = self._on_the_line(inputs, read, direction, at)
            with Composite():
                (value, slope), (_, curvature) = jvp(
                    lambda step: jvp(said, (step,), (one,)), (here,), (one,)
                )
            return [value, slope, curvature]

        return Taylor(*self._collected(along, 3))

    def gradient(self, kind: str, weights: np.ndarray | None = None) -> ParameterDict:
        """∇W of the mean of ``kind`` over examples, weighted by ``weights`` [R]."""
        weights = np.ones(self.size) if weights is None else weights
        share, which = weights / weights.sum(), self.kinds.index(kind)
        total = {name: torch.zeros_like(p) for name, p in self.lm.covered.items()}
        with differentiable(self.lm):
            for places, inputs, read in self.parts:
                numbers = read(self.lm.log_probabilities(inputs))[which]
                own = torch.as_tensor(share[places]).to(numbers)
                found = torch.autograd.grad(
                    numbers @ own,
                    list(self.lm.covered.values()),
                    materialize_grads=True,
                )
                for tensor, gradient in zip(total.values(), found, strict=True):
                    tensor.add_(gradient)
        return total

    def _collected(self, ask: Callable, count: int) -> np.ndarray:
        found = np.empty((count, len(self.kinds), self.size))
        for places, inputs, read in self.parts:
            with torch.no_grad():
                said = torch.stack(ask(inputs, read))
            found[:, :, places] = said.double().cpu().numpy()
        return found

    def _on_the_line(
        self, inputs: Inputs, read: Read, direction: ParameterDict, at: float
    ) -> tuple[Callable[[Tensor], Tensor], Tensor, Tensor]:
        """What is said as a function of the step along ``direction``; at; and 1."""
        if not self.lm.ways.forward:
            raise InputError(
                f"{self.lm.name!r} has operations without forward-mode derivatives, "
                "which slopes and curvatures are made of; leave it out of the analysis"
            )
        lm = self.lm
        wide = torch.promote_types(lm.model.dtype, torch.float32)
        here = torch.tensor(at, dtype=wide, device=lm.device)

        def said(step: Tensor) -> Tensor:
            moved = {
                name: p + step.to(p) * direction[name].to(p)
                for name, p in lm.covered.items()
            }
            return read(functional.log_softmax(lm.logits(inputs, moved), dim=-1))

        return said, here, torch.ones_like(here)


def check_curvature(
    quantity: Quantity, direction: ParameterDict, *, step: float
) -> float:
    """How far curvatures are from central differences of slopes, as a share.

    Of the root of the mean square, kind by kind the worst. ``step`` is a rate at
    which first order still holds.

    Raises
    ------
    InputError
        if they disagree: an operation of the model has no right second derivative.
    """
    curvature = quantity.taylor(direction).curvature
    ahead, behind = (quantity.slopes(direction, at=at) for at in (step, -step))
    central = (ahead - behind) / (2 * step)
    size = np.sqrt((central**2).mean(axis=1))
    error = float(np.max(np.sqrt(((curvature - central) ** 2).mean(axis=1)) / size))
    if not error <= _AGREE:
        raise InputError(
            f"second derivatives of {quantity.lm.name!r} are {error:.0%} off what "
            "differences of first ones say: one of its operations has no right rule; "
            "write it out in study/analysis/composite.py"
        )
    return error
