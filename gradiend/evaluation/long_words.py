"""Words of several tokens at a slot: the product of their tokens' probabilities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from gradiend.lm.tokens import EncodedRow

Ids = tuple[int, ...]


@dataclass(frozen=True)
class LongWord:
    """A word of a class (``column``) in the slot of each text."""

    column: int
    weight: float
    rows: Sequence[EncodedRow]  # a text each


@dataclass(frozen=True)
class LongWords:
    """W words, one at the slot of one text each, in a batch's answers [S, V].

    K is the number of their tokens. The tensors are made once and wait where the model
    is, so that a GPU is waited for once a batch and not once a word.
    """

    slots: Tensor  # [K]
    tokens: Tensor  # [K]
    sizes: list[int]  # [W], tokens of each word
    places: tuple[list[int], list[int]]  # [W] texts and [W] columns
    weights: np.ndarray  # [W]

    @classmethod
    def of(
        cls,
        asked: Sequence[tuple[int, LongWord]],
        slots: Sequence[Sequence[int]],
        device: torch.device,
    ) -> LongWords:
        """(text, word) pairs, and the slots that each word's tokens are told at."""
        tokens = [word.rows[text].factual.first_slot()[1] for text, word in asked]

        def index(parts: Sequence[Sequence[int]]) -> Tensor:
            flat = [number for own in parts for number in own]
            return torch.tensor(flat, dtype=torch.long, device=device)

        return cls(
            index(slots),
            index(tokens),
            list(map(len, tokens)),
            ([text for text, _ in asked], [word.column for _, word in asked]),
            np.array([word.weight for _, word in asked]),
        )

    def add(self, found: np.ndarray, told: Tensor) -> None:
        """Add weight · P of each word to ``found`` [texts, classes].

        ``told`` [S, V] are log-probabilities.
        """
        if not self.sizes:
            return
        where = self.slots.to(told.device), self.tokens.to(told.device)
        each = told[where].cpu().double().split(self.sizes)
        joint = torch.stack([own.sum() for own in each]).exp()
        np.add.at(found, self.places, self.weights * joint.numpy())


def distinct(
    group: Mapping[str, float], tokens: Mapping[str, Ids]
) -> dict[Ids, tuple[str, float]]:
    """Token ids → a word of a class that has them, and the weight they count with.

    Words that a tokenizer does not tell apart (cased and not) are averaged: they count
    once, as one of them alone would.
    """
    alike: dict[Ids, list[str]] = {}
    for word in group:
        alike.setdefault(tokens[word], []).append(word)
    return {
        ids: (words[0], float(np.mean([group[word] for word in words])))
        for ids, words in alike.items()
    }
