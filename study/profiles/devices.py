"""Whether the devices that a profile names are here."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module

from gradiend.errors import InputError

EVERYWHERE = ("auto", "cpu")


def need_devices(names: Iterable[str]) -> None:
    """Refuse a device that torch does not see, with the way out."""
    for name in dict.fromkeys(names):
        if name not in EVERYWHERE:
            _need(name)


def _need(name: str) -> None:
    # By its name: torch takes seconds, and plans are made without it.
    torch = import_module("torch")
    kind, _, index = name.partition(":")
    there = torch.get_device_module(kind).device_count()
    if int(index or 0) < there:
        return
    seen = ", ".join(f"{kind}:{number}" for number in range(there)) or "none"
    raise InputError(
        f"the profile wants a GPU (load: {{device: {name}}}) and torch sees {seen}; "
        "run on a machine with one, or write a profile of your own (like: and its "
        "name, load: {device: auto}: a GPU where there is one)"
    )
