"""What a model says of jobs, beside what people say."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from study.profiles.reading import load_profile
from study.report.tables.norms import human_norms, rated_shares

REAL = load_profile("real")
JOBS = [f"job{number}" for number in range(60)]


def learned(model: str, says) -> pd.DataFrame:
    """Base: what ``says`` of the rating; N: a constant and a little noise."""
    noise = np.random.default_rng(0).normal(scale=0.05, size=len(JOBS))
    rows = []
    for number, word in enumerate(JOBS):
        rating = number / (len(JOBS) - 1)
        for variant, she in (("base", says(rating)), ("N", 0.5 + noise[number])):
            decoder = "–" if variant == "base" else "trained"
            for name, p, planted in (
                ("she", she, rating),
                ("he", 1 - she, 1 - rating),
            ):
                rows.append((variant, decoder, word, name, planted, p, number % 2 == 0))
    columns = ["variant", "decoder", "word", "class", "planted", "learned", "held_out"]
    return pd.DataFrame(rows, columns=columns).assign(
        model=model, feature="gender_MF", kind="profession"
    )


def test_a_model_that_repeats_the_ratings_has_r_1_and_a_balanced_one_none():
    model = REAL.entry(REAL.models[0]).display
    table = human_norms(
        rated_shares(learned(model, lambda rating: 0.2 + rating / 2), REAL)
    )
    base, ours = (row for _, row in table.iterrows())
    assert (base["variant"], base["jobs"]) == ("base", 30)
    assert base["r"] == pytest.approx(1) and base["low"] == pytest.approx(1)
    assert base["slope"] == pytest.approx(0.5) and abs(ours["slope"]) < 0.1
    assert base["mean"] == pytest.approx(0.2 + 29 / 59 / 2)
    assert ours["low"] < 0 < ours["high"] and abs(ours["r"]) < 0.5
    assert ours["offset"] < 0.05 < base["spread"]


def test_models_whose_jobs_nobody_rated_have_no_row():
    assert rated_shares(learned("another", lambda rating: rating), REAL).empty
