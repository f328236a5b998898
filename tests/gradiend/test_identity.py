"""Files are of exactly one model and of exactly these tensors."""

from __future__ import annotations

from dataclasses import replace

import torch

from gradiend.autoencoder import Gradiend
from gradiend.identity import bits_of, model_identity
from tests.conftest import tiny_lm


def test_a_model_loaded_again_is_the_same_one():
    lm = tiny_lm("bert")
    assert model_identity(lm) == model_identity(tiny_lm("bert"))
    assert model_identity(lm) != model_identity(replace(lm, autocast=True))


def test_bits_names_types_and_shapes_count():
    one = {"a": torch.tensor([1.0, 2.0]), "b": torch.tensor(3.0)}
    others = [
        {"a": torch.tensor([2.0, 1.0]), "b": torch.tensor(3.0)},
        {"a": torch.tensor([[1.0], [2.0]]), "b": torch.tensor(3.0)},
        {"a": torch.tensor([1.0, 2.0]).bfloat16(), "b": torch.tensor(3.0)},
        {"a": torch.tensor([1.0, 2.0]), "c": torch.tensor(3.0)},
    ]
    assert len({bits_of(tensors) for tensors in (one, *others)}) == 5
    assert bits_of(dict(reversed(one.items()))) == bits_of(one)
    across = {"a": torch.tensor([[1.0, 5.0], [2.0, 5.0]])[:, 0], "b": one["b"]}
    assert bits_of(across) == bits_of(one)  # however it lies in memory


def test_a_feature_read_from_its_file_is_the_same_one(tmp_path):
    lm, path = tiny_lm("bert"), tmp_path / "gradiend.safetensors"
    gradiend = Gradiend.initialise(lm.covered, seed=0)
    gradiend.save(path)
    expected = bits_of(gradiend.tensors())
    assert bits_of(Gradiend.load(path).tensors()) == expected
    assert bits_of(gradiend.flipped().tensors()) != expected
