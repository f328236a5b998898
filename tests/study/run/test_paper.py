"""The paper's profile from end to end, on a small copy of the hub."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest

from gradiend.files import read_csv, read_json
from study.profiles.profile import Profile
from study.profiles.reading import load_profile
from study.profiles.settings import Settings
from study.profiles.variants import variants
from study.results import files
from study.results.files import ANALYSES
from study.results.places import REPOSITORY
from study.results.selected import AUTHORS, CLOSED_FORM, TRAINED
from study.run.notebooks import NOTEBOOKS
from study.run.plan import OF_REAL_MODEL
from study.steps.published import RANDOM
from tests.replica import environment_of, run_profile

PROFILE = REPOSITORY / "tests" / "replica.yaml"


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A replica that lacks one of the authors' checkpoints, and what leads there."""
    root = tmp_path_factory.mktemp("paper")
    return environment_of(root, PROFILE, ["distilbert-base-cased", "llama-3.2-3b"])


def run(environment: dict[str, str], *options: str) -> subprocess.CompletedProcess:
    return run_profile(environment, PROFILE.name, *options)


class Finished(NamedTuple):
    """What a run has left."""

    profile: Profile
    folder: Path  # of its results
    said: str

    def models(self) -> Iterator[tuple[list[Settings], Path]]:
        """Each model's runs and folder."""
        for model in self.profile.models:
            yield self.profile.runs(model), self.folder / model

    def features(self) -> Iterator[tuple[Settings, Path]]:
        """Each feature's run and folder, of all models."""
        for runs, folder in self.models():
            for run in runs:
                yield run, folder / run.feature


@pytest.fixture(scope="module")
def finished(environment) -> Iterator[Finished]:
    """The whole profile, run once; what was left out is looked up in its results."""
    done = run(environment)
    assert done.returncode == 0, done.stdout + done.stderr
    profile = load_profile(str(Path(environment["HF_HOME"]) / "replica.yaml"))
    folder = Path(environment["GRADIEND_RESULTS"]) / "replica"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIEND_RESULTS", environment["GRADIEND_RESULTS"])
        yield Finished(profile, folder, done.stdout)


def test_the_papers_profile_runs_through_every_notebook(finished, environment):
    # The preflight comes first.
    assert "distilbert-base-cased: 0.0 MB to fetch" in finished.said
    folder = finished.folder
    executed = {path.stem.split("--")[0] for path in folder.glob("notebooks/*.ipynb")}
    others = {notebook for notebook, _ in ANALYSES.values()}  # asked for by name
    others |= set(OF_REAL_MODEL)
    assert executed | others == {path.stem for path in NOTEBOOKS.glob("*.ipynb")}
    assert executed.isdisjoint(others)
    (mark,) = folder.glob("distilbert-base-cased/fetched.json")
    assert json.loads(mark.read_text())["sha256"]
    planned = run(environment, "-n")
    assert "Nothing to be done" in planned.stdout + planned.stderr


def test_the_page_shows_every_domain_and_model(finished):
    page = (finished.folder / "report.html").read_text()
    for settings, _ in finished.features():
        assert f"Main results, {settings.domain.name}" in page
        assert settings.display in page


def test_training_is_validated_when_the_profile_says(finished):
    for settings, folder in finished.features():
        history, training = read_csv(folder / files.HISTORY), settings.training
        every = range(training.evaluate_every, training.steps, training.evaluate_every)
        assert history["step"].tolist() == sorted({1, *every, training.steps}), folder
        assert np.isfinite(history[["loss", "pearson"]]).all(axis=None), folder


def test_public_rows_that_are_too_long_are_counted(finished):
    for settings, folder in finished.features():
        left_out = read_json(folder / files.TRAINING)["values"]["left_out"]
        has_long_rows = settings.domain.name == "race"
        assert (left_out["cloze rows"] > 0) == has_long_rows, folder


def test_encodings_are_of_both_classes_and_of_each_model_its_own(finished):
    found: dict[str, list[list[float]]] = {}
    for settings, folder in finished.features():
        rows = read_csv(folder / files.ENCODINGS)
        kinds = {"feature", "neutral", "feature-neutral"}
        if len(settings.domain.classes) > 2:
            kinds |= {"untrained"}
        assert set(rows["kind"]) == kinds, folder
        own = rows["kind"] == "feature"
        sizes = rows.loc[own, "label"].value_counts()
        assert set(sizes.index) == {1, -1}, folder
        assert sizes.sum() <= settings.encoder.test_rows
        assert (rows.loc[~own, "label"] == 0).all(), folder
        assert rows["h"].abs().max() <= 1 and rows["h"].std() > 0, folder
        found.setdefault(settings.feature, []).append(rows["h"].head(5).tolist())
    for feature, values in found.items():
        assert len(set(map(tuple, values))) == len(values), feature


