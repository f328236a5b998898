"""DPO: direct preference optimisation (Rafailov et al. 2023), by ``trl`` and ``peft``.

A pair is a training text from its slot on, with the other class's word (chosen) and
with its own (rejected); the loss

    −log σ(β·[log π(chosen)/π₀(chosen) − log π(rejected)/π₀(rejected)])

lowers the log-odds that the model has learned, in contexts of both classes alike. Pairs
both ways round would teach nothing: their loss is smallest where π has the log-odds of
π₀. Nor does the loss end where the classes are even, so how far to go along what was
learned, W + c·ΔW, is chosen on validation. LoRA keeps ΔW of low rank; it is merged.
"""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import pandas as pd
import torch
from torch import Tensor
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from gradiend.data import SLOT
from gradiend.errors import InputError
from gradiend.lm.cloze import ClozeLM
from gradiend.sampling import balanced_sample
from study.comparison.baselines.data import BaselineData
from study.comparison.baselines.pretraining import dropout_rates
from study.comparison.baselines.selection import best_along
from study.comparison.edits import Weights
from study.comparison.hf_trainer import quiet_arguments, train_quietly, with_padding
from study.comparison.settings import FitSettings

FACTORS = (0.125, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0)  # c
_RANK = 8
_SCALE = 2  # of LoRA's product: its α is so many times the rank


def dpo(lm: ClozeLM, data: BaselineData, settings: FitSettings) -> Weights:
    """Fitted on the training rows; as many of each class.

    Raises
    ------
    InputError
        for a masked model, whose texts have no probability to prefer one by.
    """
    if not lm.causal:
        raise InputError(
            f"DPO compares the probabilities of whole texts, which {lm.name!r}, a "
            "masked model, does not have; leave it out of the profile's methods"
        )
    rows, validation = data.contrasts()
    count = min(len(rows), settings.dpo_steps * settings.dpo_batch)
    rows = balanced_sample(rows, count, by="label", seed=data.seed)
    change = preferred_change(lm, preferences(rows), settings, seed=data.seed)
    return best_along(lm, change, FACTORS, validation)


def preferences(rows: pd.DataFrame) -> pd.DataFrame:
    """Columns prompt (what comes before the slot), chosen and rejected (from it on)."""
    pairs = []
    for masked, own, other in zip(
        rows["masked"], rows["factual"], rows["counterfactual"], strict=True
    ):
        before = masked[: masked.index(SLOT)].rstrip()
        versions = (masked.replace(SLOT, word)[len(before) :] for word in (other, own))
        pairs.append((before, *versions))
    return pd.DataFrame(pairs, columns=["prompt", "chosen", "rejected"])


def preferred_change(
    lm: ClozeLM, pairs: pd.DataFrame, settings: FitSettings, *, seed: int
) -> dict[str, Tensor]:
    """What DPO adds to the weights, by their names; the model stays as it was."""
    # Here: both take seconds, and no other method needs them.
    from peft import LoraConfig, get_peft_model
    from peft.tuners.lora import LoraLayer

    config = LoraConfig(
        r=_RANK,
        lora_alpha=_SCALE * _RANK,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
        fan_in_fan_out=any(isinstance(m, Conv1D) for m in lm.model.modules()),
    )
    with torch.random.fork_rng(), _as_it_was(lm.model):
        torch.manual_seed(seed)
        adapted = get_peft_model(lm.model, config)
        try:
            _train(adapted, lm, pairs, settings, seed=seed)
            names = {module: name for name, module in lm.model.named_modules()}
            return {
                f"{names[part]}.weight": part.get_delta_weight("default").detach()
                for part in adapted.modules()
                if isinstance(part, LoraLayer)
            }
        finally:
            adapted.unload()


def _train(
    adapted: torch.nn.Module,
    lm: ClozeLM,
    pairs: pd.DataFrame,
    settings: FitSettings,
    *,
    seed: int,
) -> None:
    from datasets import Dataset, disable_progress_bars
    from trl import DPOConfig, DPOTrainer

    disable_progress_bars()
    with tempfile.TemporaryDirectory() as folder:
        trainer = DPOTrainer(
            model=adapted,
            args=DPOConfig(
                **quiet_arguments(lm.model, folder),
                bf16=False,
                gradient_checkpointing=False,
                disable_dropout=False,  # for good; here it is for the training alone
                max_length=lm.max_length,
                max_steps=settings.dpo_steps,
                per_device_train_batch_size=settings.dpo_batch,
                learning_rate=settings.dpo_rate,
                seed=seed,
            ),
            train_dataset=Dataset.from_pandas(pairs, preserve_index=False),
            processing_class=with_padding(lm.tokenizer),
        )
        train_quietly(trainer)


@contextmanager
def _as_it_was(model: PreTrainedModel) -> Iterator[None]:
    """No dropout inside; after it the configuration and mode from before."""
    configs = model.config, model.generation_config
    padding = [config.pad_token_id for config in configs]
    try:
        with dropout_rates(model, 0.0, 0.0), warnings.catch_warnings():
            # Of names that trl and peft still give transformers' arguments.
            warnings.simplefilter("ignore", FutureWarning)
            yield
    finally:
        for config, token in zip(configs, padding, strict=True):
            config.pad_token_id = token
        model.requires_grad_(False)
        model.eval()
