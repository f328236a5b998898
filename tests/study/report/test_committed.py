"""Where gathered results come from, and those that the repository comes with."""

from __future__ import annotations

import pytest

from gradiend.errors import InputError
from gradiend.files import write_json
from study.profiles.reading import load_profile
from study.report.committed import committed, committed_files
from study.report.gather import read_source
from study.report.origin import Origin, read_origin, write_origin


def test_devices_are_those_that_steps_have_noted(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIEND_RESULTS", str(tmp_path / "results"))
    profile = load_profile("smoke")
    first, second = (profile.runs(model)[0] for model in profile.models)
    write_json(first.folder / "training.run.json", {"device": "CPU"})
    write_json(first.model_folder / "benchmarks.run.json", {"device": "CPU"})
    write_json(second.folder / "decoder.run.json", {"device": "NVIDIA H200"})
    write_json(second.folder / "encoder.run.json", {"seconds": 1.0})  # an older note
    write_origin(profile, tmp_path)
    found = read_origin(tmp_path)
    assert found == Origin("./run_all.sh smoke", ("CPU", "NVIDIA H200"))
    assert str(found) == "./run_all.sh smoke on CPU, NVIDIA H200"


def test_a_profile_of_ones_own_is_called_by_its_file(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIEND_RESULTS", str(tmp_path / "results"))
    path = tmp_path / "own.yaml"
    path.write_text("like: smoke\n")
    write_origin(load_profile(str(path)), tmp_path)
    assert str(read_origin(tmp_path)) == "./run_all.sh own.yaml"


def test_results_without_an_origin_say_how_to_get_one(tmp_path):
    with pytest.raises(InputError, match=r"run_all\.sh"):
        read_origin(tmp_path)


def test_the_committed_results_are_those_of_figures_real():
    real = committed()
    assert real.folder == "figures/real"
    assert real.origin.startswith("SmolLM2-135M-Instruct (4-bit weights): ./run_all.sh")
    assert real.origin.endswith("; committed in figures/real")
    own = real.read("encoder")
    assert own.equals(read_source(real.profile.figures / "source", "encoder"))
    assert set(own["feature"]) == set(real.profile.features)


def test_the_profile_that_makes_them_does_not_wait_for_them():
    names = [path.name for path in committed_files(load_profile("mini"))]
    assert {"origin.json", "encoder.parquet"} < set(names)
    assert committed_files(load_profile("real")) == []
