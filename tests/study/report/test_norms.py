"""What a model says of jobs, beside what people say."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from study.profiles.reading import load_profile
from study.report.claims import Models
from study.report.claims.ratings import rating_claims
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


def test_a_change_of_r_is_paired_job_by_job():
    """What jobs have in common cancels: intervals that overlap may yet differ."""
    words, model = [f"job{n}" for n in range(40)], "A"
    noise = np.random.default_rng(1).normal(size=40)
    ratings = np.linspace(0, 1, 40)
    base, ours = 0.5 + noise / 10, 0.5 + noise / 10 + (ratings - 0.5) / 8
    parts = [
        pd.DataFrame({"word": words, "variant": name, "share": said, "rating": ratings})
        for name, said in (("base", base), ("N, refined", ours))
    ]
    # The order of the rows does not say which job is which.
    parts[1] = parts[1].iloc[::-1]
    rows = human_norms(pd.concat(parts).assign(model=model)).set_index("variant")
    before, after = rows.loc["base"], rows.loc["N, refined"]
    assert before[["Δ r", "Δ low", "Δ high"]].isna().all()
    assert after["Δ r"] == pytest.approx(after["r"] - before["r"])
    assert after["low"] < before["high"]  # the two intervals overlap
    assert 0 < after["Δ low"] < after["Δ r"] < after["Δ high"]


def test_rho_is_of_the_order_alone():
    """One outlier bends r and no rank; turned round, the order is the opposite."""
    ratings = np.linspace(0, 1, 20)
    base = np.append(ratings[:-1] / 100, 0.9)
    parts = [
        pd.DataFrame({"variant": name, "share": said, "rating": ratings})
        for name, said in (("base", base), ("N, refined", 1 - base))
    ]
    words = [f"job{n}" for n in range(20)] * 2
    rows = human_norms(pd.concat(parts).assign(word=words, model="A"))
    before, after = (row for _, row in rows.set_index("variant").iterrows())
    assert before["r"] < 0.6 and before["ρ"] == pytest.approx(1)
    assert np.isnan(before["ρ base"])
    assert after["ρ"] == after["ρ base"] == pytest.approx(-1)


def test_models_whose_jobs_nobody_rated_have_no_row():
    assert rated_shares(learned("another", lambda rating: rating), REAL).empty


def test_r_and_slope_are_told_as_shares_of_the_bases():
    said = learned(REAL.entry(REAL.models[0]).display, lambda rating: 0.2 + rating / 2)
    base, ours = (row for _, row in human_norms(rated_shares(said, REAL)).iterrows())
    claims = {claim.id: claim for claim in rating_claims(said, Models.of(REAL))}
    ending = "trained:smollm2-135m-instruct"
    kinds = ("r", "slope", "r_change")
    assert set(claims) == {f"ratings_{kind}_{ending}" for kind in kinds}
    change = claims[f"ratings_r_change_{ending}"].quantity
    assert change.number == pytest.approx(ours["Δ r"]) and change.low == ours["Δ low"]
    for number in ("r", "slope"):
        claim = claims[f"ratings_{number}_{ending}"]
        assert claim.quantity.number == pytest.approx(ours[number] / base[number])
        assert claim.bound is None


def test_nothing_is_claimed_of_jobs_that_nobody_rated():
    assert not list(rating_claims(learned("another", float), Models.of(REAL)))
