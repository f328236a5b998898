"""Asking every variant of a model the bias benchmarks (notebook 06)."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd

from gradiend.files import read_csv, write_csv, write_json
from gradiend.training import Progress
from study.comparison.benchmarks.suite import (
    Scores,
    Suite,
    read_scores,
    suite_scores,
    write_scores,
)
from study.comparison.variants import ANY, Variant
from study.results import files
from study.results.making import measured
from study.sources.chosen import asked_associations
from study.steps.aside import aside
from study.steps.associations import association_probabilities
from study.steps.workbench import Workbench


def run_benchmarks(bench: Workbench, *, progress: Progress = iter) -> dict[str, Scores]:
    """Score every variant on every benchmark; writes one row an example.

    StereoSet, CrowS-Pairs, SEAT (of the variant's own domain), perplexity, and what is
    left of the associations that are asked for.
    """
    folder, suite = bench.folder / files.BENCHMARKS_FOLDER, bench.suite()
    parts = aside(folder, bench.digest("benchmarks"))
    scores: dict[str, Scores] = {}
    learned: list[pd.DataFrame] = []
    with measured(bench.folder / "benchmarks.run.json"):
        for variant in progress(bench.variants):
            finished = parts / variant.slug
            if not (finished / files.ASSOCIATIONS).exists():
                _benchmark(bench, variant, suite, finished)
            scores |= read_scores(finished)
            learned.append(read_csv(finished / files.ASSOCIATIONS))
        write_scores(folder, scores)
        write_json(folder / files.LEFT_OUT, suite.left_out)
        write_csv(folder / files.ASSOCIATIONS, pd.concat(learned, ignore_index=True))
    shutil.rmtree(parts)
    return scores


def _benchmark(bench: Workbench, variant: Variant, suite: Suite, folder: Path) -> None:
    domains = bench.domains
    own = domains if variant.domain == ANY else [variant.domain]
    planted = asked_associations(bench.settings)
    planted = planted[planted["domain"].isin(domains)]
    with bench.edit(variant).on(bench.lm) as changed:
        found = suite_scores(
            changed,
            suite,
            own,
            begun=bench.settings.benchmarks.begin_of_sentence,
            vectors=not variant.head_only,
        )
        learned = association_probabilities(changed, planted)
    write_scores(folder, {variant.slug: found})
    table = planted.assign(learned=learned, state=variant.slug)
    write_csv(folder / files.ASSOCIATIONS, table)
