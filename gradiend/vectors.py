"""Vectors in the model's shape: a tensor a parameter, by the parameter's name.

Gradients, GRADIEND's parts and the changes that they make are such vectors; a length or
an inner product is over all parameters together.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

ParameterDict = dict[str, Tensor]  # name of a covered parameter -> its shape
_BLOCK = 1 << 22  # numbers that are widened at a time


def inner(left: Mapping[str, Tensor], right: Mapping[str, Tensor]) -> Tensor:
    """⟨left, right⟩ over all parameters, a scalar on the first one's device.

    Products and sums are in float32 at least, whatever the tensors are.
    """
    total = None
    for name, tensor in left.items():
        part = _dot(tensor.flatten(), right[name].flatten())
        total = part if total is None else total + part.to(total.device)
    return total


def norm(vector: Mapping[str, Tensor]) -> float:
    """Euclidean length over all parameters."""
    return float(inner(vector, vector)) ** 0.5


def cosine(left: Mapping[str, Tensor], right: Mapping[str, Tensor]) -> float:
    """Of two vectors; NaN where one is zero."""
    size = norm(left) * norm(right)
    return float(inner(left, right)) / size if size else float("nan")


def scaled(vector: Mapping[str, Tensor], length: float) -> ParameterDict:
    """The same direction with this norm; zeros stay as they are."""
    own = norm(vector)
    factor = length / own if own else 0.0
    return {name: tensor * factor for name, tensor in vector.items()}


def random_direction(
    like: Mapping[str, Tensor], generator: torch.Generator
) -> ParameterDict:
    """Of a random direction, each tensor as long as the given one's.

    Drawn on the CPU, so that a seed means the same on every device.
    """
    found = {}
    for name, tensor in like.items():
        drawn = torch.randn(tensor.shape, generator=generator).to(tensor)
        found[name] = drawn * (tensor.norm() / drawn.norm().clamp(min=1e-30))
    return found


def _dot(left: Tensor, right: Tensor) -> Tensor:
    """⟨left, right⟩ of flat tensors; narrow ones are widened block by block."""
    wide = torch.promote_types(left.dtype, torch.float32)
    if left.dtype == wide:
        return torch.dot(left, right.to(wide))
    blocks = zip(left.split(_BLOCK), right.split(_BLOCK), strict=True)
    return sum(torch.dot(a.to(wide), b.to(wide)) for a, b in blocks)
