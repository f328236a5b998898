"""The decoder without training.

If the encoder says h = +1 and h = −1 for the two classes, the decoder that minimises
the mean squared error is the least-squares solution

    W_d = (E[∇±|+] − E[∇±|−]) / 2        b_d = (E[∇±|+] + E[∇±|−]) / 2,

two class means, found in one pass over the training rows.
"""

from __future__ import annotations

import torch

from gradiend.autoencoder import Gradiend, inner
from gradiend.gradients import ParameterDict, gradients
from gradiend.lm.cloze import ClozeLM
from gradiend.lm.tokens import EncodedRow


def closed_form(
    lm: ClozeLM,
    rows: dict[int, list[EncodedRow]],
    *,
    batch_size: int = 32,
) -> Gradiend:
    """Closed-form GRADIEND from encoded rows of class +1 and −1.

    The encoder is the matching linear one for ∇±W: W_e = W_d·s, b_e = −s·⟨W_d, b_d⟩,
    with s chosen such that the class means are encoded as ±tanh(2).
    """
    positive = mean_difference(lm, rows[1], batch_size=batch_size)
    negative = mean_difference(lm, rows[-1], batch_size=batch_size)
    weight = {name: (positive[name] - negative[name]) / 2 for name in positive}
    bias = {name: (positive[name] + negative[name]) / 2 for name in positive}
    scale = 2 / inner(weight, weight)
    encoder = {name: tensor * scale.to(tensor) for name, tensor in weight.items()}
    metadata = {"base_model": lm.name, "decoder": "closed form"}
    return Gradiend(encoder, -inner(encoder, bias), weight, bias, metadata)


def mean_difference(
    lm: ClozeLM, rows: list[EncodedRow], *, batch_size: int = 32
) -> ParameterDict:
    """E[∇±W] over ``rows``, in one streaming pass."""
    total = {name: torch.zeros_like(p) for name, p in lm.covered.items()}
    for indices, batch in lm.batches(rows, batch_size=batch_size):
        found = gradients(lm, batch, sources=("difference",))["difference"]
        for name, tensor in found.items():
            total[name].add_(tensor, alpha=len(indices) / len(rows))
    return total
