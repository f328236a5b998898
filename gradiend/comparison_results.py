"""The comparison's estimates, from stored results of single examples.

One long table: a row a model, domain, variant and metric, with its bootstrap margin and
the change against the base model. Tables and figures are made of it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from gradiend.benchmarks.suite import read_scores
from gradiend.bootstrap import Estimate
from gradiend.collect import write_source
from gradiend.estimates import (
    bias_estimates,
    compared,
    seat_p_values,
    task_estimates,
)
from gradiend.profiles import Profile, Settings
from gradiend.results import read_csv
from gradiend.summaries import feature_gap
from gradiend.variants import ANY, Variant, of_domain, overview, variants


def collect_comparison(profile: Profile) -> Path:
    """Gather the estimates of all models into ``<figures>/source``."""
    folder = profile.figures / "source"
    gatherers = {
        "comparison": comparison_estimates,
        "robustness": robustness_estimates,
        "variants": lambda profile, model: overview(variants(profile, model)),
    }
    for name, gather in gatherers.items():
        table = pd.concat(
            [gather(profile, model) for model in profile.models], ignore_index=True
        )
        write_source(folder, name, table)
    return folder


def comparison_estimates(profile: Profile, model: str) -> pd.DataFrame:
    """Benchmarks and tasks of every variant of a model, domain by domain."""
    found = variants(profile, model)
    parts = []
    for domain in profile.domains:
        features = profile.features_of(domain, model)
        if not features:
            continue
        settings = profile.settings(model, features[0])
        own = of_domain(found, domain)
        parts.append(domain_estimates(settings, own, features))
        if settings.tasks:
            parts.append(suite_estimates(settings, own).assign(domain=domain))
    return pd.concat(parts, ignore_index=True)


def domain_estimates(
    settings: Settings, found: list[Variant], features: list[str]
) -> pd.DataFrame:
    """The bias benchmarks of a domain's variants, the base model first.

    ``features`` are those whose planted associations count for ``bias left``.
    """
    folder, domain = settings.folder.parent / "benchmarks", settings.domain
    scores = read_scores(folder)
    learned = read_csv(folder / "associations.csv")
    rows, base = [], {}
    for variant in found:
        own = bias_estimates(scores[variant.slug], domain, seed=settings.seed)
        own["bias left"] = _bias_left(learned, variant.slug, features)
        base = base or own
        p_values = seat_p_values(scores[variant.slug], domain, seed=settings.seed)
        rows += [
            {"variant": variant.name, **row, "p": p_values.get(row["metric"])}
            for row in compared(own, base)
        ]
    return pd.DataFrame(rows).assign(model=settings.display, domain=domain)


def suite_estimates(settings: Settings, found: list[Variant]) -> pd.DataFrame:
    """The tasks and suites of the variants that can be fine-tuned."""
    table = read_csv(settings.folder.parent / "tasks" / "tasks.csv")
    runs = dict(list(table.groupby("state", sort=False)))
    rows, base = [], {}
    for variant in (variant for variant in found if variant.slug in runs):
        own = task_estimates(runs[variant.slug], seed=settings.seed)
        base = base or own
        rows += [{"variant": variant.name, **row} for row in compared(own, base)]
    return pd.DataFrame(rows).assign(model=settings.display)


def robustness_estimates(profile: Profile, model: str) -> pd.DataFrame:
    """Bias and task score after each order of debiasing and fine-tuning."""
    if "gender" not in profile.domains:
        return pd.DataFrame()
    settings = profile.settings(model, profile.features_of("gender", model)[0])
    if not settings.tasks:
        return pd.DataFrame()
    folder = settings.folder.parent / "robustness"
    predictions = read_csv(folder / "tasks.csv")
    found = {}
    for state, scores in read_scores(folder).items():
        found[state] = bias_estimates(scores, "gender", seed=settings.seed)
        tuned = predictions[predictions["state"] == state]
        if len(tuned):
            suite = task_estimates(tuned, seed=settings.seed)
            found[state]["task"] = next(iter(suite.values()))
    # Bias changes against the base model, the task against plain fine-tuning.
    base = found["base"] | {"task": found["fine-tuned"]["task"]}
    rows = [
        {"variant": state, **row}
        for state, own in found.items()
        for row in compared(own, base)
    ]
    return pd.DataFrame(rows).assign(model=settings.display)


def _bias_left(learned: pd.DataFrame, state: str, features: list[str]) -> Estimate:
    """Mean distance of the classes at the planted associations, % of the base's.

    Every association is asked, so there is nothing to draw.
    """
    gaps = []
    for wanted in (state, Variant(ANY).slug):
        rows = learned[learned["state"] == wanted]
        gaps.append(np.mean([feature_gap(rows, f, "learned") for f in features]))
    left = 100 * gaps[0] / gaps[1]
    return Estimate(left, np.full(2, left))
