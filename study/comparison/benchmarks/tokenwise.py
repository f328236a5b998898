"""Log-probabilities of given tokens at given places, in batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from gradiend.errors import InputError
from gradiend.lm.batches import by_length
from gradiend.lm.cloze import ClozeLM

_REMEDY = "leave the example out"


@dataclass(frozen=True)
class Query:
    """A token sequence and the tokens asked for at some of its positions.

    ``positions`` are where the model predicts: the masked token's own place (masked
    LM) or the one before it (causal LM).
    """

    ids: tuple[int, ...]
    positions: tuple[int, ...]
    tokens: tuple[int, ...]


def log_probabilities(
    lm: ClozeLM, queries: Sequence[Query], *, batch_size: int = 64
) -> list[np.ndarray]:
    """Natural log-probabilities of each query's tokens, in the order of ``queries``.

    Queries with the same ids share one sequence, sequences of like length share a
    batch and the head runs at the positions asked for alone, so what a query gets does
    not depend on its neighbours. ``batch_size`` counts distinct sequences.
    """
    askers: dict[tuple[int, ...], list[int]] = {}
    for index, query in enumerate(queries):
        askers.setdefault(query.ids, []).append(index)
    sequences = list(askers)
    found: list[np.ndarray] = [np.empty(0)] * len(queries)
    for chosen in by_length(list(map(len, sequences)), batch_size):
        batch = [sequences[i] for i in chosen]
        indices = [index for ids in batch for index in askers[ids]]
        values = _batch(lm, batch, [queries[i] for i in indices])
        for index, part in zip(indices, values, strict=True):
            found[index] = part
    return found


@torch.no_grad()
def _batch(
    lm: ClozeLM, sequences: Sequence[tuple[int, ...]], queries: Sequence[Query]
) -> list[np.ndarray]:
    """What ``queries``, all about ``sequences``, get."""
    rows = {ids: row for row, ids in enumerate(sequences)}
    slots: dict[tuple[int, int], int] = {}  # each place once, whoever asks
    places = [
        slots.setdefault((rows[query.ids], position), len(slots))
        for query in queries
        for position in query.positions
    ]
    tokens = [token for query in queries for token in query.tokens]
    logits = lm.logits(lm.inputs(sequences, list(slots)))
    place, token = torch.tensor([places, tokens], device=logits.device)
    picked = logits[place, token] - logits.logsumexp(-1)[place]
    ends = np.cumsum([len(query.tokens) for query in queries])
    return np.split(picked.double().cpu().numpy(), ends[:-1])


def sentence_queries(lm: ClozeLM, sentences: Sequence[str]) -> list[Query]:
    """Every token of each sentence given the ones before it (causal LM).

    The first token is predicted from the begin-of-sentence token.
    """
    start = lm.tokenizer.bos_token_id
    if start is None:
        raise InputError(
            f"the tokenizer of {lm.name!r} has no begin-of-sentence token to predict "
            "a first token from"
        )
    encoded = lm.tokenizer(list(sentences), add_special_tokens=False)["input_ids"]
    queries = []
    for ids, sentence in zip(encoded, sentences, strict=True):
        lm.check_length(len(ids) + 1, f"{sentence[:80]!r}…", _REMEDY)
        positions = tuple(range(len(ids)))
        queries.append(Query((start, *ids), positions, tuple(ids)))
    return queries


def mean_log_probabilities(lm: ClozeLM, sentences: Sequence[str]) -> np.ndarray:
    """Mean log-probability of each sentence's tokens (causal LM), [sentences]."""
    found = log_probabilities(lm, sentence_queries(lm, sentences))
    return np.array([values.mean() for values in found])


def masked_queries(
    lm: ClozeLM, ids: Sequence[int], places: Sequence[int]
) -> list[Query]:
    """One query a place, that place masked (masked LM)."""
    mask = lm.tokenizer.mask_token_id
    return [
        Query((*ids[:place], mask, *ids[place + 1 :]), (place,), (ids[place],))
        for place in places
    ]


def with_special_tokens(lm: ClozeLM, sentences: Sequence[str]) -> list[list[int]]:
    """Token ids of each sentence as the model reads them."""
    encoded = lm.tokenizer(list(sentences))["input_ids"]
    for ids, sentence in zip(encoded, sentences, strict=True):
        lm.check_length(len(ids), f"{sentence[:80]!r}…", _REMEDY)
    return encoded
