"""What debiasing costs on tasks (notebook 09)."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator

import pandas as pd

from gradiend.errors import check_choice
from gradiend.files import read_csv, write_csv
from gradiend.progress import Progress
from study.comparison.benchmarks.zero_shot import zero_shot
from study.comparison.tasks.registry import TASKS
from study.comparison.variants import Variant
from study.results import files
from study.results.making import measured
from study.steps.aside import aside
from study.steps.examples import read_examples, tuned_classifier
from study.steps.workbench import Workbench

Ask = Callable[[Workbench, Variant], Iterator[pd.DataFrame]]


def run_tasks(bench: Workbench, *, progress: Progress = iter) -> pd.DataFrame:
    """Every variant on every task, fine-tuned or zero-shot; writes tasks.csv.

    One row a validation input: state (the variant's slug), task, split, seed, unit,
    label, prediction. A variant that acts on the LM head alone has no rows.
    """
    folder = bench.folder / files.TASKS_FOLDER
    own = aside(folder, bench.digest("tasks"))
    tuned = _asked(bench)
    ask = _answers if bench.settings.tasks.zero_shot else _fine_tuner(bench)
    parts = []
    with measured(bench.folder / "tasks.run.json"):
        for variant in progress(tuned):
            finished = own / f"{variant.slug}.csv"
            if not finished.exists():
                write_csv(finished, pd.concat(ask(bench, variant)))
            parts.append(read_csv(finished))
        table = pd.concat(parts, ignore_index=True)
        write_csv(folder / files.TASKS, table)
    shutil.rmtree(own)
    return table


def _asked(bench: Workbench) -> list[Variant]:
    """The variants that the settings name, without those that have no body."""
    there = {variant.name: variant for variant in bench.variants}
    named = bench.settings.tasks.variants or there
    for name in named:
        check_choice(name, there, "variant in tasks.variants:")
    return [v for v in bench.variants if v.name in named and not v.head_only]


def _fine_tuner(bench: Workbench) -> Ask:
    """Fine-tuning on the tasks' examples, which are read once for all variants."""
    tasks = bench.settings.tasks
    every = [
        read_examples(bench.settings, name, rows=tasks.rows) for name in tasks.names
    ]

    def runs(bench: Workbench, variant: Variant) -> Iterator[pd.DataFrame]:
        edit = bench.edit(variant)
        for examples in every:
            for seed in tasks.seeds:
                with edit.on(bench.lm):
                    tuned = tuned_classifier(bench, examples, seed, edit.attachments)
                yield tuned.predictions.assign(
                    state=variant.slug, task=examples.task.name, seed=seed
                )

    return runs


def _answers(bench: Workbench, variant: Variant) -> Iterator[pd.DataFrame]:
    """Zero-shot, as the paper evaluates Llama."""
    settings = bench.settings
    with bench.edit(variant).on(bench.lm) as changed:
        found = zero_shot(
            changed,
            settings.tasks.names,
            include=bench.source.prompts,
            data=bench.source.task_folder,
            chat=settings.chat,
            limit=settings.tasks.questions or None,
        )
    yield as_predictions(found).assign(state=variant.slug, split="validation", seed=0)


def as_predictions(answers: pd.DataFrame) -> pd.DataFrame:
    """Zero-shot answers as rows that the tasks' metrics read.

    An answer is a row already; where a task chooses among inputs (COPA), the row is
    that of the chosen one: label is whether it is the right one.
    """
    chosen = answers["task"].map(lambda name: TASKS[name].choice)
    right = answers["correct"].astype(int)
    return answers.drop(columns="correct").assign(
        label=answers["label"].where(~chosen, right),
        prediction=answers["prediction"].where(~chosen, 1),
    )
