"""Gradients of the cloze losses: ∇⁺W, ∇⁻W and ∇±W = ∇⁺W − ∇⁻W (paper, Sec. 3)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import get_args

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint
from transformers.modeling_layers import GradientCheckpointingLayer

from gradiend.errors import check_choice
from gradiend.lm.batches import Batch, row_losses
from gradiend.lm.cloze import ClozeLM
from gradiend.settings import Source
from gradiend.vectors import ParameterDict


def gradients(
    lm: ClozeLM, batch: Batch, *, sources: tuple[Source, ...]
) -> dict[Source, ParameterDict]:
    """Gradients with respect to the covered parameters, averaged over the batch.

    All sources share one forward pass; each costs one backward pass. The gradient of
    the difference is that of the log-odds of the two targets: the softmax normaliser
    cancels between the two losses.
    """
    with differentiable(lm), _embedding_rows(lm) as read:
        log_probabilities = lm.log_probabilities(batch)
        parameters = list(lm.covered.values())
        found: dict[Source, ParameterDict] = {}
        for place, source in enumerate(sources, start=1):
            loss = source_losses(log_probabilities, batch, source).mean()
            grads = torch.autograd.grad(
                loss,
                [*parameters, *read.rows],
                retain_graph=place < len(sources),
                materialize_grads=True,
            )
            found[source] = dict(zip(lm.covered, grads, strict=False))
            for ids, rows in zip(read.ids, grads[len(parameters) :], strict=True):
                found[source][read.name].index_add_(0, ids, rows)
    return found


def source_losses(log_probabilities: Tensor, batch: Batch, source: Source) -> Tensor:
    """Loss per row [R] whose gradient is ∇⁺W, ∇⁻W or ∇±W of the row.

    Raises
    ------
    InputError
        if there is no such source.
    """
    check_choice(source, get_args(Source), "source")
    if source == "difference":
        return source_losses(log_probabilities, batch, "factual") - source_losses(
            log_probabilities, batch, "counterfactual"
        )
    return row_losses(log_probabilities, batch.side(source), batch.rows)


class _EmbeddingRows:
    """Forward hook of the input embeddings: the rows a forward pass reads are a leaf.

    A backward pass through the whole table makes a gradient of its size, zero but for
    these rows, and another one to add the head's: memory and time that grow with the
    vocabulary. What a model says may take several forward passes.
    """

    def __init__(self, name: str, table: Tensor) -> None:
        self.ids: list[Tensor] = []  # tokens of each pass [U], each once
        self.rows: list[Tensor] = []  # their embeddings [U, H]
        self.name, self.table = name, table

    def __call__(self, _module: nn.Module, args: tuple[Tensor], _output: Tensor):
        ids, place = args[0].unique(return_inverse=True)
        rows = self.table[ids].detach().requires_grad_()
        self.ids.append(ids)
        self.rows.append(rows)
        return functional.embedding(place, rows)


@contextmanager
def _embedding_rows(lm: ClozeLM) -> Iterator[_EmbeddingRows]:
    """The hook while it is on; embeddings that do more than look up go without."""
    module = lm.model.get_input_embeddings()
    names = [n for n, p in lm.covered.items() if p is module.weight]
    read = _EmbeddingRows("".join(names[:1]), module.weight)
    on = lm.ways.embedding and names and type(module) is nn.Embedding
    with module.register_forward_hook(read) if on else nullcontext():
        yield read


@contextmanager
def differentiable(lm: ClozeLM) -> Iterator[None]:
    """Let the covered parameters, and no others, take gradients.

    The embedding of padding, too: a text may have that token, as a chat's end.
    """
    read = lm.model.get_input_embeddings()
    padding = getattr(read, "padding_idx", None)
    for parameter in lm.covered.values():
        parameter.requires_grad_(True)
    try:
        if padding is not None:
            read.padding_idx = None  # whose gradient torch would leave at 0
        with _checkpointed(lm) if lm.checkpointing else nullcontext():
            yield
    finally:
        if padding is not None:
            read.padding_idx = padding
        for parameter in lm.covered.values():
            parameter.requires_grad_(False)


@contextmanager
def _checkpointed(lm: ClozeLM) -> Iterator[None]:
    """Keep only the inputs of layers for the backward pass.

    The layers of transformers do so in training mode, in which some of them drop out
    by themselves: what they compute, they compute in evaluation mode.
    """
    layers = [
        module
        for module in lm.model.modules()
        if isinstance(module, GradientCheckpointingLayer)
    ]
    for layer in layers:
        layer._gradient_checkpointing_func = partial(_keep_inputs, layer)
        layer.gradient_checkpointing = layer.training = True
    try:
        yield
    finally:
        for layer in layers:
            layer.gradient_checkpointing = layer.training = False


def _keep_inputs(layer: nn.Module, forward: Callable, *inputs: object) -> object:
    """What ``forward`` of a layer gives, of which the inputs alone are kept."""

    def evaluated(*inputs: object) -> object:
        before, layer.training = layer.training, False
        try:
            return forward(*inputs)
        finally:
            layer.training = before

    return checkpoint(evaluated, *inputs, use_reentrant=False)
