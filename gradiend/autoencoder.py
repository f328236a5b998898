"""GRADIEND's one-neuron encoder–decoder, shaped like the model (paper, Sec. 3).

===========================  ==================================================
symbol                       name here
===========================  ==================================================
W                            the covered parameters, ``ClozeLM.covered``
n                            their number, ``Gradiend.size``
∇⁺W, ∇⁻W, ∇±W                sources ``factual``, ``counterfactual``, ``difference``
W_e, b_e                     ``encoder``, ``encoder_bias``
W_d, b_d                     ``decoder_weight``, ``decoder_bias``
h = tanh(⟨W_e, ∇W⟩ + b_e)    ``Gradiend.encode``; ``h`` or *feature factor*
dec(h) = h·W_d + b_d         ``Gradiend.decode``
W̃ = W + α·dec(h)             :func:`gradiend.rewriting.rewritten`; α = *learning rate*
===========================  ==================================================

W_e, W_d and b_d are mappings from parameter name to a tensor of that parameter's shape
on that parameter's device. Nothing is flattened: an encoding is a sum of inner
products and a file can be opened by parameter name.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from gradiend.errors import InputError
from gradiend.gradients import ParameterDict

_BLOCK = 1 << 22  # numbers that are widened at a time
_PARTS = ("encoder", "decoder_weight", "decoder_bias")


@dataclass(frozen=True)
class Gradiend:
    """A learned feature: 3n + 1 numbers. ``metadata`` says of what and how."""

    encoder: ParameterDict
    encoder_bias: Tensor  # scalar
    decoder_weight: ParameterDict
    decoder_bias: ParameterDict
    metadata: dict = field(default_factory=dict)

    @classmethod
    def initialise(cls, parameters: Mapping[str, Tensor], *, seed: int) -> Gradiend:
        """Random start: W_e, b_e ~ U(−1/√n, 1/√n); W_d, b_d ~ U(−x, x), x = max W_e.

        Numbers are drawn on the CPU in parameter order, so that a seed means the same
        start on every device.
        """
        generator = torch.Generator().manual_seed(seed)
        size = sum(parameter.numel() for parameter in parameters.values())

        def uniform(bound: float) -> ParameterDict:
            return {
                name: torch.empty(parameter.shape)
                .uniform_(-bound, bound, generator=generator)
                .to(parameter.device, parameter.dtype)
                for name, parameter in parameters.items()
            }

        bound = 1 / math.sqrt(size)
        encoder = uniform(bound)
        bias = torch.empty(()).uniform_(-bound, bound, generator=generator)
        largest = max(float(tensor.max()) for tensor in encoder.values())
        first = next(iter(encoder.values()))
        return cls(
            encoder,
            bias.to(first.device, first.dtype),
            uniform(largest),
            uniform(largest),
        )

    @property
    def size(self) -> int:
        """n, the number of covered parameters."""
        return sum(tensor.numel() for tensor in self.encoder.values())

    def encode(self, gradient: Mapping[str, Tensor]) -> Tensor:
        """h = tanh(⟨W_e, ∇W⟩ + b_e), a scalar in (−1, 1)."""
        return torch.tanh(inner(self.encoder, gradient) + self.encoder_bias)

    def decode(self, h: float | Tensor) -> ParameterDict:
        """dec(h) = h·W_d + b_d, in the model's shape."""
        return {
            name: torch.add(self.decoder_bias[name], weight, alpha=float(h))
            for name, weight in self.decoder_weight.items()
        }

    def placed(self, parameters: Mapping[str, Tensor]) -> Gradiend:
        """The same, each tensor on the device of its parameter."""
        first = next(iter(parameters.values()))
        parts = {
            part: {name: t.to(parameters[name].device) for name, t in tensors.items()}
            for part, tensors in ((part, getattr(self, part)) for part in _PARTS)
        }
        return replace(self, encoder_bias=self.encoder_bias.to(first.device), **parts)

    def flipped(self) -> Gradiend:
        """The same decoder output with the opposite sign of h: class +1 ↔ class −1."""
        return replace(
            self,
            encoder={name: -tensor for name, tensor in self.encoder.items()},
            encoder_bias=-self.encoder_bias,
            decoder_weight={n: -tensor for n, tensor in self.decoder_weight.items()},
        )

    def save(self, path: str | Path) -> None:
        """Write a safetensors file with keys ``<part>/<parameter name>``."""
        tensors = {
            f"{part}/{name}": tensor.contiguous()
            for part in _PARTS
            for name, tensor in getattr(self, part).items()
        }
        tensors["encoder_bias"] = self.encoder_bias.contiguous()
        header = {"gradiend": json.dumps(self.metadata, sort_keys=True)}
        save_file(tensors, path, metadata=header)

    @classmethod
    def load(
        cls, path: str | Path, *, like: Mapping[str, Tensor] | None = None
    ) -> Gradiend:
        """Read a file of :meth:`save`.

        With ``like`` (a model's covered parameters) each tensor is put on the device
        of its parameter, and names and shapes must agree.
        """
        parts: dict[str, ParameterDict] = {part: {} for part in _PARTS}
        try:
            with safe_open(path, framework="pt") as file:
                metadata = json.loads((file.metadata() or {})["gradiend"])
                for key in file.keys():  # noqa: SIM118 (not a mapping)
                    part, _, name = key.partition("/")
                    if name:
                        parts[part][name] = file.get_tensor(key)
                bias = file.get_tensor("encoder_bias")
        except FileNotFoundError as error:
            raise InputError(f"{path}: no such GRADIEND file") from error
        except (SafetensorError, KeyError, json.JSONDecodeError) as error:
            raise InputError(
                f"{path}: not a complete GRADIEND file ({error}); delete it and train "
                "again"
            ) from error
        if like is None:
            return cls(encoder_bias=bias, metadata=metadata, **parts)
        for part in _PARTS:
            parts[part] = _fitting(parts[part], like, path)
        return cls(encoder_bias=bias, metadata=metadata, **parts).placed(like)


def inner(left: Mapping[str, Tensor], right: Mapping[str, Tensor]) -> Tensor:
    """⟨left, right⟩ over all parameters, a scalar on the first one's device.

    Products and sums are in float32 at least, whatever the tensors are.
    """
    total = None
    for name, tensor in left.items():
        part = _dot(tensor.flatten(), right[name].flatten())
        total = part if total is None else total + part.to(total.device)
    return total


def _dot(left: Tensor, right: Tensor) -> Tensor:
    """⟨left, right⟩ of flat tensors; narrow ones are widened block by block."""
    wide = torch.promote_types(left.dtype, torch.float32)
    if left.dtype == wide:
        return torch.dot(left, right.to(wide))
    blocks = zip(left.split(_BLOCK), right.split(_BLOCK), strict=True)
    return sum(torch.dot(a.to(wide), b.to(wide)) for a, b in blocks)


def _fitting(
    tensors: ParameterDict, like: Mapping[str, Tensor], path: str | Path
) -> ParameterDict:
    for name, parameter in like.items():
        if name not in tensors or tensors[name].shape != parameter.shape:
            raise InputError(
                f"{path} does not fit this model (parameter {name}); it was trained on "
                "another one"
            )
    return {name: tensors[name] for name in like}
