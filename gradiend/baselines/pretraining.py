"""Continued pre-training: CDA (Zmigrod et al. 2019) and Dropout (Webster et al. 2020).

Both train the model on with its own objective. CDA does so on texts and their versions
with attribute words swapped, Dropout on the texts as they are, with more dropout.
"""

from __future__ import annotations

import copy
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from torch import nn
from transformers import (
    DataCollatorForLanguageModeling,
    PrinterCallback,
    Trainer,
    TrainingArguments,
)

from gradiend.baselines.data import BaselineData, BaselineSettings, matching_texts
from gradiend.cloze import ClozeLM
from gradiend.edits import Weights
from gradiend.errors import InputError

_MASKED_SHARE = 0.15
# Hidden and attention dropout (Webster et al. 2020; paper, Appendix).
_DROPOUT = {
    "bert": (0.20, 0.15),
    "roberta": (0.20, 0.15),
    "distilbert": (0.20, 0.15),
    "gpt2": (0.15, 0.15),
}
_ATTENTION = ("attention.self.dropout", "attention.dropout", "attn.attn_dropout")


def cda(lm: ClozeLM, data: BaselineData, settings: BaselineSettings) -> Weights:
    """Counterfactual data augmentation: both versions of every text that has one."""
    texts = cda_texts(data, seed=settings.seed)
    return continued_pretraining(lm, texts, settings)


def dropout(lm: ClozeLM, data: BaselineData, settings: BaselineSettings) -> Weights:
    """More dropout than the model was trained with, on texts as they are."""
    kind = lm.model.config.model_type
    if kind not in _DROPOUT:
        raise InputError(
            f"Dropout has no rates for models of type {kind!r} (there are: "
            f"{', '.join(_DROPOUT)}); leave it out of the profile's methods"
        )
    with _dropout_rates(lm.model, *_DROPOUT[kind]):
        return continued_pretraining(lm, data.texts, settings)


def cda_texts(data: BaselineData, *, seed: int) -> list[str]:
    """Texts that name a class, each followed by its swapped version."""
    generator = np.random.default_rng(seed)
    return [
        version
        for text in matching_texts(data, len(data.texts))
        for version in (text, data.words.counterfactual(text, generator))
    ]


def continued_pretraining(
    lm: ClozeLM, texts: Sequence[str], settings: BaselineSettings
) -> Weights:
    """The parameters after ``settings.pretraining_steps`` more steps.

    Masked LM with 15 % of the tokens masked, causal LM on every token. The model itself
    is put back as it was.
    """
    original = {n: p.detach().clone() for n, p in lm.model.named_parameters()}
    try:
        lm.model.requires_grad_(True)
        _train(lm, texts, settings)
        trained = {n: p.detach().clone() for n, p in lm.model.named_parameters()}
    finally:
        lm.model.requires_grad_(False)
        lm.model.eval()
        with torch.no_grad():
            for name, parameter in lm.model.named_parameters():
                parameter.copy_(original[name])
    changed = {n: t for n, t in trained.items() if not torch.equal(t, original[n])}
    return Weights(changed)


def _train(lm: ClozeLM, texts: Sequence[str], settings: BaselineSettings) -> None:
    tokenizer = lm.tokenizer
    if tokenizer.pad_token is None:
        tokenizer = copy.deepcopy(tokenizer)
        tokenizer.pad_token = tokenizer.eos_token
    length = min(settings.pretraining_length, lm.max_length)
    rows = tokenizer(
        list(texts),
        truncation=True,
        max_length=length,
        return_special_tokens_mask=not lm.causal,
    )
    keys = list(rows.keys())
    dataset = [
        dict(zip(keys, row, strict=True)) for row in zip(*rows.values(), strict=True)
    ]
    collator = DataCollatorForLanguageModeling(
        tokenizer, mlm=not lm.causal, mlm_probability=_MASKED_SHARE
    )
    with tempfile.TemporaryDirectory() as folder, torch.random.fork_rng():
        arguments = TrainingArguments(
            output_dir=folder,
            max_steps=settings.pretraining_steps,
            per_device_train_batch_size=settings.pretraining_batch,
            gradient_accumulation_steps=settings.pretraining_accumulation,
            learning_rate=settings.pretraining_rate,
            seed=settings.seed,
            use_cpu=lm.device.type == "cpu",
            save_strategy="no",
            report_to="none",
            logging_strategy="no",
            disable_tqdm=True,
            dataloader_pin_memory=False,
        )
        trainer = Trainer(
            model=lm.model,
            args=arguments,
            train_dataset=dataset,
            data_collator=collator,
        )
        trainer.remove_callback(PrinterCallback)
        trainer.train()


@contextmanager
def _dropout_rates(model: nn.Module, hidden: float, attention: float) -> Iterator[None]:
    modules = {n: m for n, m in model.named_modules() if isinstance(m, nn.Dropout)}
    before = {name: module.p for name, module in modules.items()}
    try:
        for name, module in modules.items():
            module.p = attention if name.endswith(_ATTENTION) else hidden
        yield
    finally:
        for name, module in modules.items():
            module.p = before[name]
