"""What a model reads at once, and what is asked of it there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from gradiend.errors import check_count
from gradiend.lm.packing import Layout
from gradiend.lm.tokens import EncodedRow

Side = Literal["factual", "counterfactual"]


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """Padded or packed sequences and the places in them that are predicted."""

    input_ids: Tensor  # [B, T]
    attention_mask: Tensor  # [B, T], packed: [B, 1, T, T]
    slots: Tensor  # [S, 2] (line, position), each once
    position_ids: Tensor | None = None  # [B, T] where the sequences are packed


@dataclass(frozen=True)
class Targets:
    """Target tokens of one side: K of them for R rows."""

    slot: Tensor  # [K] index into Inputs.slots
    token: Tensor  # [K] token id
    row: Tensor  # [K] index of the row
    count: Tensor  # [K] number of target tokens of the row


@dataclass(frozen=True, kw_only=True)
class Batch(Inputs):
    """The inputs of R cloze rows, with the targets of both sides."""

    factual: Targets
    counterfactual: Targets
    rows: int  # R

    def side(self, side: Side) -> Targets:
        """The targets of ``side``."""
        return self.factual if side == "factual" else self.counterfactual


def targets_of(
    rows: Sequence[EncodedRow], layout: Layout, device: torch.device
) -> dict[str, Tensor | Targets]:
    """``slots``, ``factual`` and ``counterfactual`` of rows laid out in a batch."""
    first = 0
    slots: dict[tuple[int, int], int] = {}
    sides: dict[Side, list[tuple[int, int, int, int]]]
    sides = {"factual": [], "counterfactual": []}
    for index, row in enumerate(rows):
        for side, entries in sides.items():
            target = getattr(row, side)
            count = len(target.tokens)
            line, start = layout.places[first + target.sequence]
            for position, token in zip(target.positions, target.tokens, strict=True):
                slot = slots.setdefault((line, start + position), len(slots))
                entries.append((slot, token, index, count))
        first += len(row.sequences)
    columns = {side: zip(*entries, strict=True) for side, entries in sides.items()}
    return {"slots": torch.tensor(list(slots), device=device)} | {
        side: Targets(*(torch.tensor(column, device=device) for column in parts))
        for side, parts in columns.items()
    }


def by_length(lengths: Sequence[int], batch_size: int) -> Iterator[list[int]]:
    """Indices in batches of like length, so that little of a batch is padding."""
    check_count(batch_size, "batch_size", least=1)
    order = sorted(range(len(lengths)), key=lengths.__getitem__)
    for start in range(0, len(order), batch_size):
        yield order[start : start + batch_size]


def row_losses(log_probabilities: Tensor, targets: Targets, rows: int) -> Tensor:
    """Cross-entropy per row [R], in nats: the mean over the row's target tokens.

    ``log_probabilities`` are [S, V], at the slots of the rows' batch.
    """
    picked = log_probabilities[targets.slot, targets.token] / targets.count
    return picked.new_zeros(rows).index_add(0, targets.row, -picked)
