"""Sequences with a common beginning in one line, in which it is read once.

A causal model's state at a token depends on what stands before it alone. A line is a
tree of tokens: each has a parent, its position is its depth, and attention sees what
stands on the way back to the root. (For masked models every token depends on all.)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from gradiend.lm.batches import Inputs, by_length
from gradiend.lm.cloze import ClozeLM
from gradiend.lm.tokens import padding_token

Ids = tuple[int, ...]
# Tokens of a line, or twice those of its sequences if that is more: longer ones would
# spend more on attention than they save.
CAPACITY = 64
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
    """Lines of about ``CAPACITY`` tokens at most, or of one sequence each."""
    if not shares_beginnings(lm):
        return [Line.of([sequence]) for sequence in sequences]
    groups: list[list[Ids]] = []
    size = 0
    for sequence in sorted(sequences):
        shared = _common(groups[-1][-1], sequence) if groups else 0
        size += len(sequence) - shared
        room = min(max(CAPACITY, 2 * len(sequence)), lm.reach)
        if shared < _SHARED * len(sequence) or size > room:
            groups.append([])
            size = len(sequence)
        groups[-1].append(sequence)
    return [Line.of(group) for group in groups]


@dataclass(frozen=True)
class Questions:
    """Lines that are read at once, and where in them sequences are asked."""

    lines: list[Line]
    slots: list[tuple[int, int]]  # (line, place), each once, whoever asks
    asked: dict[int, list[int]]  # who asks → the slots of its positions

    def inputs(self, lm: ClozeLM) -> Inputs:
        """What a model reads of the lines, asked at the slots."""
        return tree_inputs(lm, self.lines, self.slots)


def questions(
    lm: ClozeLM,
    asked: Sequence[tuple[Ids, Sequence[int]]],
    *,
    batch_size: int,
) -> Iterator[Questions]:
    """Batches of what is asked: (sequence, positions in it), each by its index.

    Who asks of the same sequence shares it. Lines of like length are a batch, of about
    ``batch_size`` distinct sequences.
    """
    askers: dict[Ids, list[int]] = {}
    for index, (ids, _) in enumerate(asked):
        askers.setdefault(ids, []).append(index)
    for lines in _batches(lines_of(lm, list(askers)), batch_size):
        slots: dict[tuple[int, int], int] = {}
        places = {
            index: [
                slots.setdefault((row, way[position]), len(slots))
                for position in asked[index][1]
            ]
            for row, line in enumerate(lines)
            for ids, way in line.places.items()
            for index in askers[ids]
        }
        yield Questions(lines, list(slots), places)


def _batches(lines: Sequence[Line], batch_size: int) -> Iterator[list[Line]]:
    """Sequences that are alone apart from trees: they may be longer than a line."""
    for several in (False, True):
        batch: list[Line] = []
        kept = [line for line in lines if (len(line.places) > 1) == several]
        for (index,) in by_length([len(line.ids) for line in kept], 1):
            batch.append(kept[index])
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
    ids = np.full((len(lines), length), padding_token(lm.tokenizer, lm.model))
    # Padding sees itself, so that its rows of attention are defined.
    seen = np.tile(np.eye(length, dtype=bool), (len(lines), 1, 1))
    for row, line in enumerate(lines):
        ids[row, : len(line.ids)] = line.ids
        for place, parent in enumerate(line.parents):
            if parent >= 0:
                seen[row, place] |= seen[row, parent]
    sight = torch.from_numpy(seen)
    return Inputs(
        input_ids=torch.from_numpy(ids).to(lm.device),
        attention_mask=_additive(sight, lm.model.dtype).to(lm.device),
        slots=torch.tensor(list(slots), device=lm.device),
        position_ids=(sight.sum(-1) - 1 + lm.first_position).to(lm.device),
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
