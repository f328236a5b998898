"""What debiasing costs on tasks, and whether its effect survives fine-tuning."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pandas as pd

from gradiend.benchmarks.suite import suite_scores, write_scores
from gradiend.benchmarks.zero_shot import zero_shot
from gradiend.comparison import Workbench
from gradiend.comparison_data import task_folder, zero_shot_prompts
from gradiend.edits import Chain, Projection, Weights, assign
from gradiend.profiles import Settings
from gradiend.results import measured, read_csv, write_csv
from gradiend.tasks.files import read_split
from gradiend.tasks.fine_tuning import (
    FineTuned,
    FineTuning,
    fine_tune,
    split_predictions,
)
from gradiend.tasks.registry import TASKS, Task
from gradiend.training import Progress
from gradiend.variants import OURS, Variant

Ask = Callable[[Workbench, Variant], Iterator[pd.DataFrame]]


@dataclass(frozen=True)
class _Examples:
    """A task with what it is trained and validated on."""

    task: Task
    train: pd.DataFrame
    validation: dict[str, pd.DataFrame]


def run_tasks(bench: Workbench, *, progress: Progress | None = None) -> pd.DataFrame:
    """Every variant on every task, fine-tuned or zero-shot; writes tasks.csv.

    One row a validation input: state (the variant's slug), task, split, seed, unit,
    label, prediction. A variant that acts on the LM head alone has no rows.
    """
    folder = bench.folder / "tasks"
    aside = folder / f"partial-{bench.digest('tasks')}"
    tuned = [variant for variant in bench.variants if not variant.head_only]
    ask = _answers if bench.settings.zero_shot else _fine_tuner(bench)
    parts = []
    with measured(bench.folder / "tasks.run.json"):
        for done, variant in enumerate(tuned, start=1):
            finished = aside / f"{variant.slug}.csv"
            if not finished.exists():
                write_csv(finished, pd.concat(ask(bench, variant)))
            parts.append(read_csv(finished))
            if progress is not None:
                progress(done, len(tuned))
        table = pd.concat(parts, ignore_index=True)
        write_csv(folder / "tasks.csv", table)
    shutil.rmtree(aside)
    return table


def run_robustness(bench: Workbench, task_name: str) -> pd.DataFrame:
    """Debias, then fine-tune; and fine-tune, then debias; writes robustness/.

    Fine-tuning sees all training rows, whatever ``task_rows`` says. The fine-tuned body
    is put back under the LM head, so that the bias benchmarks can be asked before and
    after. Returns the predictions, one state an order of steps; the scores of the
    benchmarks are written beside them.
    """
    settings = replace(bench.settings, task_rows=0)
    folder = bench.folder / "robustness"
    ours = bench.edit(Variant("gender", (f"{OURS}-N",)))
    suite, examples = bench.suite(), _examples(settings, task_name)
    seed = settings.task_seeds[0]
    scores, parts = {}, []

    def note(state: str, predictions: pd.DataFrame | None) -> None:
        scores[state] = suite_scores(bench.lm, suite, ["gender"])
        if predictions is not None:
            parts.append(predictions.assign(state=state, task=task_name, seed=seed))

    with measured(bench.folder / "robustness.run.json"):
        note("base", None)
        with ours.on(bench.lm):
            note("debiased", None)
            both = _tuned(bench, examples, seed)
        with Weights(both.body).on(bench.lm):
            note("debiased, then fine-tuned", both.predictions)
        plain = _tuned(bench, examples, seed)
        with Weights(plain.body).on(bench.lm):
            note("fine-tuned", plain.predictions)
        with Chain((Weights(plain.body), ours)).on(bench.lm):
            note("fine-tuned, then debiased", _moved_along(bench, plain, examples))
        write_scores(folder, scores)
        table = pd.concat(parts, ignore_index=True)
        write_csv(folder / "tasks.csv", table)
    return table


def _fine_tuner(bench: Workbench) -> Ask:
    """Fine-tuning on the tasks' examples, which are read once for all variants."""
    every = [_examples(bench.settings, name) for name in bench.settings.tasks]

    def runs(bench: Workbench, variant: Variant) -> Iterator[pd.DataFrame]:
        edit = bench.edit(variant)
        for examples in every:
            for seed in bench.settings.task_seeds:
                with edit.on(bench.lm):
                    tuned = _tuned(bench, examples, seed, edit.projections)
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
            settings.tasks,
            include=zero_shot_prompts(settings),
            data=task_folder(settings),
            chat=settings.chat,
        )
    yield as_predictions(found).assign(state=variant.slug, split="validation", seed=0)


def as_predictions(answers: pd.DataFrame) -> pd.DataFrame:
    """Zero-shot answers as rows that :func:`gradiend.tasks.metrics.task_metric` reads.

    An answer is a row already; where a task chooses among inputs (COPA), the row is
    that of the chosen one: label is whether it is the right one.
    """
    chosen = answers["task"].map(lambda name: TASKS[name].choice)
    right = answers["correct"].astype(int)
    return answers.drop(columns="correct").assign(
        label=answers["label"].where(~chosen, right),
        prediction=answers["prediction"].where(~chosen, 1),
    )


def _tuned(
    bench: Workbench,
    examples: _Examples,
    seed: int,
    projections: tuple[Projection, ...] = (),
) -> FineTuned:
    return fine_tune(
        bench.lm,
        examples.task,
        examples.train,
        examples.validation,
        seed=seed,
        settings=_fine_tuning(bench.settings),
        projections=projections,
    )


def _moved_along(
    bench: Workbench, tuned: FineTuned, examples: _Examples
) -> pd.DataFrame:
    """Predictions of the classifier with the body the LM has now."""
    assign(tuned.classifier, bench.lm.covered)
    return split_predictions(
        bench.lm,
        tuned.classifier,
        examples.task,
        examples.validation,
        settings=_fine_tuning(bench.settings),
    )


def _examples(settings: Settings, name: str) -> _Examples:
    task, folder = TASKS[name], task_folder(settings)
    train = read_split(folder, name, "train")
    if settings.task_rows:
        units = train["unit"].drop_duplicates().head(settings.task_rows)
        train = train[train["unit"].isin(units)]
    validation = {split: read_split(folder, name, split) for split in task.validation}
    return _Examples(task, train, validation)


def _fine_tuning(settings: Settings) -> FineTuning:
    return FineTuning(
        epochs=settings.task_epochs,
        batch_size=settings.task_batch,
        max_length=settings.task_length,
        learning_rate=settings.task_rate,
    )
