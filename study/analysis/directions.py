"""Decoders beside the trained one, and how alike two of them are."""

from __future__ import annotations

from dataclasses import replace

import torch

from gradiend.autoencoder import Gradiend
from gradiend.gradients import differentiable, gradients
from gradiend.lm.batches import Batch
from gradiend.lm.cloze import ClozeLM
from gradiend.lm.tokens import EncodedRow
from gradiend.vectors import ParameterDict, inner, norm, random_direction


def random_like(gradiend: Gradiend, *, seed: int) -> Gradiend:
    """W_d and b_d of random directions; each tensor as long as the given one's.

    So it differs from the given one in direction alone, and moves every layer as far.
    """
    generator = torch.Generator().manual_seed(seed)  # the same on every device
    return replace(
        gradiend,
        decoder_weight=random_direction(gradiend.decoder_weight, generator),
        decoder_bias=random_direction(gradiend.decoder_bias, generator),
        metadata=gradiend.metadata | {"decoder": "random"},
    )


def weight_alone(gradiend: Gradiend) -> Gradiend:
    """Without b_d. Of the closed form this is the class-signed mean of ∇±W.

    What follow-up work calls contrastive gradient averages: one direction, so that h
    and α are one number.
    """
    bias = {name: torch.zeros_like(t) for name, t in gradiend.decoder_bias.items()}
    return replace(gradiend, decoder_bias=bias)


def replaced_as_much(before: Gradiend, after: Gradiend, *, seed: int) -> Gradiend:
    """``before`` with as large a change as ``after`` is, but in a random direction."""
    generator = torch.Generator().manual_seed(seed)
    parts = {}
    for part in ("decoder_weight", "decoder_bias"):
        old, new = getattr(before, part), getattr(after, part)
        change = {name: new[name] - tensor for name, tensor in old.items()}
        noise = random_direction(change, generator)
        parts[part] = {name: tensor + noise[name] for name, tensor in old.items()}
    return replace(before, **parts)


def signs_of(gradiend: Gradiend) -> Gradiend:
    """+1, 0 or −1 for each number of W_d and of b_d: every weight moves as far.

    What is left of a gradient where the optimiser divides each weight's step by the
    size of its gradient, as Adam does.
    """
    parts = {
        part: {name: t.sign() for name, t in getattr(gradiend, part).items()}
        for part in ("decoder_weight", "decoder_bias")
    }
    return replace(gradiend, **parts)


def explained(
    lm: ClozeLM,
    gradiend: Gradiend,
    rows: dict[int, list[EncodedRow]],
    *,
    batch_size: int,
) -> float:
    """Share of Σ‖∇±W‖² that c·dec(±1) explains, of batches of one class each.

    1 − Σ‖c·dec(±1) − ∇±W‖² / Σ‖∇±W‖² with the c that makes it largest: the loss of the
    decoder, but for its scale, which α sets anyway.
    """
    of_decoder = {label: gradiend.decode(label) for label in rows}
    along = size = length = 0.0
    for label, own in rows.items():
        for _, batch in lm.batches(own, batch_size=batch_size):
            found = gradients(lm, batch, sources=("difference",))["difference"]
            along += float(inner(of_decoder[label], found))
            size += float(inner(found, found))
            length += norm(of_decoder[label]) ** 2
    return along**2 / (length * size) if length else 0.0


def logit_difference_gradient(lm: ClozeLM, batch: Batch) -> ParameterDict:
    """∇W of the mean of logit(counterfactual) − logit(factual): no softmax at all."""
    with differentiable(lm):
        logits = lm.logits(batch)
        sides = [
            (logits[side.slot, side.token] / side.count).sum() / batch.rows
            for side in (batch.counterfactual, batch.factual)
        ]
        found = torch.autograd.grad(
            sides[0] - sides[1], list(lm.covered.values()), materialize_grads=True
        )
    return dict(zip(lm.covered, found, strict=True))
