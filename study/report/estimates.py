"""The comparison's estimates, from stored results of single examples.

One long table: a row a model, domain, variant and metric, with its bootstrap margin and
the change against the base model. Tables and figures are made of it. Rows of tasks have
the number of training ``seeds`` they are a mean over, 0 where nothing was trained.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from study.comparison.benchmarks.suite import read_scores
from study.comparison.bootstrap import Estimate
from study.comparison.estimates import (
    bias_estimates,
    compared,
    seat_p_values,
    task_estimates,
)
from study.comparison.variants import ANY, BASE, Variant, of_domain, overview
from study.profiles.profile import Profile
from study.profiles.settings import Settings
from study.profiles.variants import variants
from study.report.costs import costs
from study.report.gaps import (
    association_estimates,
    name_estimates,
    sentence_estimates,
)
from study.report.source import gathering
from study.results import files
from study.results.reading import read_csv
from study.results.states import TUNED

# What is asked besides where a domain has names, and made of which file.
_FURTHER = {sentence_estimates: files.FRAMES, name_estimates: files.PRONOUNS}


def collect_comparison(profile: Profile, gather: bool | str = True) -> Path:
    """Gather the estimates of the models into ``<figures>/source``.

    ``gather`` as in :func:`study.report.gather.collect`.
    """
    target = gathering(profile, gather)
    compared = [model for model in profile.models if profile.compared(model)]
    here = [model for model in compared if model in target.models]
    target.write("comparison", [comparison_estimates(profile, m) for m in here])
    target.write("costs", [costs(profile, m, means=True) for m in here])
    target.write("robustness", [robustness_estimates(profile, m) for m in here])
    # What variants there are, the profile says.
    target.write("variants", [overview(variants(profile, m)) for m in compared])
    return target.folder


def inputs(profile: Profile) -> list[Path]:
    """The result files that :func:`collect_comparison` reads."""
    found = []
    compared = [profile.compared(model) for model in profile.models]
    for settings in (runs[0] for runs in compared if runs):
        folder = settings.model_folder
        asked = (*files.SCORES, files.ASSOCIATIONS, files.FRAMES, files.PRONOUNS)
        names = {files.BENCHMARKS_FOLDER: asked}
        if settings.tasks.names:
            names[files.TASKS_FOLDER] = (files.TASKS,)
        if settings.tasks.names and settings.tasks.survival:
            names[files.ROBUSTNESS_FOLDER] = files.SURVIVED
        found += [folder / part / name for part in names for name in names[part]]
    return found


def comparison_estimates(profile: Profile, model: str) -> pd.DataFrame:
    """Benchmarks and tasks of every variant of a model, domain by domain."""
    found = variants(profile, model)
    parts = []
    compared = profile.compared(model)
    for domain in dict.fromkeys(run.domain.name for run in compared):
        runs = [run for run in compared if run.domain.name == domain]
        parts.append(domain_estimates(runs, found))
        if runs[0].tasks.names:
            tasks = suite_estimates(runs[0], of_domain(found, domain))
            if set(tasks["variant"]) > {BASE}:  # the base alone says nothing of it
                parts.append(tasks.assign(domain=domain))
    return pd.concat(parts, ignore_index=True)


def domain_estimates(runs: list[Settings], found: list[Variant]) -> pd.DataFrame:
    """The bias of a domain's variants among ``found``, the base model first.

    ``runs`` are the domain's: their features' associations count for ``bias left``,
    ``offset`` and ``said``; those of the other domains for ``moved``. Of gender it is
    asked in other sentences, too (``… elsewhere``), and after names.
    """
    settings, features = runs[0], [run.feature for run in runs]
    folder = settings.model_folder / files.BENCHMARKS_FOLDER
    domain, seed = settings.domain.name, settings.seed
    scores = read_scores(folder)
    learned, base = _by_state(folder), Variant(ANY).slug
    further = _FURTHER if settings.domain.has_names else {}
    besides = {metrics: _by_state(folder, name) for metrics, name in further.items()}
    ours, rows = of_domain(found, domain), []
    asked: dict[str, dict[str, Estimate]] = {}
    for variant in ours:
        state = variant.slug
        own = bias_estimates(scores[state], domain, seed=seed)
        own |= association_estimates(learned[state], learned[base], features, seed=seed)
        for metrics, said in besides.items():
            own |= metrics(said[state], said[base], seed=seed)
        asked[variant.name] = own
    for variant in ours:
        p_values = seat_p_values(scores[variant.slug], domain, seed=seed)
        rows += [
            {"variant": variant.name, **row, "p": p_values.get(row["metric"])}
            for row in compared(asked[variant.name], asked[BASE])
        ]
    return pd.DataFrame(rows).assign(model=settings.display, domain=domain)


def suite_estimates(settings: Settings, found: list[Variant]) -> pd.DataFrame:
    """The tasks and suites of the variants that were asked."""
    table = read_csv(settings.model_folder / files.TASKS_FOLDER / files.TASKS)
    runs = dict(list(table.groupby("state", sort=False)))
    asked = {
        variant.name: task_estimates(runs[variant.slug], seed=settings.seed)
        for variant in found
        if variant.slug in runs
    }
    rows = [
        {"variant": name, **row}
        for name, own in asked.items()
        for row in compared(own, asked[BASE])
    ]
    seeds = 0 if settings.tasks.zero_shot else table["seed"].nunique()
    return pd.DataFrame(rows).assign(model=settings.display, seeds=seeds)


def robustness_estimates(profile: Profile, model: str) -> pd.DataFrame:
    """Bias and task score after each order of debiasing and fine-tuning."""
    settings = profile.compared(model)[0]
    if not (settings.tasks.names and settings.tasks.survival):
        return pd.DataFrame()
    folder = settings.model_folder / files.ROBUSTNESS_FOLDER
    predictions, learned = read_csv(folder / files.TASKS), _by_state(folder)
    seed, found = settings.seed, {}
    for state, scores in read_scores(folder).items():
        found[state] = bias_estimates(scores, settings.domain.name, seed=seed)
        found[state] |= association_estimates(
            learned[state], learned[BASE], [settings.feature], seed=seed
        )
        tuned = predictions[predictions["state"] == state]
        if len(tuned):
            suite = task_estimates(tuned, seed=seed)
            found[state]["task"] = next(iter(suite.values()))
    # Bias changes against the base model, the task against plain fine-tuning.
    base = found[BASE] | {"task": found[TUNED]["task"]}
    rows = [
        {"variant": state, **row}
        for state, own in found.items()
        for row in compared(own, base)
    ]
    table = pd.DataFrame(rows)
    seeds = pd.Series(predictions["seed"].nunique(), table.index)
    seeds = seeds.where(table["metric"] == "task")
    return table.assign(model=settings.display, seeds=seeds)


def _by_state(folder: Path, name: str = files.ASSOCIATIONS) -> dict[str, pd.DataFrame]:
    """State → what it says of the associations, or jobs, that it was asked."""
    table = read_csv(folder / name)
    return dict(list(table.groupby("state", sort=False)))
