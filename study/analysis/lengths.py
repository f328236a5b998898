"""Lengths and directions of vectors in the model's shape, all parameters together."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from gradiend.autoencoder import inner
from gradiend.gradients import ParameterDict

# Of a GRADIEND, by the paper's symbols.
PARTS = {"W_e": "encoder", "W_d": "decoder_weight", "b_d": "decoder_bias"}


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
