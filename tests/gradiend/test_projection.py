"""A decoder without what it should leave alone."""

from __future__ import annotations

import pytest
import torch

from gradiend.autoencoder import Gradiend
from gradiend.errors import InputError
from gradiend.projection import orthonormal, without
from gradiend.vectors import inner

SHAPES = {"a": (3, 4), "b": (5,)}


def vector(seed: int) -> dict[str, torch.Tensor]:
    drawn = torch.Generator().manual_seed(seed)
    return {
        name: torch.randn(shape, generator=drawn, dtype=torch.float64)
        for name, shape in SHAPES.items()
    }


def test_the_decoder_is_orthogonal_to_each_gradient_for_every_h():
    gradiend = Gradiend(vector(0), torch.tensor(0.0), vector(1), vector(2))
    gradients = [vector(3), vector(4)]
    left = without(gradiend, gradients)
    for h in (-1.0, 0.0, 0.3):
        for gradient in gradients:
            assert abs(float(inner(left.decode(h), gradient))) < 1e-12
            assert abs(float(inner(gradiend.decode(h), gradient))) > 1e-3


def test_only_the_span_of_the_gradients_is_taken_out():
    gradiend = Gradiend(vector(0), torch.tensor(0.0), vector(1), vector(2))
    gradients = [vector(3), vector(4)]
    left = without(gradiend, gradients)
    taken = {n: gradiend.decoder_bias[n] - left.decoder_bias[n] for n in SHAPES}
    basis = orthonormal(gradients)
    inside = sum(float(inner(taken, unit)) ** 2 for unit in basis)
    assert inside == pytest.approx(float(inner(taken, taken)))
    assert left.encoder is gradiend.encoder


def test_a_decoder_orthogonal_to_them_stays_as_it_is():
    basis = orthonormal([vector(3), vector(4), vector(5)])
    gradiend = Gradiend(vector(0), torch.tensor(0.0), basis[2], basis[2])
    left = without(gradiend, basis[:2])
    for name in SHAPES:
        assert torch.allclose(left.decoder_weight[name], basis[2][name])


def test_the_given_decoder_is_not_changed():
    gradiend = Gradiend(vector(0), torch.tensor(0.0), vector(1), vector(2))
    without(gradiend, [vector(3)])
    for name, tensor in vector(1).items():
        assert torch.equal(gradiend.decoder_weight[name], tensor)


def test_a_gradient_given_twice_is_refused():
    twice = {name: 2 * tensor for name, tensor in vector(3).items()}
    with pytest.raises(InputError, match="gradient 2 of 2"):
        orthonormal([vector(3), twice])


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32])
def test_a_direction_given_twice_is_refused_in_every_type(dtype):
    drawn = torch.Generator().manual_seed(0)
    one, other = (
        {"a": torch.randn(4_000, generator=drawn).to(dtype)} for _ in range(2)
    )
    twice = {name: 3 * tensor for name, tensor in one.items()}
    with pytest.raises(InputError, match="gradient 2 of 2"):
        orthonormal([one, twice])
    assert len(orthonormal([one, other])) == 2
