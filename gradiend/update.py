"""One optimisation step of GRADIEND, without tracing a graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol

import torch
from torch import Tensor

from gradiend.autoencoder import Gradiend
from gradiend.gradients import ParameterDict


class OptimiserSettings(Protocol):
    """What the step needs to know of the training settings."""

    learning_rate: float
    weight_decay: float
    epsilon: float


class Update:
    """One AdamW step on the mean squared error of dec(h) against ∇±W.

    The gradients are written down, not traced: with r = h·W_d + b_d − ∇±W,
    ∂/∂b_d = 2r/n, ∂/∂W_d = h·2r/n, and ∂/∂W_e = z·∇W, ∂/∂b_e = z, where
    z = (1 − h²)·⟨2r/n, W_d⟩ runs back through the tanh.
    """

    def __init__(self, gradiend: Gradiend, settings: OptimiserSettings) -> None:
        self.gradiend = gradiend
        self.tensors = flat(gradiend)
        for tensor in self.tensors.values():
            tensor.grad = torch.zeros_like(tensor)
        self.optimizer = torch.optim.AdamW(
            list(self.tensors.values()),
            lr=settings.learning_rate,
            weight_decay=settings.weight_decay,
            eps=settings.epsilon,
            fused=True,
        )

    @torch.no_grad()
    def __call__(self, gradient: ParameterDict, difference: ParameterDict) -> float:
        """Update in place; return the loss before the step."""
        gradiend, size = self.gradiend, self.gradiend.size
        h = gradiend.encode(gradient)
        loss, slope = torch.zeros_like(h), torch.zeros_like(h)
        for name, target in difference.items():
            weight, bias = gradiend.decoder_weight[name], gradiend.decoder_bias[name]
            scale = h.to(weight)
            residual = torch.mul(weight, scale, out=bias.grad).add_(bias).sub_(target)
            values = residual.flatten()
            loss += torch.dot(values, values).to(loss)
            slope += torch.dot(values, weight.flatten()).to(slope)
            residual.mul_(2 / size)
            torch.mul(residual, scale, out=weight.grad)
        slope *= (1 - h * h) * (2 / size)
        for name, tensor in gradiend.encoder.items():
            torch.mul(gradient[name], slope.to(tensor), out=tensor.grad)
        gradiend.encoder_bias.grad.copy_(slope)
        self.optimizer.step()
        return float(loss) / size

    def state(self) -> dict[str, ParameterDict]:
        """Everything a later step depends on, by kind and tensor name."""
        kinds: dict[str, ParameterDict] = {"value": self.tensors}
        for kind in ("exp_avg", "exp_avg_sq"):
            kinds[kind] = {
                name: self.optimizer.state[tensor][kind]
                for name, tensor in self.tensors.items()
            }
        return kinds

    def load(self, kinds: dict[str, ParameterDict], *, steps: int) -> None:
        """Go back to a state of :meth:`state` after ``steps`` steps."""
        overwrite(self.tensors, kinds["value"])
        for name, tensor in self.tensors.items():
            self.optimizer.state[tensor] = {
                "step": torch.tensor(float(steps), device=tensor.device),
                "exp_avg": kinds["exp_avg"][name].to(tensor.device),
                "exp_avg_sq": kinds["exp_avg_sq"][name].to(tensor.device),
            }


def flat(gradiend: Gradiend) -> dict[str, Tensor]:
    """All tensors of a GRADIEND by ``<part>/<parameter name>``, not copied."""
    parts = ("encoder", "decoder_weight", "decoder_bias")
    named = {
        f"{part}/{name}": tensor
        for part in parts
        for name, tensor in getattr(gradiend, part).items()
    }
    return named | {"encoder_bias": gradiend.encoder_bias}


def copied(gradiend: Gradiend) -> Gradiend:
    """A GRADIEND with tensors of its own."""

    def clone(tensors: ParameterDict) -> ParameterDict:
        return {name: tensor.detach().clone() for name, tensor in tensors.items()}

    return replace(
        gradiend,
        encoder=clone(gradiend.encoder),
        encoder_bias=gradiend.encoder_bias.detach().clone(),
        decoder_weight=clone(gradiend.decoder_weight),
        decoder_bias=clone(gradiend.decoder_bias),
    )


def overwrite(tensors: Mapping[str, Tensor], values: Mapping[str, Tensor]) -> None:
    """Copy ``values`` into ``tensors`` of the same names."""
    with torch.no_grad():
        for name, tensor in tensors.items():
            tensor.copy_(values[name])
