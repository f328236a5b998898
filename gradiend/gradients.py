"""Gradients of the cloze losses: ∇⁺W, ∇⁻W and ∇±W = ∇⁺W − ∇⁻W (paper, Sec. 3)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.checkpoint import checkpoint
from transformers.modeling_layers import GradientCheckpointingLayer

from gradiend.cloze import Batch, ClozeLM, row_losses

Source = Literal["factual", "counterfactual", "difference"]
ParameterDict = dict[str, Tensor]  # name of a covered parameter -> its shape


def gradients(
    lm: ClozeLM, batch: Batch, *, sources: tuple[Source, ...]
) -> dict[Source, ParameterDict]:
    """Gradients with respect to the covered parameters, averaged over the batch.

    All sources share one forward pass; each costs one backward pass. The gradient of
    the difference is that of the log-odds of the two targets: the softmax normaliser
    cancels between the two losses.
    """
    with _differentiable(lm):
        logits = lm.logits(
            batch.input_ids,
            batch.attention_mask,
            batch.slots,
            position_ids=batch.position_ids,
        )
        log_probabilities = functional.log_softmax(logits, dim=-1)
        parameters = list(lm.covered.values())
        found: dict[Source, ParameterDict] = {}
        for place, source in enumerate(sources, start=1):
            loss = source_losses(log_probabilities, batch, source).mean()
            grads = torch.autograd.grad(
                loss,
                parameters,
                retain_graph=place < len(sources),
                materialize_grads=True,
            )
            found[source] = dict(zip(lm.covered, grads, strict=True))
    return found


def source_losses(log_probabilities: Tensor, batch: Batch, source: Source) -> Tensor:
    """Loss per row [R] whose gradient is ∇⁺W, ∇⁻W or ∇±W of the row."""
    if source == "difference":
        return source_losses(log_probabilities, batch, "factual") - source_losses(
            log_probabilities, batch, "counterfactual"
        )
    return row_losses(log_probabilities, batch.side(source), batch.rows)


@contextmanager
def _differentiable(lm: ClozeLM) -> Iterator[None]:
    for parameter in lm.covered.values():
        parameter.requires_grad_(True)
    try:
        with _checkpointed(lm) if lm.checkpointing else nullcontext():
            yield
    finally:
        for parameter in lm.covered.values():
            parameter.requires_grad_(False)


@contextmanager
def _checkpointed(lm: ClozeLM) -> Iterator[None]:
    """Keep only the inputs of layers for the backward pass.

    The layers of transformers do so in training mode; the modules in them stay in
    evaluation mode, so nothing is dropped out.
    """
    layers = [
        module
        for module in lm.model.modules()
        if isinstance(module, GradientCheckpointingLayer)
    ]
    for layer in layers:
        layer._gradient_checkpointing_func = partial(checkpoint, use_reentrant=False)
        layer.gradient_checkpointing = layer.training = True
    try:
        yield
    finally:
        for layer in layers:
            layer.gradient_checkpointing = layer.training = False