def test_every_variant_is_the_best_of_the_grid_by_its_index(finished):
    for settings, folder in finished.features():
        asked, domain = settings.decoder, settings.domain
        grid, selected = (
            read_csv(folder / files.GRID),
            read_csv(folder / files.SELECTED),
        )
        places = [*product(asked.feature_factors, asked.learning_rates)]
        columns = grid[["h", "learning_rate"]]
        assert columns.iloc[0].isna().all()  # the base model
        assert [*columns.iloc[1:].itertuples(index=False, name=None)] == places
        shares = grid.filter(like="P(")
        assert len(shares.columns) == 2
        assert shares.ge(0).all(axis=None) and shares.le(1).all(axis=None)
        assert grid["LMS"].between(0, 1).all()
        assert asked.lms_floor == 0
        for variant, index in domain.variants.items():
            best = columns.loc[grid[index].idxmax()]
            for decoder in (TRAINED, CLOSED_FORM):
                own = selected["variant"] == variant
                own &= selected["decoder"] == decoder
                assert own.sum() == 1, (folder, variant, decoder)
                if decoder == TRAINED:
                    chosen = selected.loc[own, ["h", "learning_rate"]].to_numpy()[0]
                    np.testing.assert_array_equal(chosen, best.to_numpy(), str(folder))


def test_the_authors_checkpoints_stand_beside_ours_and_a_missing_one_is_left_out(
    finished,
):
    (line,) = (x for x in finished.said.splitlines() if x.startswith("gpt2: the auth"))
    assert "aieng-lab/gpt2-gradiend-gender-debiased" in line
    name = f"GRADIEND-N ({AUTHORS})"
    for runs, folder in finished.models():
        model, gender = runs[0].model, folder / "gender_MF"
        there = model != "gpt2"
        names = [variant.name for variant in variants(finished.profile, model)]
        selected = read_csv(gender / files.SELECTED)
        assert (name in names) == there
        assert (AUTHORS in set(selected["decoder"])) == there
        table = read_csv(gender / files.DIFFERENCES)
        if not there:
            assert table.empty
            continue
        rows = table.set_index("decoder")
        assert rows.loc[AUTHORS, "cosine"] == pytest.approx(1, abs=1e-3)
        assert abs(rows.loc[RANDOM, "cosine"]) < 0.05
        assert {TRAINED, AUTHORS, RANDOM} <= set(rows.index)


def by_state(path: Path) -> dict[str, pd.DataFrame]:
    parts = read_csv(path).groupby("state")
    return {s: t.drop(columns="state").reset_index(drop=True) for s, t in parts}


def test_every_variant_answers_the_same_benchmarks(finished):
    bases = []
    for runs, folder in finished.models():
        states = {v.slug for v in variants(finished.profile, runs[0].model)}
        benchmarks = folder / files.BENCHMARKS_FOLDER
        for name in files.RESULT_TABLES:
            found = by_state(benchmarks / f"{name}.csv")
            if name != "crows":  # which asks a variant for its domain alone
                assert len({len(table) for table in found.values()}) == 1, folder
            assert found.keys() == states, (folder, name)
            for state, table in found.items():
                numbers = table.select_dtypes("number")
                assert np.isfinite(numbers).all(axis=None), (folder, name, state)
        texts = by_state(benchmarks / "likelihoods.csv")
        base = texts["any-base"]
        assert len(base) == runs[0].benchmarks.perplexity_texts
        fitted = {f"{run.domain.name}-sentencedebias" for run in runs} & states
        assert fitted, folder
        for state in fitted:
            assert not texts[state]["nll"].equals(base["nll"]), (folder, state)
        bases.append(tuple(base["nll"]))
    assert len(set(bases)) == len(bases), "each model has answered for itself"


def test_every_variant_that_can_be_is_tried_on_the_tasks(finished):
    for runs, folder in finished.models():
        found = by_state(folder / files.TASKS_FOLDER / files.TASKS)
        every = variants(finished.profile, runs[0].model)
        assert found.keys() == {v.slug for v in every if not v.head_only}, folder
        keys = ["task", "split", "seed", "unit"]
        base = found["any-base"]
        assert set(base["task"]) == set(runs[0].tasks.names), folder
        assert not base.duplicated(keys).any(), folder
        for state, table in found.items():
            assert table[keys].equals(base[keys]), (folder, state)
            assert table["prediction"].isin(range(3)).all(), (folder, state)


def test_robustness_has_every_order_of_steps(finished):
    tuned = {"debiased, then fine-tuned", "fine-tuned", "fine-tuned, then debiased"}
    for _, folder in finished.models():
        robust = folder / files.ROBUSTNESS_FOLDER
        assert by_state(robust / files.TASKS).keys() == tuned, folder
        texts = by_state(robust / "likelihoods.csv")
        assert texts.keys() == tuned | {"base", "debiased"}, folder
        before, after = texts["base"]["nll"], texts["fine-tuned"]["nll"]
        assert len(before) == len(after) and not before.equals(after), folder
