"""The tables of notebook 10, on hand-made results."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from study.profiles.reading import load_profile
from study.report.tables.method import (
    asked_alike,
    association_removal,
    before_and_after,
    gap_frontier,
    profession_shares,
    profession_spread,
    selected_models,
)

WORDS = [f"job{number:02d}" for number in range(30)]
DECODERS = ("trained", "refined", "closed form")
VARIANTS = (("base", "–"), *(("N", decoder) for decoder in DECODERS), ("F", "trained"))


@pytest.fixture
def learned() -> pd.DataFrame:
    """P(she) of job i is i/29 in the base, ½ + (i/29 − ½)/2 in the variants.

    The closed form's is .1 less.
    """
    rows = []
    for (variant, decoder), (number, word) in itertools.product(
        VARIANTS, enumerate(WORDS)
    ):
        planted = number / 29
        she = planted if variant == "base" else 0.5 + (planted - 0.5) / 2
        she -= 0.1 * (decoder == "closed form")
        for name, p in (("she", 0.9 * she), ("he", 0.9 * (1 - she)), ("they", 0.1)):
            rows.append((variant, decoder, word, name, planted, p))
    columns = ["variant", "decoder", "word", "class", "planted", "learned"]
    table = pd.DataFrame(rows, columns=columns)
    apart = table["word"].isin(WORDS[:10] + WORDS[-10:])
    return table.assign(
        model="A", feature="gender_MF", kind="profession", held_out=apart
    )


def test_shares_are_of_the_held_out_professions_in_the_order_of_their_truth(learned):
    shares = profession_shares(learned)
    base = shares[shares["variant"] == "base"]
    assert base["word"].tolist() == WORDS[:10] + WORDS[-10:]
    expected = np.r_[np.arange(10), np.arange(20, 30)] / 29
    assert np.allclose(base["share"], expected)
    assert list(shares["variant"].unique()) == ["base", *(f"N, {d}" for d in DECODERS)]


def test_figures_hold_the_base_what_the_paper_chooses_and_what_is_refined(learned):
    shown = before_and_after(profession_shares(learned))
    assert list(shown["variant"].unique()) == ["base", "N, trained", "N, refined"]


def test_a_model_has_the_professions_that_its_own_selection_did_not_see(
    learned,
):
    """Of another source of data, whose words are partly the same."""
    other = learned.assign(model="B", planted=1 - learned["planted"])
    other["held_out"] = other["word"].isin([*WORDS[5:8], "more"])
    shares = profession_shares(pd.concat([learned, other], ignore_index=True))
    base = shares[shares["variant"] == "base"].groupby("model", sort=False)["word"]
    of_each = base.agg(list)
    assert of_each["A"] == WORDS[:10] + WORDS[-10:]
    assert of_each["B"] == WORDS[7:4:-1]
    first, second = asked_alike(shares)
    assert set(first["model"]) == {"A"} and set(second["model"]) == {"B"}
    alike = pd.concat([learned, learned.assign(model="B")], ignore_index=True)
    assert len(asked_alike(profession_shares(alike))) == 1


def test_a_halved_share_is_a_halved_spread_and_the_mean_stands_beside_it(learned):
    kept = (0.8, 0.6, 0.4, 0.76)
    selected = pd.DataFrame(
        [(*key, lms) for key, lms in zip(VARIANTS[:4], kept, strict=True)],
        columns=["variant", "decoder", "LMS"],
    ).assign(model="A", feature="gender_MF")
    row = profession_spread(learned, selected).iloc[0]
    for decoder, lms, mean in (
        ("trained", 0.75, 0.5),
        ("refined", 0.5, 0.5),
        ("closed form", 0.95, 0.4),
    ):
        assert row[f"N, {decoder}"] == pytest.approx(row["base"] / 2)
        assert row[f"LMS, {decoder}"] == pytest.approx(lms)
        assert row[f"mean, N, {decoder}"] == pytest.approx(mean)
        assert row[f"offset, N, {decoder}"] == pytest.approx(0.5 - mean)
    assert row["mean, base"] == pytest.approx(0.5)


def chosen_of(rows) -> pd.DataFrame:
    """Selected rows: variant, decoder, gap, offset and LMS on texts not selected on."""
    columns = ["variant", "decoder", "gap", "offset", "LMS"]
    table = pd.DataFrame(rows, columns=columns).assign(model="A", feature="gender_MF")
    return table.assign(**{"balance gap": table["gap"] ** 2})


def test_the_frontier_is_held_out_and_says_what_is_not():
    grid = pd.DataFrame(
        [(np.nan, 0.4, 0.8, 0.5), (0.0, 0.1, 0.7, 0.7), (0.0, 0.3, 0.79, 0.6)],
        columns=["h", "gap", "LMS", "BPI"],
    ).assign(model="A", feature="gender_MF")
    chosen = chosen_of(
        [
            ("base", "–", 0.5, 0.02, 0.9),
            ("N", "trained", 0.4, 0.3, 0.855),
            ("N", "refined", 0.2, 0.05, 0.891),
        ]
    )
    row = gap_frontier(grid, chosen).iloc[0]
    assert (row["gap base"], row["offset base"]) == (0.5, 0.02)
    assert row["N / base"] == pytest.approx(0.8)
    assert row["LMS N / base"] == pytest.approx(0.95)
    assert row["N refined / base"] == pytest.approx(0.4)
    assert row["N refined / base, balanced slot"] == pytest.approx(0.16)
    assert row["LMS N refined / base"] == pytest.approx(0.99)
    assert (row["offset N"], row["offset N refined"]) == (0.3, 0.05)
    selection = {
        name.removesuffix(" (selection texts)"): value
        for name, value in row.items()
        if name.endswith(" (selection texts)")
    }
    assert selection == pytest.approx(
        {
            "paper's rule: N / base": 0.25,
            "paper's rule: LMS / base": 0.875,
            "least gap / base at LMS ≥ 0.97": 0.75,
        }
    )


def test_selected_models_show_gap_and_offset_side_by_side():
    table = chosen_of([("base", "–", 0.5, 0.02, 0.9)])
    table[["h", "learning_rate", "said", "BPI", "FPI", "MPI", "P(female)"]] = 0.0
    table["P(asian)"] = np.nan
    shown = list(selected_models(table, "gender"))
    start = shown.index("P(female)")
    assert shown[start : start + 5] == ["P(female)", "gap", "offset", "said", "LMS"]
    assert "P(asian)" not in shown


@pytest.fixture
def removed() -> pd.DataFrame:
    """Gender halved by N and untouched when refined; race moved by .1, age by .3."""
    rows = []
    for variant, decoder in VARIANTS[:3]:
        n = decoder == "trained"
        for query, held, gap in (("a", True, 0.4), ("b", True, 0.6), ("c", False, 0.9)):
            p = gap / 2 if n else gap
            for word, planted, value in (
                ("she", gap + 0.1, p),
                ("he", 0.1, 0.0),
                ("they", 0, 1 - p),
            ):
                rows.append(("gender", query, word, planted, value, held))
                rows[-1] += (variant, decoder)
        for domain, word, change in (("race", "Asian", 0.1), ("age", "young", 0.3)):
            value = 0.5 + n * change
            rows.append((domain, "d", word, 0.5, value, True, variant, decoder))
    columns = ["domain", "query", "class", "planted", "learned", "held_out"]
    table = pd.DataFrame(rows, columns=[*columns, "variant", "decoder"])
    return table.assign(feature="gender_MF", kind="k")


def test_what_is_removed_and_what_moves_by_domain(removed):
    profile = load_profile("mini")
    planted_in, real = (
        next(e.display for e in profile.entries.values() if e.stand_in == stand_in)
        for stand_in in (True, False)
    )
    both = pd.concat([removed.assign(model=name) for name in (planted_in, real)])
    first, second = association_removal(both, profile).to_dict("records")
    assert first == pytest.approx(
        {
            "model": planted_in,
            "feature": "gender_MF",
            # Of the two held-out queries; the third has a gap of its own.
            "gap planted": 0.5,
            "gap base": 0.5,
            "gap N": 0.25,
            "moved: race": 0.1,
            "moved: age": 0.3,
        }
    )
    assert np.isnan(second["gap planted"]) and second["gap N"] == pytest.approx(0.25)
    refined = association_removal(both, profile, decoder="refined").iloc[0]
    assert refined["gap N"] == pytest.approx(0.5) and refined["moved: age"] == 0
