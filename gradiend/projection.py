"""A decoder that does not move what it should leave alone, to first order.

Under W + α·dec(h) a quantity with the gradient g changes by α·⟨g, dec(h)⟩ + O(α²).
With the components of W_d and b_d along g taken out, ⟨g, dec(h)⟩ = 0 for every h. (Not
in the paper.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch

from gradiend.autoencoder import Gradiend
from gradiend.errors import InputError
from gradiend.vectors import ParameterDict, inner, norm

# Of a gradient's length: what is left of one within the others' span. In a narrow type
# rounding alone leaves more.
_PARALLEL = 1e-6


def without(gradiend: Gradiend, gradients: Sequence[ParameterDict]) -> Gradiend:
    """The same encoder, with each W_d and b_d orthogonal to each of ``gradients``.

    Raises
    ------
    InputError
        if a gradient is zero or lies within the span of those before it.
    """
    basis = orthonormal(gradients)
    each = [_orthogonal(neuron.decoder_weight, basis) for neuron in gradiend.neurons]
    weight = each[0]
    if len(each) > 1:
        weight = {name: torch.stack([own[name] for own in each]) for name in weight}
    return replace(
        gradiend,
        decoder_weight=weight,
        decoder_bias=_orthogonal(gradiend.decoder_bias, basis),
    )


def orthonormal(vectors: Sequence[ParameterDict]) -> list[ParameterDict]:
    """Vectors of length 1, orthogonal to each other, with the same span."""
    basis: list[ParameterDict] = []
    for number, vector in enumerate(vectors, start=1):
        # Once more: the first time leaves what rounding does.
        left = _orthogonal(_orthogonal(vector, basis), basis)
        length = norm(left)
        if not length > _least(vector) * norm(vector):
            raise InputError(
                f"gradient {number} of {len(vectors)} to leave out is zero or a "
                "combination of those before it; give each direction once"
            )
        basis.append({name: tensor / length for name, tensor in left.items()})
    return basis


def _least(vector: ParameterDict) -> float:
    return max(_PARALLEL, *(torch.finfo(t.dtype).eps for t in vector.values()))


@torch.no_grad()
def _orthogonal(vector: ParameterDict, basis: Sequence[ParameterDict]) -> ParameterDict:
    left = {name: tensor.clone() for name, tensor in vector.items()}
    for unit in basis:
        along = float(inner(left, unit))
        for name, tensor in left.items():
            tensor.sub_(unit[name].to(tensor), alpha=along)
    return left
