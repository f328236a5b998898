"""Variants are asked the benchmarks as the settings say."""

from __future__ import annotations

from types import SimpleNamespace
from typing import get_args

import pandas as pd
import pytest

from study.analysis.pronouns import right_pronouns
from study.comparison.benchmarks.suite import Suite, read_suite
from study.comparison.edits import Chain
from study.comparison.settings import Begun
from study.comparison.variants import ANY, Variant
from study.profiles.reading import load_profile
from study.results import files
from study.results.reading import read_csv
from study.sources.chosen import asked_associations
from study.sources.world import ensure_world
from study.steps.benchmarks import run_benchmarks
from study.steps.models import load_model
from study.steps.workbench import NAMED, Workbench
from tests.study.changes import changed

TEXTS = ["The garden is green."]
NAMED_ROWS = pd.DataFrame(
    [("Emma said that [MASK] was here.", "Emma", "female")],
    columns=["masked", "name", "factual_class"],
)


@pytest.fixture(scope="module")
def suite() -> Suite:
    whole = read_suite(ensure_world(), TEXTS)
    few = whole.stereoset.groupby("bias_type").head(2).reset_index(drop=True)
    crows = whole.crows.groupby("bias_type").head(2).reset_index(drop=True)
    return Suite(few, crows, {}, TEXTS)


def bench_of(settings, lm, suite, folder, variants, domains=("gender",)):
    """A workbench each of whose variants is the base model."""
    return SimpleNamespace(
        settings=settings,
        folder=folder,
        lm=lm,
        domains=[*domains],
        variants=variants,
        suite=lambda: suite,
        edit=lambda _variant: Chain(),
        named_rows=lambda: NAMED_ROWS,
        digest=lambda _part: "0",
    )


def test_sentences_begin_as_the_settings_say(suite, tmp_path):
    settings = load_profile("smoke").settings("standin-gpt2", "gender_MF")
    variants = Workbench(load_profile("smoke"), "standin-gpt2").variants[:1]
    lm, tokens = load_model(settings), {}
    for begun in get_args(Begun):
        asked = changed(settings, benchmarks={"begin_of_sentence": begun})
        bench = bench_of(asked, lm, suite, tmp_path / begun, variants)
        (base,) = run_benchmarks(bench).values()
        tokens[begun] = base.likelihoods[["nll", "tokens"]]
    assert (tokens["first"]["tokens"] == tokens["all"]["tokens"]).all()
    assert (tokens["none"]["tokens"] == tokens["all"]["tokens"] - 1).all()
    assert (tokens["first"]["nll"] - tokens["all"]["nll"]).abs().min() > 1e-4


def test_variants_of_gender_are_asked_jobs_and_names_besides(suite, tmp_path):
    """Every method's, and the base model, which all are compared with; race's not."""
    settings = load_profile("smoke").settings("standin-gpt2", "gender_MF")
    variants = [Variant(ANY), Variant("gender", ("INLP",)), Variant("race", ("INLP",))]
    lm = load_model(settings)
    bench = bench_of(settings, lm, suite, tmp_path, variants, ("gender", "race"))
    run_benchmarks(bench)
    said = read_csv(tmp_path / files.BENCHMARKS_FOLDER / files.FRAMES)
    assert set(said["state"]) == {Variant(ANY).slug, variants[1].slug}
    jobs = asked_associations(settings)
    jobs = jobs[jobs["held_out"] & (jobs["kind"] == "profession")]["word"]
    assert set(said["word"]) == set(jobs)
    assert said.groupby(["state", "frame"]).size().eq(jobs.nunique()).all()
    right = read_csv(tmp_path / files.BENCHMARKS_FOLDER / files.PRONOUNS)
    assert list(right["state"]) == [variants[0].slug, variants[1].slug]
    only = bench_of(settings, lm, suite, tmp_path / "race", variants[2:], ["race"])
    run_benchmarks(only)
    folder = tmp_path / "race" / files.BENCHMARKS_FOLDER
    none, unasked = (read_csv(folder / n) for n in (files.FRAMES, files.PRONOUNS))
    assert none.empty and {"frame", "word", "share", "state"} <= set(none)
    assert unasked.empty and {"masked", "name", "share", "state"} <= set(unasked)


def test_the_named_rows_are_test_rows_of_gender_as_many_of_either():
    bench = Workbench(load_profile("smoke"), "standin-gpt2")
    rows = bench.named_rows()
    assert set(rows["split"]) == {"test"} and 0 < len(rows) <= NAMED
    assert rows["factual_class"].value_counts().nunique() == 1
    assert all(name in text for name, text in zip(rows.name, rows.masked, strict=True))


def test_the_right_pronoun_is_that_of_the_name():
    lm = load_model(load_profile("smoke").settings("standin-gpt2", "gender_MF"))
    wrong = NAMED_ROWS.assign(factual_class="male")
    right, other = (
        right_pronouns(lm, rows)["share"][0] for rows in (NAMED_ROWS, wrong)
    )
    assert right + other == pytest.approx(1) and right > 0.6
