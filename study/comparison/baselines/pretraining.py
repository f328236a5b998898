"""Continued pre-training: CDA (Zmigrod et al. 2019) and Dropout (Webster et al. 2020).

Both train the model on with its own objective. CDA does so on texts and their versions
with attribute words swapped, Dropout on the texts as they are, with more dropout.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from torch import nn
from transformers import DataCollatorForLanguageModeling

from gradiend.errors import InputError
from gradiend.lm.cloze import ClozeLM
from study.comparison.baselines.data import BaselineData, matching_texts
from study.comparison.edits import Weights, assign
from study.comparison.hf_trainer import rows_of, train_with_trainer, with_padding
from study.comparison.settings import FitSettings

_MASKED_SHARE = 0.15
# Hidden and attention dropout (Webster et al. 2020; paper, Appendix).
_DROPOUT = {
    "bert": (0.20, 0.15),
    "roberta": (0.20, 0.15),
    "distilbert": (0.20, 0.15),
    "gpt2": (0.15, 0.15),
}
_ATTENTION = ("attention.self.dropout", "attention.dropout", "attn.attn_dropout")


def cda(lm: ClozeLM, data: BaselineData, settings: FitSettings) -> Weights:
    """Counterfactual data augmentation: both versions of every text that has one."""
    texts = cda_texts(data, seed=data.seed)
    return continued_pretraining(lm, texts, settings, seed=data.seed)


def dropout(lm: ClozeLM, data: BaselineData, settings: FitSettings) -> Weights:
    """More dropout than the model was trained with, on texts as they are."""
    kind = lm.model.config.model_type
    if kind not in _DROPOUT:
        raise InputError(
            f"Dropout has no rates for models of type {kind!r} (there are: "
            f"{', '.join(_DROPOUT)}); leave it out of the profile's methods"
        )
    with dropout_rates(lm.model, *_DROPOUT[kind]):
        return continued_pretraining(lm, data.texts, settings, seed=data.seed)


def cda_texts(data: BaselineData, *, seed: int) -> list[str]:
    """Texts that name a class, each followed by its swapped version."""
    generator = np.random.default_rng(seed)
    return [
        version
        for text in matching_texts(data, len(data.texts))
        for version in (text, data.words.counterfactual(text, generator))
    ]


def continued_pretraining(
    lm: ClozeLM, texts: Sequence[str], settings: FitSettings, *, seed: int
) -> Weights:
    """The parameters after ``settings.pretraining_steps`` more steps.

    Masked LM with 15 % of the tokens masked, causal LM on every token. The model itself
    is put back as it was.
    """
    original = {n: p.detach().clone() for n, p in lm.model.named_parameters()}
    try:
        lm.model.requires_grad_(True)
        _train(lm, texts, settings, seed=seed)
        trained = {n: p.detach().clone() for n, p in lm.model.named_parameters()}
    finally:
        lm.model.requires_grad_(False)
        lm.model.eval()
        assign(lm.model, original)
    changed = {n: t for n, t in trained.items() if not torch.equal(t, original[n])}
    return Weights(changed)


def _train(
    lm: ClozeLM, texts: Sequence[str], settings: FitSettings, *, seed: int
) -> None:
    tokenizer = with_padding(lm.tokenizer)
    rows = tokenizer(
        list(texts),
        truncation=True,
        max_length=min(settings.pretraining_length, lm.max_length),
        return_special_tokens_mask=not lm.causal,
    )
    collator = DataCollatorForLanguageModeling(
        tokenizer, mlm=not lm.causal, mlm_probability=_MASKED_SHARE
    )
    with torch.random.fork_rng():
        train_with_trainer(
            lm.model,
            rows_of(rows),
            collator,
            max_steps=settings.pretraining_steps,
            per_device_train_batch_size=settings.pretraining_batch,
            gradient_accumulation_steps=settings.pretraining_accumulation,
            learning_rate=settings.pretraining_rate,
            seed=seed,
        )


@contextmanager
def dropout_rates(model: nn.Module, hidden: float, attention: float) -> Iterator[None]:
    """Other rates inside the block: of attention's weights, and of everything else."""
    modules = {n: m for n, m in model.named_modules() if isinstance(m, nn.Dropout)}
    before = {name: module.p for name, module in modules.items()}
    try:
        for name, module in modules.items():
            module.p = attention if name.endswith(_ATTENTION) else hidden
        yield
    finally:
        for name, module in modules.items():
            module.p = before[name]
