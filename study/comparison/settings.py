"""Sizes of the comparison's fits and fine-tunings; the defaults are the paper's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

# The tokens of a causal sentence that are predicted behind a begin-of-sentence token:
# all of them, as in lm-eval; the first alone, as in bias-bench; or none, so that the
# first is not scored at all.
Begun = Literal["all", "first", "none"]


@dataclass(frozen=True, kw_only=True)
class FitSettings:
    """How large the fits of the other methods are, for a masked BERT.

    ``fit_sentences`` are at most that many a class. INLP trains classifiers until one
    finds nothing, at most ``inlp_classifiers``. A steering vector is sought at
    ``steering_layers`` layers, from the first to the last (0: all). The task vector
    takes the steps of pretraining.
    """

    pretraining_steps: int = 2_000
    pretraining_batch: int = 32
    pretraining_accumulation: int = 16
    pretraining_length: int = 512
    pretraining_rate: float = 5e-5
    inlp_classifiers: int = 80
    fit_sentences: int = 10_000
    rlace_steps: int = 2_000
    steering_layers: int = 0
    dpo_steps: int = 500
    dpo_batch: int = 16
    dpo_rate: float = 1e-4


@dataclass(frozen=True, kw_only=True)
class FineTuning:
    """How a classifier is fine-tuned on a task."""

    epochs: int = 3
    batch_size: int = 32
    max_length: int = 128
    learning_rate: float = 2e-5
