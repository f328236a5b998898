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

import torch
from torch import Tensor

from gradiend.baselines.data import BaselineData, BaselineSettings
from gradiend.cloze import ClozeLM
from gradiend.edits import Edit
from gradiend.errors import InputError

PREFIX = "The following text discriminates against people because of their {}:"
_CALLED = {"gender": "gender", "race": "race/color", "religion": "religion"}


@dataclass(frozen=True)
class SelfDebias(Edit):
    """The edit; ``prefix`` is put before every text."""

    prefix: str
    decay: float = 50.0  # λ
    floor: float = 0.01  # ε

    @contextmanager
    def on(self, lm: ClozeLM) -> Iterator[ClozeLM]:
        """See :class:`~gradiend.edits.Edit`."""
        values = {f.name: getattr(lm, f.name) for f in dataclasses.fields(lm)}
        yield _SelfDebiased(**values, edit=self)


def self_debias(
    _lm: ClozeLM, data: BaselineData, _settings: BaselineSettings
) -> SelfDebias:
    """With the paper's prefix of the domain; there is nothing to fit."""
    return SelfDebias(PREFIX.format(_CALLED.get(data.domain, data.domain)))


@dataclass(frozen=True)
class _SelfDebiased(ClozeLM):
    edit: SelfDebias | None = None

    def logits(
        self,
        input_ids: Tensor,
        attention_mask: Tensor,
        slots: Tensor,
        parameters: dict[str, Tensor] | None = None,
    ) -> Tensor:
        """Log of the unnormalised p(w), [S, V]."""
        plain = super().logits(input_ids, attention_mask, slots, parameters)
        told = super().logits(*self._told(input_ids, attention_mask, slots), parameters)
        plain = plain.log_softmax(-1)
        more = (told.softmax(-1) - plain.exp()).clamp(min=0)
        return plain + (-self.edit.decay * more).exp().clamp(min=self.edit.floor).log()

    def _told(
        self, input_ids: Tensor, attention_mask: Tensor, slots: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The same with the prefix after the sequences' first special token."""
        added = self.tokenizer(self.edit.prefix, add_special_tokens=False)["input_ids"]
        rows, length = input_ids.shape
        if length + len(added) > self.max_length:
            raise InputError(
                f"{length} tokens and {len(added)} of SelfDebias's prefix are more "
                f"than the {self.max_length} that {self.name!r} reads; leave the "
                "text or the method out"
            )
        starts = (self.tokenizer.cls_token_id, self.tokenizer.bos_token_id)
        at = int(int(input_ids[0, 0]) in [s for s in starts if s is not None])
        prefix = torch.tensor(added, device=input_ids.device).expand(rows, -1)
        # Also where a causal LM predicts the first token: after the prefix.
        shifted = slots.clone()
        shifted[:, 1] += len(added)
        return (
            torch.cat([input_ids[:, :at], prefix, input_ids[:, at:]], dim=1),
            torch.cat([torch.ones_like(prefix), attention_mask], dim=1),
            shifted,
        )
