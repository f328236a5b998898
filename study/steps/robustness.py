"""Whether the effect of debiasing survives fine-tuning (notebook 09)."""

from __future__ import annotations

import pandas as pd

from gradiend.files import write_csv
from study.comparison.benchmarks.suite import suite_scores, write_scores
from study.comparison.edits import Chain, Weights, assign
from study.comparison.tasks.fine_tuning import FineTuned, split_predictions
from study.profiles.settings import Settings
from study.profiles.variants import balanced_variant
from study.results import files
from study.results.making import measured
from study.results.selected import BASE
from study.results.states import DEBIASED, DEBIASED_FIRST, TUNED, TUNED_FIRST
from study.sources.chosen import asked_associations
from study.steps.associations import association_probabilities
from study.steps.examples import TaskExamples, read_examples, tuned_classifier
from study.steps.workbench import Workbench


def run_robustness(bench: Workbench, run: Settings, task_name: str) -> pd.DataFrame:
    """Debias, then fine-tune; and fine-tune, then debias; writes robustness/.

    Debiasing is that of the feature of ``run``. Fine-tuning sees all training rows,
    whatever the settings say. The fine-tuned body is put back under the LM head, so
    that benchmarks and associations can be asked before and after. Returns the
    predictions, one state an order of steps; the rest is written beside them.
    """
    folder = bench.folder / files.ROBUSTNESS_FOLDER
    domain = run.domain.name
    ours = bench.edit(balanced_variant(run))
    suite, examples = bench.suite(), read_examples(run, task_name, rows=0)
    seed = run.tasks.seeds[0]
    begun = bench.settings.benchmarks.begin_of_sentence
    asked = asked_associations(run)
    asked = asked[asked["domain"] == domain]
    scores, said, parts = {}, [], []

    def note(state: str, predictions: pd.DataFrame | None) -> None:
        scores[state] = suite_scores(bench.lm, suite, [domain], begun=begun)
        learned = association_probabilities(bench.lm, asked)
        said.append(asked.assign(learned=learned, state=state))
        if predictions is not None:
            parts.append(predictions.assign(state=state, task=task_name, seed=seed))

    with measured(bench.folder / "robustness.run.json"):
        note(BASE, None)
        with ours.on(bench.lm):
            note(DEBIASED, None)
            both = tuned_classifier(bench, examples, seed)
        with Weights(both.body).on(bench.lm):
            note(DEBIASED_FIRST, both.predictions)
        plain = tuned_classifier(bench, examples, seed)
        with Weights(plain.body).on(bench.lm):
            note(TUNED, plain.predictions)
        with Chain((Weights(plain.body), ours)).on(bench.lm):
            note(TUNED_FIRST, _moved_along(bench, plain, examples))
        write_scores(folder, scores)
        write_csv(folder / files.ASSOCIATIONS, pd.concat(said, ignore_index=True))
        table = pd.concat(parts, ignore_index=True)
        write_csv(folder / files.TASKS, table)
    return table


def _moved_along(
    bench: Workbench, tuned: FineTuned, examples: TaskExamples
) -> pd.DataFrame:
    """Predictions of the classifier with the body the LM has now."""
    assign(tuned.classifier, bench.lm.covered)
    return split_predictions(
        bench.lm,
        tuned.classifier,
        examples.task,
        examples.validation,
        settings=bench.settings.tasks.training,
    )
