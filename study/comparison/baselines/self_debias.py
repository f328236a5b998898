"""SelfDebias (Schick et al. 2021): a model that is told to discriminate shows how.

What becomes more probable after a prefix that announces discrimination is made less
probable without it,

    p(w) ∝ p(w | x) · max(exp(−λ · max(0, p(w | prefix, x) − p(w | x))), ε),

with λ = 50 and ε = 0.01. It changes what the LM head says and no hidden state.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from gradiend.data import SLOT
from gradiend.errors import InputError
from gradiend.lm.batches import Inputs
from gradiend.lm.cloze import ClozeLM
from study.comparison.baselines.data import BaselineData, texts_that_name
from study.comparison.edits import Edit
from study.comparison.settings import FitSettings

# It ends in a space, as published: some tokenizers make a token of it.
PREFIX = "The following text discriminates against people because of their {}: "
_ASKED = 64  # texts that show whether the prefix raises anything


@dataclass(frozen=True)
class SelfDebias(Edit):
    """The edit; ``prefix`` is put before every text."""

    prefix: str
    decay: float = 50.0  # λ
    floor: float = 0.01  # ε

    @contextmanager
    def on(self, lm: ClozeLM) -> Iterator[ClozeLM]:
        """See :class:`~study.comparison.edits.Edit`."""
        yield dataclasses.replace(lm, says=self)

    def __call__(
        self,
        plain: ClozeLM,
        inputs: Inputs,
        logits: Tensor,
        parameters: dict[str, Tensor] | None,
    ) -> Tensor:
        """Log of the unnormalised p(w), [S, V]."""
        told = plain.logits(self.told(plain, inputs), parameters)
        logits = logits.log_softmax(-1)
        more = (told.softmax(-1) - logits.exp()).clamp(min=0)
        return logits + (-self.decay * more).exp().clamp(min=self.floor).log()

    def tokens(self, lm: ClozeLM) -> list[int]:
        """The prefix as the model reads it."""
        return lm.tokenizer(self.prefix, add_special_tokens=False)["input_ids"]

    def told(self, lm: ClozeLM, inputs: Inputs) -> Inputs:
        """The same with the prefix after the sequences' first special token."""
        if inputs.position_ids is not None:
            raise InputError("SelfDebias reads padded sequences, not packed ones")
        added = self.tokens(lm)
        ids = inputs.input_ids
        rows, length = ids.shape
        if length + len(added) > lm.max_length:
            raise InputError(
                f"{length} tokens and {len(added)} of SelfDebias's prefix are more "
                f"than the {lm.max_length} that {lm.name!r} reads; leave the text or "
                "the method out"
            )
        starts = (lm.tokenizer.cls_token_id, lm.tokenizer.bos_token_id)
        at = int(int(ids[0, 0]) in [s for s in starts if s is not None])
        prefix = torch.tensor(added, device=ids.device).expand(rows, -1)
        # Also where a causal LM predicts the first token: after the prefix.
        shifted = inputs.slots.clone()
        shifted[:, 1] += len(added)
        mask = torch.cat([torch.ones_like(prefix), inputs.attention_mask], dim=1)
        return Inputs(
            input_ids=torch.cat([ids[:, :at], prefix, ids[:, at:]], dim=1),
            attention_mask=mask,
            slots=shifted,
        )


def self_debias(lm: ClozeLM, data: BaselineData, _settings: FitSettings) -> SelfDebias:
    """With the paper's prefix of the domain; there is nothing to fit.

    ``notes`` say whether the prefix raises P of attribute words in texts that have
    them. Where it raises none, the method leaves them as they are: a model that has
    never read the prefix's words cannot be told to discriminate.
    """
    edit = SelfDebias(PREFIX.format(data.domain.called))
    raised = raised_by_prefix(lm, edit, data)
    if not len(raised):
        return edit
    notes = {
        "attribute words asked": len(raised),
        "share raised by the prefix": float((raised > 0).mean()),
        "raised by at most": max(float(raised.max()), 0.0),
    }
    return dataclasses.replace(edit, notes=notes)


@torch.no_grad()
def raised_by_prefix(lm: ClozeLM, edit: SelfDebias, data: BaselineData) -> np.ndarray:
    """P(w | prefix, x) − P(w | x) of tokens of attribute words and counterparts.

    A text x each of a seeded draw, balanced over classes, of those that name a class
    after a space (elsewhere a tokenizer may cut the word otherwise).
    """
    asked = [data.words.cloze(text) for text in texts_that_name(data, _ASKED)]
    asked = [cloze for cloze in asked if f" {SLOT}" in cloze[0]]
    if not asked:
        return np.empty(0)
    table = pd.DataFrame(asked, columns=["masked", "factual", "counterfactual"])
    longest = lm.max_length - len(edit.tokens(lm))
    rows = [row for row in lm.encode(lm.readable(table)) if row.length <= longest]
    raised = [np.empty(0)]
    for _, batch in lm.batches(rows, batch_size=_ASKED):
        told = lm.log_probabilities(edit.told(lm, batch)).exp()
        more = told - lm.log_probabilities(batch).exp()
        for side in (batch.factual, batch.counterfactual):
            raised.append(more[side.slot, side.token].double().cpu().numpy())
    return np.concatenate(raised)
