"""Several sequences side by side in one line, so that little of a batch is padding.

A training batch is a random draw, so its rows differ in length; padded to the longest,
a third of it and more can be padding. Laid side by side, with positions that begin anew
and attention that stays inside a sequence, every row is computed as if it were alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

CAPACITY = 64  # tokens of a line: longer ones would spend more on attention than save


@dataclass(frozen=True)
class Layout:
    """Where each sequence stands, and how large the lines are."""

    places: tuple[tuple[int, int], ...]  # (line, first position in it) a sequence
    lines: int
    length: int


def padded_layout(lengths: Sequence[int]) -> Layout:
    """A line a sequence, all as long as the longest."""
    places = tuple((line, 0) for line in range(len(lengths)))
    return Layout(places, len(lengths), max(lengths))


def packed_layout(lengths: Sequence[int]) -> Layout:
    """Lines of about ``CAPACITY`` tokens, filled alike.

    The longest sequence goes first, each into the line that has least so far. Where
    that needs no fewer tokens than padding, the layout is the padded one.
    """
    filled = [0] * math.ceil(sum(lengths) / max(CAPACITY, *lengths))
    places = [(0, 0)] * len(lengths)
    for index in sorted(range(len(lengths)), key=lambda i: -lengths[i]):
        line = min(range(len(filled)), key=filled.__getitem__)
        places[index] = (line, filled[line])
        filled[line] += lengths[index]
    packed = Layout(tuple(places), len(filled), max(filled))
    padded = padded_layout(lengths)
    fewer = packed.lines * packed.length < padded.lines * padded.length
    return packed if fewer else padded


def place(
    layout: Layout, sequences: Sequence[Sequence[int]], *, fill: int
) -> tuple[Tensor, Tensor]:
    """Token ids and the position of each token in its sequence, both [lines, T].

    Where nothing stands, the id is ``fill`` and the position -1.
    """
    ids = torch.full((layout.lines, layout.length), fill)
    positions = torch.full_like(ids, -1)
    for (line, start), sequence in zip(layout.places, sequences, strict=True):
        own = slice(start, start + len(sequence))
        ids[line, own] = torch.tensor(sequence)
        positions[line, own] = torch.arange(len(sequence))
    return ids, positions


def own_attention(positions: Tensor, *, causal: bool, dtype: torch.dtype) -> Tensor:
    """Additive mask [lines, 1, T, T]: 0 inside a sequence, the least number elsewhere.

    ``positions`` are those of :func:`place`; ``causal`` leaves each token what stands
    before it in its sequence, and itself.
    """
    owner = (positions == 0).cumsum(1).masked_fill(positions < 0, -1)
    allowed = owner.unsqueeze(2) == owner.unsqueeze(1)
    if causal:
        allowed = allowed.tril()
    mask = torch.zeros(allowed.shape, dtype=dtype)
    return mask.masked_fill(~allowed, torch.finfo(dtype).min).unsqueeze(1)
