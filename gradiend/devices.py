"""Where a model is put, and in which numbers."""

from __future__ import annotations

from typing import Literal

import torch

from gradiend.errors import InputError, check_choice

DTYPES = ("float32", "bfloat16", "float16", "float64", "auto")


def device_of(name: str | torch.device) -> torch.device:
    """The device of a name; ``auto`` is a GPU where torch sees one, else the CPU.

    Raises
    ------
    InputError
        if no device is called so; whether it is here is :func:`device_here`'s.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        return torch.device(name)
    except RuntimeError as error:
        raise InputError(
            f"unknown device {name!r}; give auto, cpu, cuda, mps or xpu, of several "
            "GPUs e.g. cuda:1"
        ) from error


def device_here(name: str | torch.device) -> torch.device:
    """The device of a name, as :func:`device_of` has it, on this machine.

    Raises
    ------
    InputError
        if torch does not see it here.
    """
    device = device_of(name)
    try:
        there = torch.get_device_module(device.type).device_count()
    except (RuntimeError, AttributeError):  # a kind that torch was built without
        there = 0
    if (device.index or 0) < there:
        return device
    raise InputError(
        f"torch sees no device {str(device)!r} here; give cpu, or auto for a GPU where "
        "there is one"
    )


def dtype_of(name: str | torch.dtype) -> torch.dtype | Literal["auto"]:
    """The numbers of a name, one of ``DTYPES``; ``auto`` is left to the checkpoint."""
    if isinstance(name, torch.dtype):
        return name
    check_choice(name, DTYPES, "dtype")
    return "auto" if name == "auto" else getattr(torch, name)
