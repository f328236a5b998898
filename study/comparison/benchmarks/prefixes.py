"""Sequences with a common beginning in one line, in which it is read once.

A causal model's state at a token depends on what stands before it alone. A line is a
tree of tokens: each has a parent, its position is its depth, and attention sees what
stands on the way back to the root. (For masked models every token depends on all.)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from gradiend.lm.batches import Inputs, by_length
from gradiend.lm.cloze import ClozeLM

Ids = tuple[int, ...]
CAPACITY = 64  # tokens of a line: longer ones would spend more on attention than save
_SHARED = 0.25  # of a sequence: what it has in common with the one before, at least


@dataclass(frozen=True)
class Line:
    """A tree of tokens, and where each token of its sequences stands in it."""

    ids: list[int]  # [T]
    parents: list[int]  # [T], −1 of a first token; a parent stands before its children
    places: dict[Ids, list[int]]  # sequence → the place of each of its tokens

    @classmethod
    def of(cls, sequences: Sequence[Ids]) -> Line:
        """The tree of some sequences."""
        known: dict[tuple[int, int], int] = {}  # (parent, token) → place
        places = {}
        for sequence in sequences:
            way: list[int] = []
            for token in sequence:
                step = (way[-1] if way else -1, token)
                way.append(known.setdefault(step, len(known)))
            places[sequence] = way
        return cls([t for _, t in known], [p for p, _ in known], places)


def shares_beginnings(lm: ClozeLM) -> bool:
    """Whether a model reads trees: one whose packed lines were found to be right.

    What changes what a model says may read its sequences; it gets each of them whole.
    """
    return lm.causal and lm.ways.packed and lm.says is None


def lines_of(lm: ClozeLM, sequences: Sequence[Ids]) -> list[Line]:
    """Lines of at most ``CAPACITY`` tokens, or of one sequence each."""
    if not shares_beginnings(lm):
        return [Line.of([sequence]) for sequence in sequences]
    longest = min(CAPACITY, lm.reach)
    groups: list[list[Ids]] = []
    size = 0
    for sequence in sorted(sequences):
        shared = _common(groups[-1][-1], sequence) if groups else 0
        size += len(sequence) - shared
        if shared < _SHARED * len(sequence) or size > longest:
            groups.append([])
            size = len(sequence)
        groups[-1].append(sequence)
    return [Line.of(group) for group in groups]


def batches_of(lines: Sequence[Line], batch_size: int) -> Iterator[list[Line]]:
    """Lines of like length, of about ``batch_size`` sequences together."""
    batch: list[Line] = []
    for (index,) in by_length([len(line.ids) for line in lines], 1):
        batch.append(lines[index])
        if sum(len(line.places) for line in batch) >= batch_size:
            yield batch
            batch = []
    if batch:
        yield batch


def tree_inputs(
    lm: ClozeLM, lines: Sequence[Line], slots: Sequence[tuple[int, int]]
) -> Inputs:
    """What a model reads of lines, asked at each (line, place) of ``slots``."""
    if all(len(line.places) == 1 for line in lines):
        return lm.inputs([line.ids for line in lines], slots)
    length = max(len(line.ids) for line in lines)
    ids = torch.full((len(lines), length), lm.tokenizer.pad_token_id or 0)
    # Padding sees itself, so that its rows of attention are defined.
    seen = torch.eye(length, dtype=torch.bool).repeat(len(lines), 1, 1)
    for row, line in enumerate(lines):
        ids[row, : len(line.ids)] = torch.tensor(line.ids)
        for place, parent in enumerate(line.parents):
            if parent >= 0:
                seen[row, place] |= seen[row, parent]
    return Inputs(
        input_ids=ids.to(lm.device),
        attention_mask=_additive(seen, lm.model.dtype).to(lm.device),
        slots=torch.tensor(list(slots), device=lm.device),
        position_ids=(seen.sum(-1) - 1 + lm.first_position).to(lm.device),
    )


def _additive(seen: Tensor, dtype: torch.dtype) -> Tensor:
    """[lines, 1, T, T]: 0 where a token sees another, the least number elsewhere."""
    mask = torch.zeros(seen.shape, dtype=dtype)
    return mask.masked_fill(~seen, torch.finfo(dtype).min).unsqueeze(1)


def _common(left: Ids, right: Ids) -> int:
    """How many tokens two sequences begin with alike."""
    for place, (a, b) in enumerate(zip(left, right, strict=False)):
        if a != b:
            return place
    return min(len(left), len(right))
