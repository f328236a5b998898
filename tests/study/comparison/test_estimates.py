"""The benchmarks' scores of a model state: on disk, and the estimates from them."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from gradiend.errors import InputError
from gradiend.lm.cloze import ClozeLM
from study.comparison import estimates
from study.comparison.baselines.self_debias import SelfDebias
from study.comparison.benchmarks import crows, stereoset
from study.comparison.benchmarks.crows import crows_majority, crows_metric
from study.comparison.benchmarks.perplexity import perplexity
from study.comparison.benchmarks.seat import (
    SeatScores,
    effect_size,
    p_value,
)
from study.comparison.benchmarks.stereoset import (
    LABELS,
    stereoset_majority,
    stereoset_metrics,
)
from study.comparison.benchmarks.suite import (
    Scores,
    Suite,
    read_scores,
    read_suite,
    suite_scores,
    write_scores,
)
from study.comparison.bootstrap import Estimate
from study.comparison.estimates import (
    absolute,
    bias_estimates,
    compared,
    seat_p_values,
    task_estimates,
)
from study.domains import DOMAINS
from study.results.files import RESULT_TABLES
from study.sources.world import ensure_world
from tests.conftest import tiny_lm

# --- The suite

BENCHMARKED = {"SS", "SS majority", "ICAT", "LMS", "CrowS", "CrowS majority", "PPL"}


@pytest.fixture(scope="module")
def suite() -> Suite:
    return read_suite(ensure_world(), ["It rained.", "The mill is old."])


@pytest.fixture(scope="module")
def small(suite) -> Suite:
    """A few examples of each domain."""

    def some(table: pd.DataFrame) -> pd.DataFrame:
        parts = table.groupby("bias_type", sort=False).head(4)
        return parts.reset_index(drop=True)

    sizes = {"targ1": 5, "targ2": 4, "attr1": 3, "attr2": 6}
    tests = {
        name: dataclasses.replace(
            test, sentences={k: test.sentences[k][:n] for k, n in sizes.items()}
        )
        for name, test in suite.seat.items()
    }
    return Suite(some(suite.stereoset), some(suite.crows), tests, suite.texts)


@pytest.fixture(scope="module")
def scores(small) -> dict[str, Scores]:
    """Of a model that has vectors, one of which the head alone is changed, and …"""
    lm: ClozeLM = tiny_lm("bert")
    domains = ("gender", "race", "religion")
    found = {"any-base": suite_scores(lm, small, domains)}
    with SelfDebias("Anna said:").on(lm) as changed:
        found["gender-selfdebias"] = suite_scores(
            changed, small, ["gender"], vectors=False
        )
    found["religion-other"] = suite_scores(tiny_lm("gpt2"), small, ["religion"])
    return found


def test_the_worlds_folder_is_a_suite(suite):
    assert len(suite.stereoset) > 300 and len(suite.crows) > 300
    assert len(suite.seat) == 10
    for name, domain in DOMAINS.items():
        assert set(domain.seat) & set(suite.seat), name
    assert list(suite.texts) == ["It rained.", "The mill is old."]


def test_a_folder_without_tests_is_refused(tmp_path):
    (tmp_path / "seat").mkdir()
    (tmp_path / "seat" / "mine.json").write_text("{}")
    with pytest.raises(InputError, match=r"seat: none of the paper's tests is there"):
        read_suite(tmp_path, [])


def test_seat_is_scored_for_the_domains_asked_and_where_there_are_vectors(scores):
    assert scores["any-base"].seat.keys() > scores["religion-other"].seat.keys()
    assert set(scores["religion-other"].seat) <= set(DOMAINS["religion"].seat)
    assert scores["religion-other"].seat
    assert scores["gender-selfdebias"].seat == {}


def test_scores_come_back_from_their_files(scores, tmp_path):
    write_scores(tmp_path, scores)
    found = read_scores(tmp_path)
    assert list(found) == list(scores)
    for state, own in scores.items():
        for table in RESULT_TABLES:
            read = getattr(found[state], table)
            assert (read.pop("state") == state).all()
            expected = getattr(own, table)
            pd.testing.assert_frame_equal(
                read, expected, check_dtype=False, rtol=1e-14, atol=0
            )
        assert found[state].seat.keys() == own.seat.keys()
        for name, test in own.seat.items():
            read = found[state].seat[name]
            assert (read.cosines == test.cosines).all()
            assert read.targets == test.targets
            assert read.attributes == test.attributes
    # What was read can be written: as it is when a run is put together.
    again = tmp_path / "again"
    write_scores(again, found)
    for table in RESULT_TABLES:
        name = f"{table}.csv"
        assert (again / name).read_bytes() == (tmp_path / name).read_bytes()


def test_scores_without_any_vectors_come_back(scores, tmp_path):
    write_scores(tmp_path, {"a": scores["gender-selfdebias"]})
    assert read_scores(tmp_path)["a"].seat == {}


@pytest.mark.parametrize("name", ["seat.safetensors", "crows.csv"])
def test_damaged_or_missing_results_are_named(scores, tmp_path, name):
    write_scores(tmp_path, scores)
    (tmp_path / name).write_bytes(b"")
    with pytest.raises(InputError, match=rf"{name}: damaged .*; delete it and run"):
        read_scores(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(InputError, match=rf"{name}: not there yet; run its profile"):
        read_scores(tmp_path)


# --- Estimates


def test_the_larger_side_of_a_handful_of_items_is_not_told(scores):
    found = bias_estimates(scores["any-base"], "gender", seed=0, replicates=40)
    sides = found["SS majority"], found["CrowS majority"]
    assert all(np.isnan(side.value) and np.isnan(side.margin) for side in sides)
    assert not any(row["marked"] for row in compared(found, found))


@pytest.mark.parametrize("domain", ["gender", "race", "religion"])
def test_estimates_are_the_metrics_of_a_domain(scores, domain, monkeypatch):
    monkeypatch.setattr(estimates, "FEWEST_NAMED", 4)
    own = scores["any-base"]
    found = bias_estimates(own, domain, seed=0, replicates=40)
    tests = [name for name in DOMAINS[domain].seat if name in own.seat]
    names = BENCHMARKED | {"SEAT", *(f"SEAT: {t}" for t in tests)}
    assert tests and found.keys() == names
    examples = own.stereoset[own.stereoset["bias_type"] == domain]
    pairs = own.crows[own.crows["bias_type"].str.startswith(domain)]
    assert len(examples) == len(pairs) == 4
    by_hand = {
        "SS": stereoset_metrics(examples)["SS"],
        "LMS": stereoset_metrics(own.stereoset)["LMS"],
        "SS majority": stereoset_majority(examples)["SS majority"],
        "CrowS": crows_metric(pairs)["CrowS"],
        "CrowS majority": crows_majority(pairs)["CrowS majority"],
        "PPL": perplexity(own.likelihoods)["PPL"],
    }
    for name, value in by_hand.items():
        assert found[name].value == pytest.approx(value[0])
    ss, lms = found["SS"], found["LMS"]
    side = min(ss.value, 100 - ss.value)
    assert found["ICAT"].value == pytest.approx(lms.value * side / 50)
    sides = np.minimum(ss.replicates, 100 - ss.replicates)
    assert found["ICAT"].replicates == pytest.approx(lms.replicates * sides / 50)
    sizes = {test: effect_size(own.seat[test])[0] for test in tests}
    for test, size in sizes.items():
        assert found[f"SEAT: {test}"].value == pytest.approx(size)
    expected = np.mean(np.abs(list(sizes.values())))
    assert found["SEAT"].value == pytest.approx(expected)
    parts = [np.abs(found[f"SEAT: {test}"].replicates) for test in tests]
    assert found["SEAT"].replicates == pytest.approx(np.mean(parts, axis=0))
    assert all(len(e.replicates) == 40 for e in found.values())


def test_a_model_without_vectors_has_no_seat(scores):
    found = bias_estimates(scores["gender-selfdebias"], "gender", seed=0, replicates=9)
    assert found.keys() == BENCHMARKED
    assert seat_p_values(scores["gender-selfdebias"], "gender", seed=0) == {}


def association(*values: float) -> SeatScores:
    """A test whose targets, X before Y, are associated with A as given."""
    cosines = np.repeat(np.array(values)[:, None], 4, axis=1)
    cosines[:, 2:] = 0
    half = len(values) // 2
    return SeatScores(cosines, (half, half), (2, 2))


def by_hand_scores(seat: dict[str, SeatScores]) -> Scores:
    rows = pd.DataFrame([(0.5, 0.4, 0.1)] * 6, columns=LABELS)
    return Scores(
        rows.assign(target=list("abcdef"), bias_type="gender").assign(
            **dict(zip(stereoset.CLASSES, ("male", "female"), strict=True))
        ),
        pd.DataFrame(
            {"bias_type": "gender", "more": [-1.0, -2], "less": [-2.0, -1]}
        ).assign(**dict(zip(crows.CLASSES, ("male", "female"), strict=True))),
        pd.DataFrame({"nll": [2.0, 4.0], "tokens": [2, 1]}),
        seat,
    )


def test_opposite_associations_do_not_cancel():
    up, down = association(3, 1, 0, -1), association(0, -1, 3, 1)
    scores = by_hand_scores({"sent-weat6": up, "sent-weat7": down})
    found = bias_estimates(scores, "gender", seed=0, replicates=20)
    size = effect_size(up)[0]
    assert found["SEAT: sent-weat6"].value == pytest.approx(size)
    assert found["SEAT: sent-weat7"].value == pytest.approx(-size)
    assert found["SEAT"].value == pytest.approx(abs(size)) and abs(size) > 1
    p_values = seat_p_values(scores, "gender", seed=0)
    assert p_values == {
        f"SEAT: {name}": p_value(test, seed=0) for name, test in scores.seat.items()
    }


def test_the_same_seed_draws_the_same_examples():
    scores = by_hand_scores({"sent-weat6": association(3, 1, 0, -1)})
    first, again, other = (
        bias_estimates(scores, "gender", seed=seed, replicates=30) for seed in (0, 0, 1)
    )
    for name in first:
        same = first[name].replicates, again[name].replicates
        assert np.array_equal(*same, equal_nan=True)
    assert not np.array_equal(first["PPL"].replicates, other["PPL"].replicates)


def around(value: float, spread: float) -> Estimate:
    """Replicates whose standard deviation is ``spread``."""
    steps = np.array([-1.0, 1.0]) / np.sqrt(2)
    return Estimate(value, value + spread * steps)


def test_intervals_that_do_not_overlap_are_marked():
    # 1.96 · 1 to either side: intervals touch at a distance of 3.92.
    variant = {"SS": around(53.0, 1), "LMS": around(90.0, 1), "SEAT": around(0.2, 0.01)}
    base = {"SS": around(57.0, 1), "LMS": around(93.9, 1), "SEAT": around(0.1, 0.02)}
    rows = {row["metric"]: row for row in compared(variant, base)}
    assert {name: row["marked"] for name, row in rows.items()} == {
        "SS": True,
        "LMS": False,
        "SEAT": True,
    }
    assert rows["SS"]["value"] == 53 and rows["SS"]["change"] == -4
    assert rows["SS"]["margin"] == pytest.approx(1.96)
    # The same draws: what they have in common cancels.
    assert rows["SS"]["change_margin"] == pytest.approx(0)
    assert rows["SEAT"]["change_margin"] == pytest.approx(1.96 * 0.01)
    swapped = {row["metric"]: row for row in compared(base, variant)}
    assert swapped["SS"]["marked"] and swapped["SS"]["change"] == 4


def test_what_is_relative_to_the_base_is_marked_by_its_own_intervals():
    # Of the base 100 ± 0 by definition, so any interval of a variant is apart from it.
    base = {"bias left": around(100.0, 0), "gap": around(0.5, 0.1)}
    near = {"bias left": around(80.0, 1), "gap": around(0.4, 0.1)}
    far = {"bias left": around(10.0, 1), "gap": around(0.05, 0.01)}
    rows = [{row["metric"]: row for row in compared(v, base)} for v in (near, far)]
    assert [row["bias left"]["marked"] for row in rows] == [False, True]
    assert [row["gap"]["marked"] for row in rows] == [False, True]
    paired = rows[0]["bias left"]
    assert paired["change"] == -20 and paired["change_margin"] == pytest.approx(1.96)


def test_rounding_is_no_change():
    base = {"SS": around(100.0, 0), "SEAT": around(1e-9, 0)}
    same = {"SS": around(100.0 + 1e-7, 0), "SEAT": around(2e-9, 0)}
    assert not any(row["marked"] for row in compared(same, base))
    (row,) = compared({"SS": around(100.1, 0)}, {"SS": around(100.0, 0)})
    assert row["marked"]


def answers(task: str = "sst2", rows: int = 60, **right: int) -> pd.DataFrame:
    """Predictions of a task, of each seed the first so many right."""
    return pd.concat(
        pd.DataFrame(
            {"unit": range(rows), "label": 1, "prediction": np.arange(rows) < number}
        ).assign(task=task, split="validation", seed=seed)
        for seed, number in right.items()
    )


def test_replicates_draw_training_seeds_as_well_as_rows():
    alike, apart = answers(a=45, b=45, c=45), answers(a=60, b=60, c=15)
    found = [task_estimates(runs, seed=0)["GLUE: sst2"] for runs in (alike, apart)]
    assert [one.value for one in found] == [75, 75]
    # Nothing of the second is left to rows but of its third seed.
    means = np.random.default_rng(0).choice([100, 100, 25], (20_000, 3)).mean(axis=1)
    assert found[1].margin > 1.9 * np.std(means) > 2 * found[0].margin


def test_a_variant_sees_the_seeds_and_rows_that_the_base_sees():
    base, variant = answers(a=60, b=30, c=0), answers(a=54, b=24, c=0)
    change = (
        task_estimates(variant, seed=0)["GLUE"] - task_estimates(base, seed=0)["GLUE"]
    )
    assert change.value == pytest.approx(-20 / 3)
    # 10 points lost by two of three seeds, however far apart these are.
    assert change.margin < 8 < task_estimates(base, seed=0)["GLUE"].margin
    one = task_estimates(answers(a=30), seed=0)["GLUE"]
    assert one.margin == pytest.approx(1.96 * 100 * 0.5 / np.sqrt(60), rel=0.1)


def test_a_variant_without_vectors_is_compared_on_the_rest():
    base = {"SS": around(57.0, 1), "SEAT": around(0.1, 0.1)}
    assert [row["metric"] for row in compared({"SS": base["SS"]}, base)] == ["SS"]


def test_what_could_not_be_asked_is_not_marked():
    nothing = Estimate(np.nan, np.full(2, np.nan))
    (row,) = compared({"SS majority": nothing}, {"SS majority": nothing})
    assert np.isnan(row["value"]) and not row["marked"]


def test_the_absolute_value_is_taken_replicate_by_replicate():
    found = absolute(Estimate(-0.1, np.array([-0.3, 0.2])))
    assert found.value == 0.1 and found.replicates.tolist() == [0.3, 0.2]
