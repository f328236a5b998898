"""How long a run takes, by its counts and a device's rates."""

from __future__ import annotations

import pytest

from study.profiles.reading import load_profile
from study.profiles.settings import Settings
from study.profiles.variants import variants
from study.run.estimates import (
    RATE,
    TOKENS,
    Rates,
    benchmark_seconds,
    evaluation_seconds,
    left_out,
    training_seconds,
)
from tests.study.changes import changed

RATES = Rates(10**8, 4, speed=1e11, bandwidth=2e10)
# A laptop's: of a matrix product and of a copy, in float32.
LAPTOP = {"speed": 6e11, "bandwidth": 3e10}
SIZES = {"distilbert-base-cased": 66e6, "bert-base-cased": 108e6, "gpt2": 124e6}


@pytest.fixture
def run() -> Settings:
    return load_profile("hub").settings("bert-base-cased", "gender_MF")


def test_training_costs_its_arithmetic_and_its_traffic_a_step(run):
    training = {"steps": 10, "evaluate_every": 10, "batch_size": 32}
    run = changed(run, training=training | {"validation_rows": 50}, seeds=[0, 1])
    step = 5 * 2 * 1e8 * TOKENS * 32 / (1e11 * RATE) + 22 * 1e8 * 4 / 2e10
    validation = 2 * 2 * 1e8 * TOKENS * 50 / (1e11 * RATE)
    assert training_seconds(run, RATES) == pytest.approx(
        2 * (10 * step + 3 * validation)
    )


def test_more_candidates_rows_and_variants_cost_more(run):
    for group, key, more in (
        ("decoder", "lms_texts", 400),
        ("decoder", "closed_form_rows", 4_000),
        ("decoder", "learning_rates", [0.1] * 70),
        ("encoder", "test_rows", 800),
    ):
        larger = changed(run, **{group: {key: more}})
        assert evaluation_seconds(larger, RATES) > evaluation_seconds(run, RATES), key
    # The paper's grid, where none is said.
    papers = changed(run, decoder={"feature_factors": [], "learning_rates": []})
    assert evaluation_seconds(papers, RATES) > evaluation_seconds(run, RATES)
    few, many = (benchmark_seconds(run, n, RATES, causal=False) for n in (1, 10))
    assert many == pytest.approx(10 * few)
    assert benchmark_seconds(run, 1, RATES, causal=True) < few


def test_what_is_not_estimated_is_said():
    hub, paper = (
        load_profile(name).runs("bert-base-cased") for name in ("hub", "paper")
    )
    assert left_out(hub) == ""
    assert left_out(paper) == ", without tasks and continued training"


def test_the_profile_hub_takes_at_most_three_hours_on_a_laptop():
    profile, hours = load_profile("hub"), 0.0
    for name, size in SIZES.items():
        rates = Rates(int(size), 4, **LAPTOP)
        runs, count = profile.runs(name), len(variants(profile, name))
        hours += sum(training_seconds(r, rates) for r in runs) / 3600
        hours += sum(evaluation_seconds(r, rates) for r in runs) / 3600
        causal = name == "gpt2"
        hours += benchmark_seconds(runs[0], count, rates, causal=causal) / 3600
    assert 0.5 < hours < 3
