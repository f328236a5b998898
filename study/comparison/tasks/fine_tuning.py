"""Fine-tuning a (debiased) model on a task, with the Hugging Face Trainer.

The classifier is the architecture's own; its body gets the model's present weights, so
that what an edit has changed is what training starts from. Attachments stay attached
while it trains and is evaluated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import pandas as pd
import torch
from torch import Tensor
from transformers import (
    AutoModelForSequenceClassification,
    DataCollatorWithPadding,
    PreTrainedModel,
    TrainerCallback,
)

from gradiend.errors import InputError
from gradiend.lm.batches import by_length
from gradiend.lm.cloze import ClozeLM
from study.comparison.edits import Attachment, assign
from study.comparison.hf_trainer import rows_of, train_with_trainer, with_padding
from study.comparison.settings import FineTuning
from study.comparison.tasks.registry import Task


@dataclass(frozen=True)
class FineTuned:
    """A classifier at its best validation loss.

    ``predictions`` has one row a validation input: split, unit, label, prediction;
    ``body`` holds the parameters it shares with the language model.
    """

    classifier: PreTrainedModel
    predictions: pd.DataFrame
    body: dict[str, Tensor]


def fine_tune(
    lm: ClozeLM,
    task: Task,
    train: pd.DataFrame,
    validation: Mapping[str, pd.DataFrame],
    *,
    seed: int,
    settings: FineTuning | None = None,
    attachments: Sequence[Attachment] = (),
) -> FineTuned:
    """Fine-tune a copy of the body of ``lm`` on ``train``; ``lm`` stays as it is.

    ``train`` and each validation split are of ``read_split``; the first split decides
    which epoch is kept.
    """
    first = next(iter(validation.values()))
    if not len(train) or not len(first):
        raise InputError(f"{task.name}: no rows to train or validate on")
    settings = settings or FineTuning()
    with torch.random.fork_rng(), ExitStack() as stack:
        torch.manual_seed(seed)
        classifier = _classifier(lm, task)
        for attachment in attachments:
            stack.enter_context(attachment.attached(classifier.base_model))
        datasets = [_encoded(lm, task, t, settings) for t in (train, first)]
        _train(lm, classifier, datasets, settings, seed)
        predictions = split_predictions(
            lm, classifier, task, validation, settings=settings
        )
    own = classifier.named_parameters()
    body = {n: p.detach().clone() for n, p in own if n in lm.covered}
    return FineTuned(classifier, predictions, body)


def split_predictions(
    lm: ClozeLM,
    classifier: PreTrainedModel,
    task: Task,
    validation: Mapping[str, pd.DataFrame],
    *,
    settings: FineTuning,
) -> pd.DataFrame:
    """:func:`task_predictions` of every split, with a column split."""
    parts = [
        task_predictions(lm, classifier, task, table, settings=settings).assign(
            split=split
        )
        for split, table in validation.items()
    ]
    return pd.concat(parts, ignore_index=True)


def task_predictions(
    lm: ClozeLM,
    classifier: PreTrainedModel,
    task: Task,
    validation: pd.DataFrame,
    *,
    settings: FineTuning,
) -> pd.DataFrame:
    """Predictions of a fine-tuned classifier as it is now: unit, label, prediction."""
    rows = _encoded(lm, task, validation, settings)
    collator = DataCollatorWithPadding(with_padding(lm.tokenizer))
    outputs = torch.empty(len(rows), task.labels)
    lengths = [len(row["input_ids"]) for row in rows]
    with torch.no_grad():
        for indices in by_length(lengths, 2 * settings.batch_size):
            batch = collator([rows[index] for index in indices]).to(lm.device)
            del batch["labels"]
            outputs[indices] = classifier(**batch).logits.float().cpu()
    # The class of each input, or its score.
    said = outputs.argmax(-1) if task.labels > 1 else outputs[:, 0]
    return validation[["unit", "label"]].assign(prediction=said.numpy())


def _classifier(lm: ClozeLM, task: Task) -> PreTrainedModel:
    # Made anew rather than copied: the attention that forward mode needs is not wanted.
    config = type(lm.model.config)(**lm.model.config.to_dict())
    config.num_labels = task.labels
    config.problem_type = None if task.labels > 1 else "regression"
    config.pad_token_id = with_padding(lm.tokenizer).pad_token_id
    classifier = AutoModelForSequenceClassification.from_config(config)
    classifier.to(lm.device, lm.model.dtype)
    assign(classifier, lm.covered)
    return classifier


def _encoded(
    lm: ClozeLM, task: Task, table: pd.DataFrame, settings: FineTuning
) -> list[dict]:
    second = table["second"].tolist() if table["second"].any() else None
    encoding = lm.tokenizer(
        table["text"].tolist(),
        second,
        truncation=True,
        max_length=min(settings.max_length, lm.max_length),
    )
    kind = int if task.labels > 1 else float
    labels = [kind(label) for label in table["label"]]
    return rows_of({**encoding, "labels": labels})


def _train(lm, classifier, datasets, settings: FineTuning, seed: int) -> None:
    """Train; the classifier ends up as it was at its best epoch."""
    best = _Best(classifier)
    train_with_trainer(
        classifier,
        datasets[0],
        DataCollatorWithPadding(with_padding(lm.tokenizer)),
        held_out=datasets[1],
        callbacks=[best],
        num_train_epochs=settings.epochs,
        per_device_train_batch_size=settings.batch_size,
        per_device_eval_batch_size=2 * settings.batch_size,
        learning_rate=settings.learning_rate,
        seed=seed,
        eval_strategy="epoch",
    )
    classifier.load_state_dict(best.weights)
    classifier.eval()


class _Best(TrainerCallback):
    """Keeps the weights of the epoch with the lowest validation loss, in memory."""

    def __init__(self, model: PreTrainedModel) -> None:
        self.model = model
        self.loss = float("inf")
        self.weights: dict[str, Tensor] = {}

    def on_evaluate(self, _args, _state, _control, metrics=None, **_kwargs):
        if metrics["eval_loss"] < self.loss:
            self.loss = metrics["eval_loss"]
            now = self.model.state_dict()
            self.weights = {name: tensor.clone() for name, tensor in now.items()}
