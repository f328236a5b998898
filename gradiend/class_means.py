"""The decoder without training.

If the encoder says h = +1 and h = −1 for the two classes, the decoder that minimises
the mean squared error is the least-squares solution

    W_d = (E[∇±|+] − E[∇±|−]) / 2        b_d = (E[∇±|+] + E[∇±|−]) / 2,

two class means, found in one pass over the training rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count

import torch

from gradiend.autoencoder import Gradiend
from gradiend.errors import InputError
from gradiend.gradients import gradients
from gradiend.lm.batches import Batch
from gradiend.lm.checks import check_known
from gradiend.lm.cloze import ClozeLM
from gradiend.lm.tokens import EncodedRow
from gradiend.progress import Progress
from gradiend.vectors import ParameterDict, inner


def closed_form(
    lm: ClozeLM,
    rows: dict[int, list[EncodedRow]],
    *,
    batch_size: int = 32,
    progress: Progress = iter,
) -> Gradiend:
    """Closed-form GRADIEND from encoded rows of class +1 and −1.

    The encoder is the matching linear one for ∇±W: W_e = W_d·s, b_e = −s·⟨W_d, b_d⟩,
    with s chosen such that the class means are encoded as ±tanh(2). Besides the model
    it takes 3n numbers: two means and a batch's gradient, then W_e, W_d and b_d; of a
    model in two bytes a number a third more, as long as a mean is summed in four.

    Raises
    ------
    InputError
        if a class has no rows, the tokenizer does not know a word, or both classes'
        gradients have the same mean.
    """
    for label in (1, -1):
        if not isinstance(rows, Mapping) or not rows.get(label):
            raise InputError(
                f"no rows of class {label:+d}; give encoded rows of both classes, "
                "{1: lm.encode(…), -1: lm.encode(…)}"
            )
    for label, own in rows.items():
        names = (f"row {number} of class {label:+d}" for number in count(1))
        check_known(lm, zip(own, names, strict=False))
    options = {"batch_size": batch_size, "progress": progress}
    positive = mean_difference(lm, rows[1], **options)
    negative = mean_difference(lm, rows[-1], **options)
    weight, bias = {}, {}
    for name in list(positive):  # each mean is let go of when it has been used
        plus, minus = positive.pop(name), negative.pop(name)
        weight[name], bias[name] = (plus - minus) / 2, (plus + minus) / 2
    length = inner(weight, weight)
    if not length:
        raise InputError(
            "the gradients of both classes have the same mean, so there is nothing to "
            "tell them apart by; give each class rows of its own"
        )
    encoder = {name: _scaled(tensor, 2 / length) for name, tensor in weight.items()}
    metadata = {"base_model": lm.name, "decoder": "closed form"}
    return Gradiend(encoder, -inner(encoder, bias), weight, bias, metadata)


def _scaled(tensor: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
    """In float32 at least: 2 / ‖W_d‖² may be more than float16 can say."""
    wide = tensor.to(torch.promote_types(tensor.dtype, torch.float32))
    return (wide * scale.to(wide)).to(tensor.dtype)


def mean_difference(
    lm: ClozeLM,
    rows: list[EncodedRow],
    *,
    batch_size: int = 32,
    progress: Progress = iter,
) -> ParameterDict:
    """E[∇±W] over ``rows``, in one streaming pass.

    It is summed in float32 at least: many small parts of a narrow sum would be lost.
    """
    total = {
        name: torch.zeros_like(p, dtype=torch.promote_types(p.dtype, torch.float32))
        for name, p in lm.covered.items()
    }
    steps = iter(progress(range(-(-len(rows) // batch_size))))
    for indices, batch in lm.batches(rows, batch_size=batch_size):
        next(steps, None)
        # A batch's gradient is let go of before the next one's is computed.
        _add(total, _difference(lm, batch), len(indices) / len(rows))
    for name, parameter in lm.covered.items():  # one after another: no second copy
        total[name] = total[name].to(parameter.dtype)
    return total


def _difference(lm: ClozeLM, batch: Batch) -> ParameterDict:
    return gradients(lm, batch, sources=("difference",))["difference"]


def _add(total: ParameterDict, part: ParameterDict, share: float) -> None:
    for name, tensor in part.items():
        total[name].add_(tensor, alpha=share)
