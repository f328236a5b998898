"""A few rows of random tokens, and what the untouched model says of each alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional

from gradiend.lm.reach import text_config, windows
from gradiend.lm.tokens import EncodedRow, Target

if TYPE_CHECKING:
    from gradiend.lm.cloze import ClozeLM

LENGTHS = (40, 17, 9, 4)  # tokens of the rows, which pack into two lines
_WORK = 5e10  # tokens · parameters of a longer row: more would take seconds
_FLOOR = -100.0  # log-probabilities below, of words that a model never says, are alike


def probe_rows(lm: ClozeLM) -> list[EncodedRow]:
    """A row of each of ``LENGTHS``, asked in its middle and at its end.

    None is longer than rows that share a forward pass may be.
    """
    longest = max(2, min(lm.max_length, lm.reach))
    return _rows(lm, [min(length, longest) for length in LENGTHS])


def long_rows(lm: ClozeLM) -> list[EncodedRow]:
    """A row longer than the model's attention window, and the shortest one.

    The widest window is taken that takes no more than some work; none, if there is no
    such window.
    """
    size = sum(parameter.numel() for parameter in lm.covered.values())
    most = min(lm.max_length, _WORK / size)
    lengths = [width + 1 for width in windows(lm.model) if width + 1 <= most]
    return _rows(lm, [max(lengths), min(LENGTHS)]) if lengths else []


def _rows(lm: ClozeLM, lengths: Sequence[int]) -> list[EncodedRow]:
    """A row of random tokens of each length."""
    tokens, drawn = _plain_tokens(lm), torch.Generator().manual_seed(0)
    rows = []
    for length in lengths:
        picked = torch.randint(len(tokens), (length + 2,), generator=drawn).tolist()
        *ids, factual, counterfactual = (tokens[index] for index in picked)
        middle, end = (length - 1) // 2, length - 1
        if not lm.causal:
            ids[middle] = ids[end] = lm.tokenizer.mask_token_id
        rows.append(
            EncodedRow(
                (tuple(ids),),
                Target(0, (middle,), (factual,)),
                Target(0, (end,), (counterfactual,)),
            )
        )
    return rows


def _plain_tokens(lm: ClozeLM) -> list[int]:
    """Tokens with no meaning of their own to the model."""
    known = min(len(lm.tokenizer), lm.model.get_input_embeddings().weight.shape[0])
    special = {*lm.tokenizer.all_special_ids, *lm.tokenizer.get_added_vocab().values()}
    special.add(getattr(text_config(lm.model), "pad_token_id", None))
    return [token for token in range(known) if token not in special]


def plain_logits(lm: ClozeLM, ids: Sequence[int]) -> Tensor:
    """Logits [T, V] of one sequence, as transformers computes them."""
    return lm.model(input_ids=torch.tensor([ids], device=lm.device)).logits[0]


def tolerance(lm: ClozeLM) -> float:
    """How far numbers may be apart that only rounding tells apart, as a share.

    7·10⁻⁵ in float32 and 0.05 in bfloat16, some ten times what was measured of models
    of 135 million parameters; 10⁻⁵ in float64, as many families compute norms and
    softmax in float32.
    """
    return max(torch.finfo(lm.model.dtype).eps ** 0.6, 1e-5)


@dataclass(frozen=True)
class Probe:
    """Log-probabilities at the slots of R rows, each by itself in the plain model."""

    rows: Sequence[EncodedRow]
    expected: Tensor  # [2R, V], factual slots first

    @classmethod
    def of(cls, lm: ClozeLM, rows: Sequence[EncodedRow]) -> Probe:
        """Ask the model of ``lm``, which must say numbers."""
        each = [plain_logits(lm, row.sequences[0]) for row in rows]
        places = [(row.factual, row.counterfactual) for row in rows]
        found = [
            logits[list(place[side].positions)]
            for side in (0, 1)
            for logits, place in zip(each, places, strict=True)
        ]
        expected = comparable(torch.cat(found))
        if expected.isnan().any():
            kind = str(lm.model.dtype).removeprefix("torch.")
            raise ArithmeticError(f"it says no numbers in {kind}")
        return cls(rows, expected)

    def agrees(self, lm: ClozeLM, *, packed: bool) -> bool:
        """Whether ``lm`` says the same of the rows in one batch.

        The slots differ in what stands around them: as far as what is said there
        differs, a wrong place or a neighbour's influence shows.
        """
        batch = lm.batch(self.rows, packed=packed)
        logits = lm.logits(batch)
        slots = torch.cat([batch.factual.slot, batch.counterfactual.slot])
        found = comparable(logits[slots.to(logits.device)])
        return found.shape == self.expected.shape and near(lm, found, self.expected)


def near(lm: ClozeLM, found: Tensor, expected: Tensor) -> bool:
    """Whether only rounding tells apart what is said at some places, [places, V]."""
    spread = (expected - expected.mean(0)).abs().max()
    eps = max(torch.finfo(lm.model.dtype).eps, torch.finfo(torch.float32).eps)
    noise = 4 * eps * expected.abs().max()
    allowed = tolerance(lm) * spread + noise
    return bool(((found - expected).abs() <= allowed).all())


def comparable(logits: Tensor) -> Tensor:
    """Log-probabilities of logits [places, V], in float64 on the CPU."""
    return functional.log_softmax(logits.cpu().double(), dim=-1).clamp(min=_FLOOR)
