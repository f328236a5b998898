"""Of which model, and of which tensors, a file on disk is: exact, on every device."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import torch
from torch import Tensor

from gradiend.files import digest
from gradiend.lm.cloze import ClozeLM


def model_identity(lm: ClozeLM) -> str:
    """Digest of what a model's answers depend on: its weights, and how it is run.

    A model that was trained on, or is run in other numbers, is another one.
    """
    run = lm.name, lm.prefix, str(lm.model.dtype), lm.autocast, lm.says
    return digest(*run, bits_of(dict(lm.model.named_parameters())))


def bits_of(tensors: Mapping[str, Tensor]) -> str:
    """Digest of every bit of some tensors, and of their names, types and shapes.

    It is of bits and not of a sum, which another device adds up in another order.
    """
    found = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        found.update(repr((name, tensor.dtype, tuple(tensor.shape))).encode())
        flat = tensor.detach().cpu().contiguous().view(-1)
        found.update(flat.view(torch.uint8).numpy())
    return found.hexdigest()
