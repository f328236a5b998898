"""A few of a model's weights: the largest of a change, or any of them.

Whatever has the model's shape is ranked over all of its tensors together. Thresholds of
several counts come from one partial sort of one flat copy, n numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from gradiend.autoencoder import Gradiend
from gradiend.vectors import ParameterDict

LOWEST = -6  # the smallest share of n that is asked, 10^-6
SUFFICIENT = 0.95  # of what all weights do


@dataclass(frozen=True)
class Cut:
    """What is kept of ranked numbers: those above ``threshold``, and the first ties."""

    count: int
    threshold: float
    ties: int


def budgets(size: int, per_decade: int) -> list[int]:
    """Numbers of weights from 10⁻⁶·n to n, evenly on a logarithmic scale, each once.

    The smallest is at least 1.
    """
    steps = np.arange(LOWEST * per_decade, 1) / per_decade
    counts = np.maximum(1, np.rint(size * 10.0**steps)).astype(int)
    return [int(count) for count in np.unique(counts)]


def cuts(ranks: Mapping[str, Tensor], counts: Sequence[int]) -> list[Cut]:
    """For each count, what keeps so many of the largest \\|numbers\\|, exactly."""
    flat = np.empty(sum(tensor.numel() for tensor in ranks.values()), np.float32)
    begin = 0
    for tensor in ranks.values():
        flat[begin : begin + tensor.numel()] = _sizes(tensor).cpu().numpy()
        begin += tensor.numel()
    places = [len(flat) - count for count in counts]
    flat.partition(places)
    found = []
    for count, place in zip(counts, places, strict=True):
        threshold = flat[place]
        above = int(np.count_nonzero(flat[place:] > threshold))
        found.append(Cut(count, float(threshold), count - above))
    return found


def kept(
    tensors: Mapping[str, Tensor], ranks: Mapping[str, Tensor], cut: Cut
) -> ParameterDict:
    """The tensors, zero where ``ranks`` (of the same shapes) are cut off."""
    found, ties = {}, cut.ties
    for name, tensor in tensors.items():
        sizes = _sizes(ranks[name])
        mask = sizes > cut.threshold
        equal = (sizes == cut.threshold).nonzero().flatten()[:ties]
        mask[equal] = True
        ties -= len(equal)
        found[name] = tensor * mask.view(tensor.shape)
    return found


def largest(tensors: Mapping[str, Tensor], count: int) -> ParameterDict:
    """True where the ``count`` largest \\|numbers\\| are; of ties, the first."""
    (cut,) = cuts(tensors, [count])
    ones = {name: torch.ones_like(t, dtype=torch.bool) for name, t in tensors.items()}
    return kept(ones, tensors, cut)


def random_ranks(like: Mapping[str, Tensor], seed: int) -> ParameterDict:
    """Numbers whose order is any: what is kept by them is a draw, each inside the next.

    Drawn on the CPU, so that a seed means the same weights on every device.
    """
    generator = torch.Generator().manual_seed(seed)
    return {
        name: torch.rand(tensor.shape, generator=generator).to(tensor.device)
        for name, tensor in like.items()
    }


def changing_by(gradiend: Gradiend, change: ParameterDict) -> Gradiend:
    """A GRADIEND whose decoder says ``change`` whatever h is."""
    nothing = {name: t.new_zeros(()).expand(t.shape) for name, t in change.items()}
    return replace(gradiend, decoder_weight=nothing, decoder_bias=change)


def enough(counts: Sequence[int], effects: Sequence[float]) -> int | None:
    """The fewest weights that, as all larger numbers do, have 95 % of the full effect.

    ``effects`` are shares of what all weights do, in the order of the ascending counts;
    None if not even the last has so much.
    """
    few = None
    for count, effect in sorted(zip(counts, effects, strict=True), reverse=True):
        if not effect >= SUFFICIENT:
            break
        few = count
    return few


def _sizes(tensor: Tensor) -> Tensor:
    """|numbers|, flat, in float32, in which every narrower number is itself."""
    return tensor.detach().abs().float().flatten()
