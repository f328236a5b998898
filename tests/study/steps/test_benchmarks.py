"""Variants are asked the benchmarks as the settings say."""

from __future__ import annotations

from types import SimpleNamespace
from typing import get_args

import pytest

from study.comparison.benchmarks.suite import Suite, read_suite
from study.comparison.edits import Chain
from study.comparison.settings import Begun
from study.profiles.reading import load_profile
from study.sources.world import ensure_world
from study.steps.benchmarks import run_benchmarks
from study.steps.models import load_model
from study.steps.workbench import Workbench
from tests.study.changes import changed

TEXTS = ["The garden is green."]


@pytest.fixture(scope="module")
def suite() -> Suite:
    whole = read_suite(ensure_world(), TEXTS)
    few = whole.stereoset.groupby("bias_type").head(2).reset_index(drop=True)
    crows = whole.crows.groupby("bias_type").head(2).reset_index(drop=True)
    return Suite(few, crows, {}, TEXTS)


def test_sentences_begin_as_the_settings_say(suite, tmp_path):
    settings = load_profile("smoke").settings("standin-gpt2", "gender_MF")
    variants = Workbench(load_profile("smoke"), "standin-gpt2").variants[:1]
    lm, tokens = load_model(settings), {}
    for begun in get_args(Begun):
        bench = SimpleNamespace(
            settings=changed(settings, benchmarks={"begin_of_sentence": begun}),
            folder=tmp_path / begun,
            lm=lm,
            domains=["gender"],
            variants=variants,
            suite=lambda: suite,
            edit=lambda _variant: Chain(),
            digest=lambda _part: "0",
        )
        (base,) = run_benchmarks(bench).values()
        tokens[begun] = base.likelihoods[["nll", "tokens"]]
    assert (tokens["first"]["tokens"] == tokens["all"]["tokens"]).all()
    assert (tokens["none"]["tokens"] == tokens["all"]["tokens"] - 1).all()
    assert (tokens["first"]["nll"] - tokens["all"]["nll"]).abs().min() > 1e-4
