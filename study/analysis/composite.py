"""Operations written out, where torch's own have no right second derivative.

The second forward-mode derivative of ``layer_norm`` lacks a term (torch 2.13, pytorch
issue 196700: a wrong number and no error), and that of ``silu`` is refused in a model.
Written out of elementary operations both are right. What a fused operation of another
model does is not known: :func:`study.analysis.taylor.check_curvature` compares.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode


class Composite(TorchFunctionMode):
    """While it is on, these functions are computed of elementary ones."""

    def __torch_function__(self, function, types, args=(), kwargs=None):
        """The function written out, or the one that was called."""
        return _WRITTEN_OUT.get(function, function)(*args, **(kwargs or {}))


def _layer_norm(
    hidden: Tensor,
    normalized_shape: list[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    last = tuple(range(-len(normalized_shape), 0))
    centred = hidden - hidden.mean(last, keepdim=True)
    normal = centred * torch.rsqrt(centred.square().mean(last, keepdim=True) + eps)
    normal = normal if weight is None else normal * weight
    return normal if bias is None else normal + bias


def _silu(hidden: Tensor, inplace: bool = False) -> Tensor:
    return hidden * torch.sigmoid(hidden)


_WRITTEN_OUT = {functional.layer_norm: _layer_norm, functional.silu: _silu}
