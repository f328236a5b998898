"""Examples that a model cannot read whole: left out, and counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import compress

import numpy as np

from gradiend.lm.cloze import ClozeLM
from study.comparison.benchmarks.crows import SENTENCES
from study.comparison.benchmarks.stereoset import LABELS
from study.comparison.benchmarks.suite import Suite


def readable(lm: ClozeLM, suite: Suite) -> Suite:
    """The suite without sentences longer than the model reads; SEAT's are short."""
    stereoset = _fits(lm, [suite.stereoset[label].tolist() for label in LABELS])
    crows = _fits(lm, [suite.crows[column].tolist() for column in SENTENCES])
    texts = _fits(lm, [list(suite.texts)])
    too_long = {
        "stereoset": suite.stereoset.loc[~stereoset, "context"].tolist(),
        "crows": suite.crows.loc[~crows, SENTENCES[0]].tolist(),
        "texts": list(compress(suite.texts, ~texts)),
    }
    reasons = {
        name: [
            *suite.left_out.get(name, ()),
            *(f"longer than {lm.max_length} tokens: {text[:80]!r}…" for text in found),
        ]
        for name, found in too_long.items()
    }
    return replace(
        suite,
        stereoset=suite.stereoset[stereoset].reset_index(drop=True),
        crows=suite.crows[crows].reset_index(drop=True),
        texts=list(compress(suite.texts, texts)),
        left_out={name: lines for name, lines in reasons.items() if lines},
    )


def _fits(lm: ClozeLM, columns: Sequence[Sequence[str]]) -> np.ndarray:
    """Whether all sentences of a row, one a column, can be read, [rows]."""
    # A causal sentence is read behind a token for its beginning. Where it is not, the
    # same sentences are asked, so that the ways of scoring them compare.
    extra = int(lm.causal)
    fits = []
    for column in columns:
        encoded = lm.tokenizer(
            list(column), add_special_tokens=not lm.causal, verbose=False
        )["input_ids"]
        fits.append([len(ids) + extra <= lm.max_length for ids in encoded])
    return np.array(fits).all(axis=0)
