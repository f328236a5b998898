"""Names of devices and of numbers."""

from __future__ import annotations

import pytest
import torch

from gradiend.devices import DTYPES, device_here, device_of, dtype_of
from gradiend.errors import InputError


def test_a_device_has_a_name_and_is_here(monkeypatch):
    assert device_here("cpu") == torch.device("cpu")
    assert device_here("auto").type in ("cpu", "cuda")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert device_here("cuda:1") == torch.device("cuda:1")
    assert device_of("cuda:5").index == 5
    for name in ("cuda:5", torch.device("cuda:2"), "meta"):
        with pytest.raises(InputError, match=f"sees no device '{name}' here; give cpu"):
            device_here(name)
    for name in ("gpu", "cuda:x", ""):
        with pytest.raises(InputError, match=f"unknown device '{name}'"):
            device_of(name)


def test_numbers_have_a_name():
    found = [str(dtype_of(name)).removeprefix("torch.") for name in DTYPES]
    assert found == [*DTYPES]
    assert dtype_of(torch.bfloat16) == torch.bfloat16
    for name in ("bf16", "nn", "float"):
        with pytest.raises(InputError, match=f"unknown dtype '{name}'"):
            dtype_of(name)
