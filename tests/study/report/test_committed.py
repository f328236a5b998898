"""Where gathered results come from, and those that the repository comes with."""

from __future__ import annotations

import pandas as pd
import pytest

from gradiend.errors import InputError
from gradiend.files import write_json
from study.profiles.reading import load_profile
from study.report.committed import Committed, committed, committed_files
from study.report.origin import Made, Origin, read_origin, write_origin
from study.report.source import read_source, write_source


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
    names = [profile.entry(model).display for model in profile.models]
    assert [found.models[name].devices for name in names] == [
        ("CPU",),
        ("NVIDIA H200",),
    ]
    assert str(found.of(names[:1])) == "./run_all.sh smoke on CPU"
    both = str(found)
    assert both.startswith("./run_all.sh smoke: ")
    assert f"{names[0]} on CPU" in both and f"{names[1]} on NVIDIA H200" in both


def test_devices_are_said_once_if_they_are_the_same():
    made = Made(("CPU", "NVIDIA H200"), "")
    origin = Origin("./run_all.sh smoke", {"A": made, "B": made})
    assert str(origin) == "./run_all.sh smoke on CPU, NVIDIA H200"


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
    real = committed("smollm2-135m-instruct")
    assert real.folder == "figures/real"
    assert real.origin.startswith("SmolLM2-135M-Instruct (4-bit weights): ./run_all.sh")
    assert real.origin.endswith("; committed in figures/real")
    own = real.read("encoder")
    assert set(own["model"]) == {"SmolLM2-135M-Instruct (4-bit weights)"}
    assert set(own["feature"]) == set(real.profile.features)
    every = committed()
    whole = read_source(real.profile.figures / "source", "encoder")
    assert every.read("encoder").equals(whole)
    assert set(every.models) == set(whole["model"])
    assert real.has("encoder") and not real.has("no such table")


def test_a_table_without_rows_of_the_model_is_not_there(tmp_path, monkeypatch):
    real = committed("minilm-l6")
    monkeypatch.setattr(Committed, "source", tmp_path)
    for name, shown in (("SmolLM2", False), (real.models[0], True)):
        write_source(tmp_path, "asked", pd.DataFrame({"model": [name]}))
        assert real.has("asked") is shown


def test_the_profile_that_makes_them_does_not_wait_for_them():
    names = [path.name for path in committed_files(load_profile("mini"))]
    assert {"origin.json", "encoder.parquet"} < set(names)
    assert committed_files(load_profile("real")) == []
