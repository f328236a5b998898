"""Vectors in the model's shape, against one flat vector."""

from __future__ import annotations

import math

import pytest
import torch

from gradiend.vectors import cosine, inner, norm, random_direction, scaled


def vector(seed: int, dtype: torch.dtype = torch.float32) -> dict[str, torch.Tensor]:
    drawn = torch.Generator().manual_seed(seed)
    shapes = {"a": (3, 4), "b": (5,)}
    return {n: torch.randn(s, generator=drawn).to(dtype) for n, s in shapes.items()}


def flat(tensors: dict[str, torch.Tensor]) -> torch.Tensor:
    return torch.cat([t.flatten().double() for t in tensors.values()])


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
def test_they_are_those_of_the_flat_vector(dtype):
    one, other = vector(0, dtype), vector(1, dtype)
    assert float(inner(one, other)) == pytest.approx(float(flat(one) @ flat(other)))
    assert norm(one) == pytest.approx(float(flat(one).norm()))
    expected = torch.cosine_similarity(flat(one), flat(other), dim=0)
    assert cosine(one, other) == pytest.approx(float(expected))
    assert norm(scaled(one, 3.0)) == pytest.approx(3, rel=4 * torch.finfo(dtype).eps)


def test_zeros_have_no_direction():
    nothing = {name: torch.zeros_like(t) for name, t in vector(0).items()}
    assert math.isnan(cosine(nothing, vector(0)))
    assert norm(scaled(nothing, 2.0)) == 0


def test_a_random_direction_is_as_long_in_each_tensor_and_another():
    like = vector(0)
    draws = [torch.Generator().manual_seed(seed) for seed in (3, 3)]
    one, again = (random_direction(like, drawn) for drawn in draws)
    for name, tensor in like.items():
        assert one[name].norm() == pytest.approx(float(tensor.norm()))
        assert torch.equal(one[name], again[name])
    assert abs(cosine(one, like)) < 0.8
