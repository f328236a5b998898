"""SteeringVector: contrastive activation addition (Rimsky et al. 2024), with a library.

v is the mean difference of a layer's activations between two versions of a text that
differ in the answer alone, *she* or *he*, read at the answer; c·v is added to what the
layer gives on at every token. Layer and c are chosen on validation.

To first order c·v moves the log-odds of *she* and *he* by much the same everywhere: the
mean of the share moves, its spread over contexts hardly does.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from itertools import product

import numpy as np
import pandas as pd
from torch import Tensor

from gradiend.data import SLOT
from gradiend.lm.cloze import ClozeLM
from gradiend.sampling import balanced_sample
from study.comparison.baselines.data import BaselineData
from study.comparison.edits import Steering
from study.comparison.hf_trainer import with_padding
from study.comparison.settings import FitSettings

# c: of a model whose vectors are long for its activations 1/20 is enough, and ½ makes
# it say one class everywhere.
STRENGTHS = tuple(sign * 2.0**power for sign in (-1, 1) for power in range(-5, 4))
_FINER = (2**0.5, 2**0.25)  # between the best c and its neighbours, at its layer
_BATCH = 32


def steering_vector(lm: ClozeLM, data: BaselineData, settings: FitSettings) -> Steering:
    """Towards class +1 or, where that is better, away from it.

    ``notes`` say which layer and strength validation has chosen; strength 0 is the base
    model.
    """
    rows, validation = data.contrasts()
    rows = balanced_sample(rows, settings.fit_sentences, by="label", seed=data.seed)
    vectors = class_vectors(lm, rows, _asked(lm, settings.steering_layers))

    def steered(candidate: tuple[int, float]) -> Steering:
        layer, strength = candidate
        return Steering(strength * vectors[layer], layer)

    choice = validation.choice(lm, steered)
    choice.ask(product(vectors, STRENGTHS))
    for factor in _FINER if choice.chosen else ():
        layer, strength = choice.chosen
        choice.ask([(layer, strength * factor), (layer, strength / factor)])
    layer, strength = choice.chosen or (next(iter(vectors)), 0.0)
    notes = choice.notes() | {"layer": layer, "strength": strength}
    return Steering(strength * vectors[layer], layer, notes=notes)


def class_vectors(
    lm: ClozeLM, rows: pd.DataFrame, layers: Sequence[int]
) -> dict[int, Tensor]:
    """Mean activation at a word of class +1 less that at its counterpart, [H] a layer.

    ``rows`` are cloze rows of two classes; all their slots are filled, and the first is
    read.
    """
    # Here: it loads scikit-learn.
    from steering_vectors import SteeringVectorTrainingSample, train_steering_vector

    first = rows["factual"].where(rows["label"] > 0, rows["counterfactual"])
    second = rows["counterfactual"].where(rows["label"] > 0, rows["factual"])
    read = [_answered(lm, rows["masked"], words) for words in (first, second)]
    samples = [
        SteeringVectorTrainingSample(positive, negative, at, there)
        for (positive, at), (negative, there) in zip(*read, strict=True)
    ]
    tokenizer = with_padding(copy.deepcopy(lm.tokenizer))
    tokenizer.model_input_names = ["input_ids", "attention_mask"]
    found = train_steering_vector(
        lm.model, tokenizer, samples, layers=list(layers), batch_size=_BATCH
    )
    return {n: v.detach().float().cpu() for n, v in found.layer_activations.items()}


def _answered(
    lm: ClozeLM, masked: pd.Series, words: pd.Series
) -> list[tuple[str, int]]:
    """Each text with its word, as far as the model reads it there, and its token."""
    found = []
    for text, word in zip(masked, words, strict=True):
        end = text.index(SLOT) + len(word)
        filled = text.replace(SLOT, word)
        read = filled[:end] if lm.causal else filled
        found.append((read, lm.tokenizer(read).char_to_token(end - 1)))
    return found


def _asked(lm: ClozeLM, count: int) -> list[int]:
    """So many layers from the first to the last (0: all), evenly apart."""
    layers = lm.model.config.num_hidden_layers
    if not 0 < count < layers:
        return list(range(layers))
    return sorted({round(n) for n in np.linspace(0, layers - 1, count)})
