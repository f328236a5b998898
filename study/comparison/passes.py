"""How often a model is run: passes of a batch through its body, there and back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from torch import Tensor, nn


@dataclass
class Passes:
    """Counts of batches and, for batches are of any size, tokens (padding included)."""

    forward: int = 0
    backward: int = 0
    tokens: int = 0  # of forward passes


@contextmanager
def counted(body: nn.Module) -> Iterator[Passes]:
    """Count the passes through ``body`` inside the block."""
    passes = Passes()

    def backward(_gradient: Tensor) -> None:
        passes.backward += 1

    def forward(_body: nn.Module, args: tuple, options: dict, output) -> None:
        passes.forward += 1
        passes.tokens += (args[0] if args else options["input_ids"]).numel()
        if output[0].requires_grad:
            output[0].register_hook(backward)

    handle = body.register_forward_hook(forward, with_kwargs=True)
    try:
        yield passes
    finally:
        handle.remove()
