"""Sums over numbers of two bytes are not sums in two bytes."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from gradiend.autoencoder import Gradiend
from gradiend.class_means import _scaled, mean_difference
from gradiend.errors import InputError
from gradiend.settings import TrainingSettings
from gradiend.summary import norms_by_layer
from gradiend.training import Trainer
from tests.conftest import tiny_lm

NARROW = (torch.bfloat16, torch.float16)


@pytest.mark.parametrize("dtype", NARROW)
@pytest.mark.parametrize("value", [1.0, 1e-5])
def test_the_mean_of_many_equal_gradients_is_theirs(monkeypatch, dtype, value):
    each = {"w": torch.full((3,), value, dtype=dtype)}
    monkeypatch.setattr(
        "gradiend.class_means.gradients", lambda *_, **__: {"difference": each}
    )
    lm = SimpleNamespace(
        covered={"w": torch.zeros(3, dtype=dtype)},
        batches=lambda rows, batch_size: (([row], None) for row in rows),
    )
    found = mean_difference(lm, list(range(1_000)))["w"]
    assert found.dtype == dtype
    torch.testing.assert_close(found, each["w"], rtol=0.02, atol=0)


@pytest.mark.parametrize("dtype", NARROW)
def test_norms_of_small_and_of_many_numbers(dtype):
    small = {"w": torch.full((10_000,), 1e-4, dtype=dtype)}
    many = {"w": torch.full((1_000_000,), 3.0, dtype=dtype)}
    table = norms_by_layer(Gradiend(small, torch.tensor(0.0), many, many))
    assert table.loc["w", "W_e"] == pytest.approx(1e-2, rel=0.01)
    assert table.loc["w", "W_d"] == pytest.approx(3e3, rel=0.01)


def test_training_in_float16_is_refused(table):
    lm = tiny_lm("bert", dtype=torch.float16)
    settings = TrainingSettings(min_rows=2)
    with pytest.raises(InputError, match=r"float16.*bfloat16 or float32"):
        Trainer(lm, table, settings)


@pytest.mark.parametrize("dtype", NARROW)
def test_the_closed_forms_scale_may_be_more_than_a_narrow_number(dtype):
    found = _scaled(torch.full((2,), 1e-3, dtype=dtype), torch.tensor(1e5))
    assert found.dtype == dtype
    assert found.float().tolist() == pytest.approx([100, 100], rel=0.01)
