"""Results that were put aside are taken up again only if they are still ours."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from study.profiles.reading import load_profile
from study.results import files
from study.steps import decoder, workbench
from study.steps.aside import aside
from study.steps.workbench import Workbench
from tests.study.changes import changed


@pytest.fixture
def bench(tmp_path, monkeypatch) -> Workbench:
    monkeypatch.setenv("GRADIEND_RESULTS", str(tmp_path))
    bench = Workbench(load_profile("smoke"), "standin-gpt2")
    for run in bench.runs.values():
        run.folder.mkdir(parents=True)
        for name in (files.SELECTED, files.GRADIEND):
            (run.folder / name).write_text("first")
    for variant in bench.variants:
        if variant.stored:
            bench.file(variant).parent.mkdir(exist_ok=True)
            bench.file(variant).write_text("first")
    return bench


@pytest.mark.parametrize("part", ["benchmarks", "tasks"])
def test_scores_of_a_method_that_was_fitted_again_are_not_taken(bench, part):
    before = bench.digest(part)
    assert bench.digest(part) == before
    fitted = next(variant for variant in bench.variants if variant.stored)
    bench.file(fitted).write_text("second")
    assert bench.digest(part) != before


@pytest.mark.parametrize("name", [files.SELECTED, files.GRADIEND])
@pytest.mark.parametrize("part", ["methods", "benchmarks", "tasks"])
def test_what_was_made_with_another_gradiend_is_not_taken(bench, part, name):
    before = bench.digest(part)
    run = next(iter(bench.runs.values()))
    (run.folder / name).write_text("second")
    assert bench.digest(part) != before


@pytest.mark.parametrize("part", ["methods", "benchmarks", "tasks"])
def test_what_other_code_or_data_gave_is_not_taken(bench, part, monkeypatch):
    before = bench.digest(part)
    with monkeypatch.context() as patch:
        patch.setattr(workbench, "code_digest", lambda: "of another version")
        assert bench.digest(part) != before
    other = SimpleNamespace(folder=Path("of other files"))
    monkeypatch.setattr(workbench, "source_of", lambda _: other)
    assert bench.digest(part) != before


def test_a_grid_of_other_code_is_not_taken(bench, monkeypatch):
    run = next(iter(bench.runs.values()))
    before = decoder.grid_digest(run)
    assert decoder.grid_digest(run) == before
    monkeypatch.setattr(decoder, "code_digest", lambda: "of another version")
    assert decoder.grid_digest(run) != before


def test_fitting_goes_on_whatever_was_fitted_before(bench):
    before = bench.digest("methods")
    fitted = next(variant for variant in bench.variants if variant.stored)
    bench.file(fitted).write_text("second")
    assert bench.digest("methods") == before


@pytest.mark.parametrize("part", ["benchmarks", "tasks"])
def test_scores_depend_on_what_the_benchmarks_are_asked(bench, part):
    before = bench.digest(part)
    asked = {"begin_of_sentence": "first"}
    bench.runs = {name: changed(r, benchmarks=asked) for name, r in bench.runs.items()}
    assert bench.digest(part) != before


def test_what_nothing_will_take_up_makes_room(tmp_path):
    for digest in ("mine", "old"):
        (tmp_path / f"partial-{digest}").mkdir()
    (tmp_path / "fitted.safetensors").touch()
    assert aside(tmp_path, "mine") == tmp_path / "partial-mine"
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"partial-mine", "fitted.safetensors"}


def test_stereoset_is_whole_or_of_the_profiles_domains(bench):
    whole = bench.suite()
    assert set(whole.stereoset["bias_type"]) > {"gender"}
    bench.settings = changed(bench.settings, benchmarks={"stereoset": "own"})
    own = bench.suite()
    assert set(own.stereoset["bias_type"]) == {"gender"} and len(own.stereoset) > 10
    assert own.crows.equals(whole.crows)
