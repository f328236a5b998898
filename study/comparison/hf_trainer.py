"""The Hugging Face Trainer as this project uses it: silent, and leaving no files."""

from __future__ import annotations

import copy
import gc
import tempfile
from collections.abc import Callable, Mapping, Sequence

from transformers import (
    PreTrainedModel,
    PreTrainedTokenizerBase,
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainingArguments,
)

Rows = list[dict]  # one dict an example, as the collators take them


def train_with_trainer(
    model: PreTrainedModel,
    rows: Rows,
    collator: Callable,
    *,
    held_out: Rows | None = None,
    callbacks: Sequence[TrainerCallback] = (),
    **arguments,
) -> None:
    """Train ``model`` in place; ``arguments`` are those of TrainingArguments.

    Nothing is saved, shown or logged: what a caller wants to keep, a callback keeps.
    """
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(
            model=model,
            args=TrainingArguments(**quiet_arguments(model, folder), **arguments),
            train_dataset=rows,
            eval_dataset=held_out,
            data_collator=collator,
            callbacks=list(callbacks),
        )
        train_quietly(trainer)


def quiet_arguments(model: PreTrainedModel, folder: str) -> dict:
    """Arguments of a training that saves, shows and logs nothing."""
    return {
        "output_dir": folder,
        "use_cpu": model.device.type == "cpu",
        "save_strategy": "no",
        "report_to": "none",
        "logging_strategy": "no",
        "disable_tqdm": True,
        "dataloader_pin_memory": False,
    }


def train_quietly(trainer: Trainer) -> None:
    """Train, printing nothing."""
    trainer.remove_callback(PrinterCallback)
    # The Trainer looks for garbage before it begins: a quarter of a second for the
    # objects of the libraries, unless they are left out.
    gc.freeze()
    try:
        trainer.train()
    finally:
        gc.unfreeze()


def rows_of(encoding: Mapping[str, list]) -> Rows:
    """A tokenizer's columns as one dict an example."""
    return [
        dict(zip(encoding, values, strict=True))
        for values in zip(*encoding.values(), strict=True)
    ]


def with_padding(tokenizer: PreTrainedTokenizerBase) -> PreTrainedTokenizerBase:
    """The tokenizer, or a copy with a padding token if it has none."""
    if tokenizer.pad_token is not None:
        return tokenizer
    padded = copy.deepcopy(tokenizer)
    padded.pad_token = padded.eos_token
    return padded
