"""Asking every variant of a model the bias benchmarks (notebook 06)."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from gradiend.files import read_csv, write_csv, write_json
from gradiend.progress import Progress
from study.analysis.pronouns import right_pronouns
from study.comparison.benchmarks.suite import (
    Scores,
    Suite,
    read_scores,
    suite_scores,
    write_scores,
)
from study.comparison.variants import ANY, Variant
from study.domains import DOMAINS
from study.results import files
from study.results.making import measured
from study.sources.chosen import asked_associations
from study.steps.aside import aside
from study.steps.associations import (
    association_probabilities,
    jobs_in_other_sentences,
)
from study.steps.workbench import Workbench

# Tables of what is asked besides; the last one says that a variant is finished.
_TABLES = (files.FRAMES, files.PRONOUNS, files.ASSOCIATIONS)


def run_benchmarks(bench: Workbench, *, progress: Progress = iter) -> dict[str, Scores]:
    """Score every variant on every benchmark; writes one row an example.

    StereoSet, CrowS-Pairs, SEAT (of the variant's own domain), perplexity, what is left
    of the associations that are asked for and, of variants of gender, what is said of
    jobs in sentences that no method is chosen by, and after names.
    """
    folder, suite = bench.folder / files.BENCHMARKS_FOLDER, bench.suite()
    planted = asked_associations(bench.settings)
    planted = planted[planted["domain"].isin(bench.domains)]
    questions = _Questions(suite, planted, bench.named_rows())
    parts = aside(folder, bench.digest("benchmarks"))
    scores: dict[str, Scores] = {}
    tables: dict[str, list[pd.DataFrame]] = {name: [] for name in _TABLES}
    with measured(bench.folder / "benchmarks.run.json"):
        for variant in progress(bench.variants):
            finished = parts / variant.slug
            if not (finished / files.ASSOCIATIONS).exists():
                _benchmark(bench, variant, questions, finished)
            scores |= read_scores(finished)
            for name, found in tables.items():
                found.append(read_csv(finished / name))
        write_scores(folder, scores)
        write_json(folder / files.LEFT_OUT, suite.left_out)
        for name, found in tables.items():
            write_csv(folder / name, pd.concat(found, ignore_index=True))
    shutil.rmtree(parts)
    return scores


@dataclass(frozen=True)
class _Questions:
    """What every variant is asked."""

    suite: Suite
    planted: pd.DataFrame  # associations
    named: pd.DataFrame  # cloze rows whose text names a person

    def of(self, own: list[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Jobs and names for a variant of these domains: none where none has names."""
        count = None if any(DOMAINS[name].has_names for name in own) else 0
        return self.planted[:count], self.named[:count]


def _benchmark(
    bench: Workbench, variant: Variant, asked: _Questions, folder: Path
) -> None:
    own = bench.domains if variant.domain == ANY else [variant.domain]
    jobs, named = asked.of(own)
    with bench.edit(variant).on(bench.lm) as changed:
        found = suite_scores(
            changed,
            asked.suite,
            own,
            begun=bench.settings.benchmarks.begin_of_sentence,
            vectors=not variant.head_only,
        )
        said = {
            files.FRAMES: jobs_in_other_sentences(changed, jobs),
            files.PRONOUNS: right_pronouns(changed, named),
            files.ASSOCIATIONS: asked.planted.assign(
                learned=association_probabilities(changed, asked.planted)
            ),
        }
    write_scores(folder, {variant.slug: found})
    for name in _TABLES:
        write_csv(folder / name, said[name].assign(state=variant.slug))
