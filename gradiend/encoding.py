"""Encodings h of cloze examples by forward-mode differentiation.

⟨W_e, ∇L(x; W)⟩ is the derivative of the loss of x along W_e, so one forward pass with
dual numbers W + ε·W_e gives the encodings of a whole batch, each example its own, and
no gradient of size n is ever formed. Where that cannot be (:mod:`gradiend.lm.ways`), a
gradient of each example is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

import numpy as np
import pandas as pd
import torch
import torch.autograd.forward_ad as forward_ad
from torch import Tensor
from torch.nn import functional

from gradiend.autoencoder import Gradiend
from gradiend.errors import check_choice
from gradiend.fitting import need_fitting, note_other_base
from gradiend.gradients import differentiable, source_losses
from gradiend.lm.batches import Batch
from gradiend.lm.checks import known_rows
from gradiend.lm.cloze import ClozeLM
from gradiend.lm.tokens import EncodedRow
from gradiend.matching import source_of
from gradiend.settings import Source
from gradiend.vectors import inner


def encode(
    lm: ClozeLM,
    gradiend: Gradiend,
    rows: pd.DataFrame | Sequence[EncodedRow],
    *,
    source: Source | None = None,
    batch_size: int = 64,
) -> np.ndarray:
    """h of each row in (−1, 1), in the order of ``rows``: [R], or [R, k] of k neurons.

    Without ``source`` it is read from the gradient that the feature was trained on
    (:func:`gradiend.matching.source_of`). Each neuron takes a forward pass.

    Raises
    ------
    InputError
        if ``gradiend`` is of another architecture, there is no such source, or the
        tokenizer does not know a word of a class.
    """
    source = source_of(gradiend) if source is None else source
    check_choice(source, get_args(Source), "source")
    need_fitting(lm, gradiend)
    note_other_base(lm, gradiend)
    encoded = known_rows(lm, rows) if isinstance(rows, pd.DataFrame) else rows
    bias, neurons = gradiend.encoder_bias, gradiend.neurons
    values = np.empty((len(encoded), *bias.shape), dtype=np.float64)
    for indices, batch in lm.batches(encoded, batch_size=batch_size):
        slopes = [
            directional_derivatives(lm, neuron.encoder, batch, source=source)
            for neuron in neurons
        ]
        slopes = torch.stack(slopes, dim=-1).view(-1, *bias.shape)
        h = torch.tanh(slopes + bias.to(slopes))
        values[indices] = h.cpu().double().numpy()  # no float64 on MPS
    return values


def directional_derivatives(
    lm: ClozeLM, direction: dict[str, Tensor], batch: Batch, *, source: Source
) -> Tensor:
    """⟨direction, ∇L(x; W)⟩ for every row x of the batch, [R].

    A model whose operations have no forward-mode rules takes a backward pass a row.
    """
    slopes = _forward_mode if lm.ways.forward else _backward_mode
    return slopes(lm, direction, batch, source)


@torch.no_grad()
def _forward_mode(
    lm: ClozeLM, direction: dict[str, Tensor], batch: Batch, source: Source
) -> Tensor:
    with forward_ad.dual_level():
        duals = {
            name: forward_ad.make_dual(parameter, direction[name].to(parameter.dtype))
            for name, parameter in lm.covered.items()
        }
        logits = lm.logits(batch, duals)
        losses = source_losses(functional.log_softmax(logits, dim=-1), batch, source)
        return forward_ad.unpack_dual(losses).tangent


def _backward_mode(
    lm: ClozeLM, direction: dict[str, Tensor], batch: Batch, source: Source
) -> Tensor:
    with differentiable(lm):
        losses = source_losses(lm.log_probabilities(batch), batch, source)
        slopes = []
        for loss in losses:
            grads = torch.autograd.grad(
                loss,
                list(lm.covered.values()),
                retain_graph=True,
                materialize_grads=True,
            )
            slopes.append(inner(direction, dict(zip(lm.covered, grads, strict=True))))
    return torch.stack(slopes).to(losses)
