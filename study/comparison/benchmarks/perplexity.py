"""Perplexity (causal LM) and pseudo-perplexity (masked LM; Salazar et al. 2020)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from gradiend.lm.cloze import ClozeLM
from study.comparison.benchmarks.tokenwise import (
    as_read,
    log_probabilities,
    masked_queries,
    sentence_log_probabilities,
)
from study.comparison.settings import Begun


def text_likelihoods(
    lm: ClozeLM, texts: Sequence[str], *, begun: Begun = "all"
) -> pd.DataFrame:
    """Per text: nll (summed over its tokens, in nats) and tokens.

    Masked LM: every token masked in turn, special tokens left out. Causal LM: those
    that ``begun`` says follow a begin-of-sentence token; with "none" the first token
    of a text is not among them.
    """
    if lm.causal:
        found = sentence_log_probabilities(lm, texts, begun=begun)
        rows = [(-values.sum(), len(values)) for values in found]
        return pd.DataFrame(rows, columns=["nll", "tokens"])
    queries, owner = [], []
    for index, text in enumerate(as_read(lm, texts)):
        queries.extend(masked_queries(lm, text.ids, text.own))
        owner.extend([index] * len(text.own))
    values = np.concatenate(log_probabilities(lm, queries))
    return pd.DataFrame(
        {
            "nll": -np.bincount(owner, weights=values, minlength=len(texts)),
            "tokens": np.bincount(owner, minlength=len(texts)),
        }
    )


def perplexity(
    likelihoods: pd.DataFrame, weights: np.ndarray | None = None
) -> dict[str, np.ndarray]:
    """exp(mean nll per token), [R] for ``weights`` [R, texts] (all once: None)."""
    if weights is None:
        weights = np.ones((1, len(likelihoods)))
    nll, tokens = (likelihoods[c].to_numpy(dtype=float) for c in ("nll", "tokens"))
    return {"PPL": np.exp((weights @ nll) / (weights @ tokens))}
