"""Rounding at random, so that what moves by less than a level still moves.

Two neighbours of bfloat16 are a 128th to a 256th of their size apart, and a step of
GRADIEND's is often a thousandth of that: rounded to the nearest, it would be lost every
time. Rounded up with the probability of what is left over, it is kept on average.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

_CUT = 16  # bits of a float32 that a bfloat16 has not
_NOISE_EACH = 4  # numbers of 16 bits in one of 64, which is drawn as fast


class Rounding:
    """All that is rounded at random in a run, from one seeded generator a device."""

    def __init__(self) -> None:
        self._generators: dict[torch.device, torch.Generator] = {}

    def generator(self, device: torch.device) -> torch.Generator:
        """The device's generator, as far as it has got."""
        if device not in self._generators:
            self._generators[device] = torch.Generator(device).manual_seed(0)
        return self._generators[device]

    def keep(self, stored: Tensor, value: Tensor) -> None:
        """Copy ``value`` [N] into ``stored`` [N], at random where that is bfloat16."""
        narrow = stored.dtype == torch.bfloat16 and value.dtype == torch.float32
        stored.copy_(self._rounded(value) if narrow else value)

    def state(self) -> dict[str, Tensor]:
        """How far each device's generator has got."""
        return {str(d): g.get_state() for d, g in self._generators.items()}

    def load(self, states: Mapping[str, Tensor]) -> None:
        """Go back to a state of :meth:`state`."""
        self._generators.clear()
        for device, state in states.items():
            self.generator(torch.device(device)).set_state(state.cpu())

    def _rounded(self, value: Tensor) -> Tensor:
        """``value`` (float32) without the bits that bfloat16 has not, still float32."""
        drawn = torch.empty(
            -(-len(value) // _NOISE_EACH), dtype=torch.int64, device=value.device
        ).random_(-(2**63), None, generator=self.generator(value.device))
        noise = drawn.view(torch.int16)[: len(value)]  # −2¹⁵ … 2¹⁵ − 1, all alike
        bits = torch.add(value.view(torch.int32), noise).add_(1 << (_CUT - 1))
        rounded = bits.bitwise_and_(-(1 << _CUT)).view(torch.float32)
        # A NaN's bits may now be a number's: NaN is added to it, 0 to all others.
        return rounded.add_(value - value)


def widened(tensor: Tensor) -> Tensor:
    """The same numbers in float32 at least: a copy of narrow ones, else the tensor."""
    return tensor if tensor.dtype.itemsize >= 4 else tensor.float()
