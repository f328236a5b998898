"""Losses and gradients of one row by the model's own full forward pass."""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch
from torch.nn import functional

from gradiend.lm.cloze import ClozeLM


def tolerance(lm: ClozeLM) -> dict[str, float]:
    """float64's, but for Llama, whose norms and softmax compute in float32."""
    if "llama" in lm.name:
        return {"rtol": 2e-4, "atol": 1e-6}
    return {"rtol": 1e-9, "atol": 1e-12}


def plain_losses(lm: ClozeLM, row) -> dict[str, torch.Tensor]:
    """Both losses of one encoded row, by the model's own full forward pass."""
    losses = {}
    for side in ("factual", "counterfactual"):
        target = getattr(row, side)
        ids = torch.tensor([row.sequences[target.sequence]])
        logits = lm.model(input_ids=ids).logits[0, list(target.positions)]
        losses[side] = functional.cross_entropy(logits, torch.tensor(target.tokens))
    return losses


def plain_gradient(lm: ClozeLM, row, side: str) -> dict[str, torch.Tensor]:
    for parameter in lm.covered.values():
        parameter.requires_grad_(True)
    loss = plain_losses(lm, row)[side]
    grads = torch.autograd.grad(loss, list(lm.covered.values()), materialize_grads=True)
    for parameter in lm.covered.values():
        parameter.requires_grad_(False)
    return dict(zip(lm.covered, grads, strict=True))


def of_varied_length(table: pd.DataFrame) -> pd.DataFrame:
    """Every other row behind a sentence more."""
    longer = "The river runs behind the old mill. " + table["masked"]
    odd = np.arange(len(table)) % 2 == 1
    return table.assign(masked=table["masked"].where(odd, longer))


def snapshot(lm: ClozeLM) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in lm.model.state_dict().items()}


def same(left: dict[str, torch.Tensor], right: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(tensor, right[name]) for name, tensor in left.items())
