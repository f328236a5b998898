"""The profile `hub` from end to end, on files that follow the data sets' cards."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from gradiend.files import read_csv
from study.profiles.reading import load_profile
from study.profiles.variants import variants
from study.results import files
from study.results.places import REPOSITORY
from study.results.selected import AUTHORS
from study.sources.hub import RECORD
from tests.replica import environment_of, run_profile

PROFILE = REPOSITORY / "tests" / "hub_replica.yaml"
MODEL = "distilbert-base-cased"


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    root = tmp_path_factory.mktemp("hub")
    return environment_of(root, PROFILE, [MODEL], "data/script_free.yaml")


@pytest.fixture(scope="module")
def said(environment) -> str:
    """What the whole profile says, run once."""
    done = run_profile(environment, PROFILE.name)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_preflight_says_what_is_fetched_and_how_long_it_takes(said):
    lines = said.splitlines()
    assert "public data: 0.0 MB to fetch" in lines
    assert "the authors' checkpoints: 0.0 MB to fetch" in lines
    assert any(line.startswith(f"{MODEL}: 0.0 MB to fetch") for line in lines)
    (line,) = (line for line in lines if line.startswith("in all about "))
    assert line.endswith("one model after another (an estimate)")


def test_every_table_is_there_and_has_the_authors_row(environment, said):
    profile = load_profile(str(Path(environment["HF_HOME"]) / PROFILE.name))
    results = Path(environment["GRADIEND_RESULTS"])
    folder = results / profile.name
    assert AUTHORS in (folder / "figures" / "main_gender.md").read_text()
    states = {v.slug for v in variants(profile, MODEL)}
    likelihoods = read_csv(folder / MODEL / files.BENCHMARKS_FOLDER / "likelihoods.csv")
    assert set(likelihoods["state"]) == states
    assert np.isfinite(likelihoods["nll"]).all()
    assert not (folder / MODEL / files.TASKS_FOLDER).exists()
    (record,) = (results / "public").glob(f"*/{RECORD}")
    genter = json.loads(record.read_text())["genter"]
    assert "genter-ajibawa-name-filled" in genter["from"]


def test_it_is_not_run_or_fetched_again(environment, said):
    planned = run_profile(environment, PROFILE.name, "-n")
    assert "Nothing to be done" in planned.stdout + planned.stderr
