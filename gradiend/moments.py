"""AdamW's two moments of every number: in full, or in 8 bits each.

Eight bits hold the logarithm of a value's share of the largest one of its group of 256,
which is kept in float32. What is stored in 8 bits or in bfloat16 is computed in float32
and rounded at random (:mod:`gradiend.rounding`), since a second moment changes by less
than a level a step and would otherwise stand still.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from gradiend.rounding import Rounding, widened

GROUP = 256
KINDS = ("exp_avg", "exp_avg_sq")
# Of the 255 levels besides 0: how many decades below the largest value they reach.
_DECADES = {"exp_avg": 7.0, "exp_avg_sq": 14.0}


class FullMoments:
    """Moments in the type of the numbers they belong to."""

    def __init__(self, tensors: Mapping[str, Tensor], rounding: Rounding) -> None:
        self.values = {
            kind: {name: torch.zeros_like(t) for name, t in tensors.items()}
            for kind in KINDS
        }
        self.rounding = rounding

    def block(self, name: str, start: int, length: int) -> list[Tensor]:
        """Both moments [length], from ``start``: views, or narrow ones in float32."""
        return [widened(stored) for stored in self._stored(name, start, length)]

    def keep(self, name: str, start: int, values: list[Tensor]) -> None:
        """Store what :meth:`block` gave, as it is now, unless they were views."""
        if self.values[KINDS[0]][name].dtype == values[0].dtype:
            return
        stored = self._stored(name, start, len(values[0]))
        for one, value in zip(stored, values, strict=True):
            self.rounding.keep(one, value)

    def state(self) -> dict[str, dict[str, Tensor]]:
        """Everything, by kind and tensor name, not copied."""
        return self.values

    def load(self, kinds: Mapping[str, Mapping[str, Tensor]]) -> None:
        """Go back to a state of :meth:`state`."""
        _overwrite(self.values, kinds)

    def _stored(self, name: str, start: int, length: int) -> list[Tensor]:
        return [
            self.values[kind][name].view(-1).narrow(0, start, length) for kind in KINDS
        ]


class EightBitMoments:
    """Moments in 8 bits a number and 4 bytes a group of 256."""

    def __init__(self, tensors: Mapping[str, Tensor], rounding: Rounding) -> None:
        self.values: dict[str, dict[str, Tensor]] = {}
        for kind in KINDS:
            self.values[kind] = {
                name: torch.zeros(t.numel(), dtype=torch.uint8, device=t.device)
                for name, t in tensors.items()
            }
            self.values[f"{kind}_largest"] = {
                name: torch.zeros(-(-t.numel() // GROUP), device=t.device)
                for name, t in tensors.items()
            }
        self.rounding = rounding

    def block(self, name: str, start: int, length: int) -> list[Tensor]:
        """Both moments in float32, from ``start`` (a multiple of the group)."""
        found = []
        for kind in KINDS:
            codes = self.values[kind][name].narrow(0, start, length)
            found.append(
                _decoded(kind, codes) * self._largest(kind, name, start, codes)
            )
        return found

    def keep(self, name: str, start: int, values: list[Tensor]) -> None:
        """Store what :meth:`block` gave, as it is now."""
        for kind, value in zip(KINDS, values, strict=True):
            groups = torch.nn.functional.pad(value, (0, -len(value) % GROUP))
            largest = groups.view(-1, GROUP).abs().amax(1)
            first = start // GROUP
            self.values[f"{kind}_largest"][name].narrow(0, first, len(largest)).copy_(
                largest
            )
            codes = self.values[kind][name].narrow(0, start, len(value))
            share = value / self._largest(kind, name, start, codes).clamp_min(1e-38)
            generator = self.rounding.generator(value.device)
            noise = torch.rand(len(value), device=value.device, generator=generator)
            codes.copy_(_encoded(kind, share, noise))

    def state(self) -> dict[str, dict[str, Tensor]]:
        """Everything, by kind and tensor name, not copied."""
        return self.values

    def load(self, kinds: Mapping[str, Mapping[str, Tensor]]) -> None:
        """Go back to a state of :meth:`state`."""
        _overwrite(self.values, kinds)

    def _largest(self, kind: str, name: str, start: int, codes: Tensor) -> Tensor:
        groups = -(-len(codes) // GROUP)
        largest = self.values[f"{kind}_largest"][name].narrow(0, start // GROUP, groups)
        return largest.repeat_interleave(GROUP)[: len(codes)]


Moments = FullMoments | EightBitMoments


@torch.no_grad()
def _overwrite(
    tensors: Mapping[str, Mapping[str, Tensor]],
    values: Mapping[str, Mapping[str, Tensor]],
) -> None:
    for kind, named in tensors.items():
        for name, tensor in named.items():
            tensor.copy_(values[kind][name])


MOMENTS = {"full": FullMoments, "8bit": EightBitMoments}


def _levels(kind: str) -> int:
    """Levels of a sign: a first moment has two of them, a second is never negative."""
    return 127 if kind == "exp_avg" else 255


def _encoded(kind: str, share: Tensor, noise: Tensor) -> Tensor:
    """Codes of shares in [−1, 1]: 0, or the rounded logarithm (with its sign)."""
    levels = _levels(kind)
    scale = (levels - 1) / _DECADES[kind]
    place = levels + scale * share.abs().clamp_min(1e-30).log10()
    place = (place + noise).floor().clamp(max=levels)
    # What is too small for a first moment is 0; a second one must not be, if it was
    # not: it is divided by.
    place = place.clamp_min(0 if kind == "exp_avg" else 1) * (share != 0)
    if kind == "exp_avg":
        place = torch.where(share < 0, place + 128, place) * (place > 0)
    return place.to(torch.uint8)


def _decoded(kind: str, codes: Tensor) -> Tensor:
    levels = _levels(kind)
    place = codes.float()
    negative = None
    if kind == "exp_avg":
        negative = place > levels
        place = torch.where(negative, place - 128, place)
    value = torch.pow(10.0, (place - levels) * (_DECADES[kind] / (levels - 1)))
    value = value * (place > 0)
    return value if negative is None else torch.where(negative, -value, value)
