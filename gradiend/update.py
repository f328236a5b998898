"""One optimisation step of GRADIEND: no graph, no gradients, few passes over memory.

Of the 3n + 1 numbers of one neuron and their two AdamW moments each, a step has to read
and write 22n: 2n for h; 3n + 4n read and 6n written for W_d, b_d; 4n read and 3n
written for W_e. Of k neurons it is (14k + 8)·n: a block of a gradient serves them all.
It goes through them block by block, so that what is computed of a block is still in the
cache when it is used, and nothing of the size of a parameter is allocated. A block of
bfloat16 is computed in float32 and rounded at random (:mod:`gradiend.rounding`): a step
is far smaller than what lies between two such numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

import torch
from torch import Tensor

from gradiend.autoencoder import Gradiend
from gradiend.errors import InputError, check_choice
from gradiend.moments import MOMENTS, Moments
from gradiend.rounding import Rounding, widened
from gradiend.vectors import ParameterDict

# Numbers a block: few enough for a CPU's cache, enough for a GPU to be busy with.
BLOCK = {"cpu": 1 << 20, "cuda": 1 << 26}
NARROWER = 4  # of bfloat16 that part: its copies in float32 come on top
BETAS = (0.9, 0.999)
_ROUNDING = "rounding"  # what a state calls where the generators have got to


class OptimiserSettings(Protocol):
    """What the step needs to know of the training settings."""

    learning_rate: float
    weight_decay: float
    epsilon: float
    moments: str  # full | 8bit


class Update:
    """One AdamW step on the mean squared error of dec(h) against ∇±W.

    The gradients are written down, not traced: with r = h·W_d + b_d − ∇±W,
    ∂/∂b_d = 2r/n, ∂/∂W_d = h·2r/n, and ∂/∂W_e = z·∇W, ∂/∂b_e = z, where
    z = (1 − h²)·⟨2r/n, W_d⟩ runs back through the tanh. Of k neurons r has a sum over
    h_i·W_d,i, and each neuron its own W_d,i, W_e,i and z_i.

    Raises
    ------
    InputError
        if a tensor is in float16, in which 2r/n is zero, or for unknown moments.
    """

    def __init__(self, gradiend: Gradiend, settings: OptimiserSettings) -> None:
        self.gradiend, self.settings = gradiend, settings
        self.tensors = by_neuron(gradiend)
        rows = range(gradiend.encoder_bias.numel())
        self.encoders = [_part("encoder", row) for row in rows]
        self.weights = [_part("decoder_weight", row) for row in rows]
        check_choice(settings.moments, MOMENTS, "kind of moments")
        if any(tensor.dtype == torch.float16 for tensor in self.tensors.values()):
            raise InputError(
                "GRADIEND cannot be trained in float16, in which its steps are zero; "
                "load the model in bfloat16 or float32"
            )
        self.rounding = Rounding()
        self.moments: Moments = MOMENTS[settings.moments](self.tensors, self.rounding)
        self.steps = 0
        self._counts: dict[torch.device, Tensor] = {}  # steps, where a block lies

    @torch.no_grad()
    def __call__(self, gradient: ParameterDict, difference: ParameterDict) -> float:
        """Update in place; return the loss before the step."""
        self.steps += 1
        self._counts.clear()
        gradiend, size = self.gradiend, self.gradiend.size
        h = gradiend.encode(gradient)
        loss, slope = h.new_zeros(()), torch.zeros_like(h)
        factors, slopes = h.view(-1).unbind(), slope.view(-1).unbind()
        for name, target in difference.items():
            weight_names = [f"{part}/{name}" for part in self.weights]
            bias_name = f"decoder_bias/{name}"
            for start, part in _blocks(target):
                weights = [self._block(key, start, part) for key in weight_names]
                bias = self._block(bias_name, start, part)
                residual = _decoded(factors, weights).add_(bias).sub_(part)
                loss += torch.dot(residual, residual).to(loss)
                for slope_of, weight in zip(slopes, weights, strict=True):
                    slope_of += torch.dot(residual, weight).to(slope)
                residual.mul_(2 / size)
                for key, weight, factor in zip(
                    weight_names, weights, factors, strict=True
                ):
                    self._adamw(key, start, weight, residual * factor.to(weight))
                self._adamw(bias_name, start, bias, residual)
        slope *= (1 - h * h) * (2 / size)
        for name, found in gradient.items():
            keys = [f"{part}/{name}" for part in self.encoders]
            for start, part in _blocks(found):
                for key, slope_of in zip(keys, slopes, strict=True):
                    block = self._block(key, start, part)
                    self._adamw(key, start, block, part * slope_of.to(part))
        bias = self._block("encoder_bias", 0, slope.view(-1))
        self._adamw("encoder_bias", 0, bias, slope.to(bias).view(-1))
        return float(loss) / size

    def state(self) -> dict[str, ParameterDict]:
        """Everything a later step depends on, by kind and tensor name."""
        rounding = self.rounding.state()
        return {"value": self.tensors, **self.moments.state(), _ROUNDING: rounding}

    def load(self, kinds: dict[str, ParameterDict], *, steps: int) -> None:
        """Go back to a state of :meth:`state` after ``steps`` steps."""
        overwrite(self.tensors, kinds["value"])
        self.moments.load(kinds)
        self.rounding.load(kinds.get(_ROUNDING, {}))
        self.steps = steps

    def _block(self, name: str, start: int, like: Tensor) -> Tensor:
        """The numbers from ``start``: a view, or narrow ones in float32."""
        return widened(self._stored(name, start, len(like)))

    def _stored(self, name: str, start: int, length: int) -> Tensor:
        return self.tensors[name].view(-1).narrow(0, start, length)

    def _adamw(self, name: str, start: int, block: Tensor, gradient: Tensor) -> None:
        """AdamW in one pass over a block of :meth:`_block` and its moments, in place.

        Moments of a byte come in float32, in which a block is then computed, too; what
        is computed in another type than it is stored in is rounded once.
        """
        moments = self.moments.block(name, start, len(block))
        value = block.to(moments[0])
        torch._fused_adamw_(
            [value],
            [gradient.to(moments[0])],
            *([moment] for moment in moments),
            [],
            [self._count(block.device)],
            amsgrad=False,
            lr=self.settings.learning_rate,
            beta1=BETAS[0],
            beta2=BETAS[1],
            weight_decay=self.settings.weight_decay,
            eps=self.settings.epsilon,
            maximize=False,
        )
        if value.dtype != self.tensors[name].dtype:
            self.rounding.keep(self._stored(name, start, len(value)), value)
        self.moments.keep(name, start, moments)

    def _count(self, device: torch.device) -> Tensor:
        """The number of this step, sent to a device once."""
        if device not in self._counts:
            self._counts[device] = torch.tensor(float(self.steps), device=device)
        return self._counts[device]


def _blocks(tensor: Tensor) -> Iterator[tuple[int, Tensor]]:
    """(first number, flat view; of a narrow tensor in float32) of each block."""
    size = BLOCK.get(tensor.device.type, BLOCK["cuda"])
    if tensor.dtype == torch.bfloat16:
        size = -(-size // NARROWER)
    for number, part in enumerate(tensor.reshape(-1).split(size)):
        yield number * size, widened(part)


def _decoded(factors: Sequence[Tensor], weights: Sequence[Tensor]) -> Tensor:
    """Σ h_i·W_d,i of a block, a new tensor."""
    total = torch.mul(weights[0], factors[0].to(weights[0]))
    for row in range(1, len(weights)):
        total.addcmul_(weights[row], factors[row].to(total))
    return total


def by_neuron(gradiend: Gradiend) -> dict[str, Tensor]:
    """All tensors of a GRADIEND, those of each neuron apart: views, not copied.

    The first neuron's are called as in :meth:`Gradiend.tensors`, the second's
    ``encoder.1/…``.
    """
    neurons = gradiend.neurons
    named = {
        f"{_part(part, row)}/{name}": tensor
        for part in ("encoder", "decoder_weight")
        for row, neuron in enumerate(neurons)
        for name, tensor in getattr(neuron, part).items()
    }
    named |= {f"decoder_bias/{n}": t for n, t in gradiend.decoder_bias.items()}
    return named | {"encoder_bias": gradiend.encoder_bias}


def _part(part: str, row: int) -> str:
    return f"{part}.{row}" if row else part


def copied(gradiend: Gradiend, device: str | None = None) -> Gradiend:
    """A GRADIEND with tensors of its own, where they are or on ``device``."""

    def copy(tensor: Tensor) -> Tensor:
        return tensor.detach().to(device or tensor.device, copy=True)

    return replace(
        gradiend,
        encoder_bias=copy(gradiend.encoder_bias),
        **{
            part: {
                name: copy(tensor) for name, tensor in getattr(gradiend, part).items()
            }
            for part in ("encoder", "decoder_weight", "decoder_bias")
        },
    )


def overwrite(tensors: Mapping[str, Tensor], values: Mapping[str, Tensor]) -> None:
    """Copy ``values`` into ``tensors`` of the same names."""
    with torch.no_grad():
        for name, tensor in tensors.items():
            tensor.copy_(values[name])
