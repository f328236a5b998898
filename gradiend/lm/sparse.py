"""Block-sparse attention, which one short row turns off for all that follow.

Such a model (BigBird) reads rows up to some length with full attention and keeps to it
from then on, so that what it says of a longer row depends on what it read before. Here
a longer row is read as it is by a model that has read nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn
from transformers import PreTrainedModel

_SPARSE = "block_sparse"


def sparse_behind(model: PreTrainedModel) -> int | None:
    """Tokens behind which a model leaves full attention; None of any other model."""
    config = model.config
    switches = hasattr(model.base_model, "set_attention_type")
    if not switches or getattr(config, "attention_type", None) != _SPARSE:
        return None
    return (5 + 2 * config.num_random_blocks) * config.block_size


def keep_sparse(model: PreTrainedModel) -> None:
    """Let a model of block-sparse attention come back to it; leave any other alone."""
    behind, body = sparse_behind(model), model.base_model
    kept = any(isinstance(h, _Again) for h in body._forward_pre_hooks.values())
    if behind is not None and not kept:
        body.register_forward_pre_hook(_Again(behind), with_kwargs=True)


@dataclass(frozen=True)
class _Again:
    """Forward pre-hook: sparse attention for rows longer than ``behind``."""

    behind: int

    def __call__(self, body: nn.Module, args: tuple, kwargs: dict) -> None:
        ids = args[0] if args else kwargs["input_ids"]
        if ids.shape[1] > self.behind:
            body.set_attention_type(_SPARSE)
