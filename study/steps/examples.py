"""The tasks' examples, and a classifier fine-tuned on them."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from gradiend.sampling import balanced_sample
from study.comparison.edits import Attachment
from study.comparison.tasks.files import read_split
from study.comparison.tasks.fine_tuning import FineTuned, fine_tune
from study.comparison.tasks.registry import TASKS, Task
from study.profiles.settings import Settings
from study.sources.chosen import source_of
from study.steps.workbench import Workbench


@dataclass(frozen=True)
class TaskExamples:
    """A task with what it is trained and validated on."""

    task: Task
    train: pd.DataFrame
    validation: dict[str, pd.DataFrame]


def read_examples(settings: Settings, name: str, *, rows: int) -> TaskExamples:
    """A task's examples, at most ``rows`` units of them to train on (0: all).

    They are a seeded draw, balanced over the labels.
    """
    task, folder = TASKS[name], source_of(settings.data).task_folder
    train = read_split(folder, name, "train")
    units = train.drop_duplicates("unit")
    if task.labels == 1:  # scores: nothing to balance
        units = units.assign(label=0)
    units = balanced_sample(units, rows, by="label", seed=settings.seed)
    train = train[train["unit"].isin(units["unit"])]
    validation = {split: read_split(folder, name, split) for split in task.validation}
    return TaskExamples(task, train, validation)


def tuned_classifier(
    bench: Workbench,
    examples: TaskExamples,
    seed: int,
    attachments: tuple[Attachment, ...] = (),
) -> FineTuned:
    """The workbench's model, as it is now, fine-tuned on a task."""
    return fine_tune(
        bench.lm,
        examples.task,
        examples.train,
        examples.validation,
        seed=seed,
        settings=bench.settings.tasks.training,
        attachments=attachments,
    )
