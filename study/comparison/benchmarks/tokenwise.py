"""Log-probabilities of given tokens at given places, in batches."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

import numpy as np
import torch

from gradiend.errors import InputError
from gradiend.lm.cloze import ClozeLM
from gradiend.lm.trees import Ids, questions
from study.comparison.settings import Begun

_REMEDY = "leave the example out"


@dataclass(frozen=True)
class Query:
    """A token sequence and the tokens asked for at some of its positions.

    ``positions`` are where the model predicts: the masked token's own place (masked
    LM) or the one before it (causal LM).
    """

    ids: Ids
    positions: tuple[int, ...]
    tokens: tuple[int, ...]


def log_probabilities(
    lm: ClozeLM, queries: Sequence[Query], *, batch_size: int = 64
) -> list[np.ndarray]:
    """Natural log-probabilities of each query's tokens, in the order of ``queries``.

    Queries with the same ids share one sequence, sequences of a causal model what they
    begin with alike (:mod:`gradiend.lm.trees`), lines of like length a batch, and the
    head runs at the positions asked for alone; so what a query gets does not depend on
    its neighbours. ``batch_size`` counts distinct sequences.
    """
    found: list[np.ndarray] = [np.empty(0)] * len(queries)
    asked = [(query.ids, query.positions) for query in queries]
    for batch in questions(lm, asked, batch_size=batch_size):
        with torch.no_grad():
            logits = lm.logits(batch.inputs(lm))
        slots = [slot for own in batch.asked.values() for slot in own]
        tokens = [token for index in batch.asked for token in queries[index].tokens]
        slot, token = torch.tensor([slots, tokens], device=logits.device)
        picked = (logits[slot, token] - logits.logsumexp(-1)[slot]).double().cpu()
        ends = np.cumsum([len(own) for own in batch.asked.values()])
        for index, part in zip(
            batch.asked, np.split(picked.numpy(), ends[:-1]), strict=True
        ):
            found[index] = part
    return found


def sentence_queries(
    lm: ClozeLM, sentences: Sequence[str], *, begun: Begun = "all"
) -> list[list[Query]]:
    """What asks for the tokens of each sentence given the ones before (causal LM).

    ``begun`` says which of them follow a begin-of-sentence token; where only the first
    does, or none, the others are predicted from the sentence's own tokens alone.
    """
    encoded = lm.tokenizer(list(sentences), add_special_tokens=False)["input_ids"]
    start = [] if begun == "none" else [_begin(lm)]
    found = []
    for ids, sentence in zip(encoded, sentences, strict=True):
        lm.check_length(len(ids) + 1, f"{sentence[:80]!r}…", _REMEDY)
        parts = [(start, ids)]
        if begun != "all":
            parts = [(start, ids[:1]), (ids[:1], ids[1:])]
        found.append(
            [_continued(given, asked) for given, asked in parts if given and asked]
        )
    return found


def _continued(given: Sequence[int], tokens: Sequence[int]) -> Query:
    """Each of ``tokens``, predicted from ``given`` and the ones before it."""
    first = len(given) - 1
    positions = tuple(range(first, first + len(tokens)))
    return Query((*given, *tokens), positions, tuple(tokens))


def _begin(lm: ClozeLM) -> int:
    """The token before a sentence: the end-of-text token, if none is meant for it."""
    if lm.tokenizer.bos_token_id is not None:
        return lm.tokenizer.bos_token_id
    if lm.tokenizer.eos_token_id is None:
        raise InputError(
            f"the tokenizer of {lm.name!r} has no begin-of-sentence and no end-of-text "
            "token to predict a first token from; say "
            "benchmarks: {begin_of_sentence: none}"
        )
    warnings.warn(
        f"the tokenizer of {lm.name!r} has no begin-of-sentence token; sentences are "
        f"scored behind its end-of-text token {lm.tokenizer.eos_token!r}",
        stacklevel=2,
    )
    return lm.tokenizer.eos_token_id


def sentence_log_probabilities(
    lm: ClozeLM, sentences: Sequence[str], *, begun: Begun = "all"
) -> list[np.ndarray]:
    """Natural log-probability of each token of each sentence (causal LM).

    ``begun``: see :func:`sentence_queries`; with "none" the first token has none.
    """
    queries = sentence_queries(lm, sentences, begun=begun)
    found = iter(log_probabilities(lm, [part for parts in queries for part in parts]))
    return [
        np.concatenate([np.empty(0), *islice(found, len(parts))]) for parts in queries
    ]


def mean_log_probabilities(
    lm: ClozeLM, sentences: Sequence[str], *, begun: Begun = "all"
) -> np.ndarray:
    """Mean log-probability of each sentence's scored tokens (causal LM), [sentences].

    Raises
    ------
    InputError
        for a sentence of which no token is scored.
    """
    found = sentence_log_probabilities(lm, sentences, begun=begun)
    for values, sentence in zip(found, sentences, strict=True):
        if not len(values):
            raise InputError(
                f"no token of {sentence!r} is scored by {lm.name!r}; {_REMEDY}"
            )
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


class Read(NamedTuple):
    """A sentence as a model reads it, special tokens included."""

    ids: list[int]
    own: list[int]
    """Places of the sentence's own tokens; an unknown word's is one of them."""


def as_read(lm: ClozeLM, sentences: Sequence[str]) -> list[Read]:
    """Tokens of each sentence; one that is too long for the model is refused."""
    encoded = lm.tokenizer(list(sentences), return_special_tokens_mask=True)
    found = []
    for ids, added, sentence in zip(
        encoded["input_ids"], encoded["special_tokens_mask"], sentences, strict=True
    ):
        lm.check_length(len(ids), f"{sentence[:80]!r}…", _REMEDY)
        found.append(Read(ids, [place for place, mark in enumerate(added) if not mark]))
    return found
