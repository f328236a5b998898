"""The state that the prediction head reads, and which part of it two words need.

The last norm gives every state about the same length. So P of two words can be brought
together in two ways: with less of their difference in the state, or with more of
everything else in it.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import torch
from torch import Tensor

from gradiend.errors import InputError
from gradiend.lm.batches import Inputs
from gradiend.lm.cloze import ClozeLM


@dataclass(frozen=True)
class Head:
    """Two words in the head's last map: log-odds = length · distance · part apart.

    ``apart`` [H] is the unit vector along the difference of their rows, ``distance``
    its length; ``both`` [H] that along their mean, less the mean of all words and
    orthogonal to ``apart``: what raises the two together over the rest.
    """

    apart: Tensor
    both: Tensor
    distance: float

    @classmethod
    @torch.no_grad()
    def of(cls, lm: ClozeLM, words: tuple[str, str]) -> Head:
        """Of a model as it is.

        Raises
        ------
        InputError
            if a word is not one token.
        """
        ids = lm.token_ids(list(words))
        if any(len(tokens) != 1 for tokens in ids):
            raise InputError(
                f"{words[0]!r} and {words[1]!r} are not one token each for "
                f"{lm.name!r}; the state is asked of words of one token"
            )
        # A copy: a tied table moves when the model is rewritten.
        table = lm.model.get_output_embeddings().weight.detach().float()
        first, second = (table[tokens[0]].clone() for tokens in ids)
        apart = first - second
        distance = apart.norm()
        apart = apart / distance
        both = (first + second) / 2 - table.mean(dim=0)
        both = both - (both @ apart) * apart
        return cls(apart, both / both.norm(), float(distance))


def state_parts(
    lm: ClozeLM, rows: pd.DataFrame, head: Head, *, batch_size: int
) -> pd.DataFrame:
    """Columns apart, both (shares of the state's length) and length, a row a text.

    ``rows`` are cloze rows with one slot.
    """
    axes = torch.stack([head.apart, head.both])
    found = torch.empty(3, len(rows))
    for places, batch in lm.batches(lm.encode(rows), batch_size=batch_size):
        read = _states(lm, batch)[batch.factual.slot].to(axes)
        length = read.norm(dim=1)
        parts = torch.stack([*(axes @ read.T / length), length])
        found[:, places] = parts.cpu()
    return pd.DataFrame(found.T.numpy(), columns=["apart", "both", "length"])


@torch.no_grad()
def _states(lm: ClozeLM, inputs: Inputs) -> Tensor:
    """What the last linear map of the head reads at each slot, [S, H]."""
    if not lm.ways.padded:
        raise InputError(
            f"{lm.name!r} reads a row at a time, and its states are not kept; leave "
            "it out of the analysis"
        )
    read: list[Tensor] = []

    def keep(_module, args: tuple[Tensor]) -> None:
        read.append(args[0])

    hook = lm.model.get_output_embeddings().register_forward_pre_hook(keep)
    try:
        lm.logits(inputs)
    finally:
        hook.remove()
    if lm.ways.head:
        return read[-1][0]
    return read[-1][tuple(inputs.slots.unbind(1))]
