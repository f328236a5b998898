"""A forward pass of a batch, in the ways that the model allows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from gradiend.lm.batches import Inputs
from gradiend.lm.slots import at_slots

if TYPE_CHECKING:
    from gradiend.lm.cloze import ClozeLM


def slot_logits(
    lm: ClozeLM, inputs: Inputs, parameters: dict[str, Tensor] | None
) -> Tensor:
    """Logits [S, V] at the slots; ``parameters`` as in :meth:`ClozeLM.logits`."""
    packed = inputs.position_ids is not None
    apart = not lm.ways.padded or inputs.input_ids.shape[1] > lm.reach
    if apart and not packed:
        return _line_by_line(lm, inputs, parameters)
    read = {"input_ids": inputs.input_ids, "attention_mask": inputs.attention_mask}
    if packed:
        read["position_ids"] = inputs.position_ids
    return _run(lm, read, inputs.slots, parameters)


def _line_by_line(
    lm: ClozeLM, inputs: Inputs, parameters: dict[str, Tensor] | None
) -> Tensor:
    """Each line in a pass of its own, without padding."""
    lengths = inputs.attention_mask.sum(1).tolist()
    found, owners = [], []
    for line, length in enumerate(lengths):
        own = (inputs.slots[:, 0] == line).nonzero()[:, 0]
        if len(own):
            places = inputs.slots[own] * inputs.slots.new_tensor([0, 1])
            read = {"input_ids": inputs.input_ids[line : line + 1, :length]}
            found.append(_run(lm, read, places, parameters))
            owners.append(own)
    return torch.cat(found)[torch.cat(owners).argsort()]


def _run(
    lm: ClozeLM,
    read: dict[str, Tensor],
    slots: Tensor,
    parameters: dict[str, Tensor] | None,
) -> Tensor:
    # Where layers run again in the backward pass, slots are forgotten by then.
    feed_forward = lm.ways.feed_forward and not lm.checkpointing
    with at_slots(lm.model, slots, head=lm.ways.head, feed_forward=feed_forward):
        if parameters is None:
            logits = lm.model(**read).logits
        else:
            logits = torch.func.functional_call(
                lm.model, parameters, kwargs=read
            ).logits
    if lm.ways.head:
        return logits[0]
    return logits[tuple(slots.to(logits.device).unbind(1))]
