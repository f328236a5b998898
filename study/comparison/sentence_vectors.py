"""Vectors of whole sentences, and of the places that cloze rows are answered at."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from gradiend.lm.batches import Inputs, by_length
from gradiend.lm.cloze import ClozeLM
from study.comparison.benchmarks.tokenwise import as_read


@torch.no_grad()
def sentence_means(
    lm: ClozeLM, sentences: Sequence[str], *, batch_size: int = 64
) -> np.ndarray:
    """Mean of the last hidden state over each sentence's tokens, [sentences, H]."""
    encoded = [sentence.ids for sentence in as_read(lm, sentences)]
    found = np.empty((len(encoded), lm.model.config.hidden_size))
    if not lm.ways.padded:  # what stands behind a sentence would count
        batch_size = 1
    for indices in by_length([len(ids) for ids in encoded], batch_size):
        read = lm.inputs([encoded[index] for index in indices])
        hidden = _last_hidden(lm, read)
        weight = read.attention_mask.to(hidden.device, hidden.dtype)[..., None]
        mean = (hidden * weight).sum(1) / weight.sum(1)
        found[indices] = mean.double().cpu().numpy()
    return found


@torch.no_grad()
def slot_states(lm: ClozeLM, rows: pd.DataFrame, *, batch_size: int = 64) -> np.ndarray:
    """The last hidden state that each row's first factual token is read from, [N, H].

    ``rows`` is a cloze table; that token itself is not in sight.
    """
    encoded = lm.encode(rows)
    found = np.empty((len(encoded), lm.model.config.hidden_size))
    if not lm.ways.padded:
        batch_size = 1
    for indices, batch in lm.batches(encoded, batch_size=batch_size):
        hidden = _last_hidden(lm, batch)
        of, first = batch.factual.row, batch.factual.slot
        first = first[torch.cat([of.new_ones(1), of.diff()]).bool()]  # of each row
        line, position = batch.slots[first].to(hidden.device).unbind(1)
        found[indices] = hidden[line, position].double().cpu().numpy()
    return found


def _last_hidden(lm: ClozeLM, read: Inputs) -> Tensor:
    """What the body makes of padded sequences, [sequences, tokens, H]."""
    found = lm.model.base_model(
        input_ids=read.input_ids, attention_mask=read.attention_mask
    )
    return found.last_hidden_state
