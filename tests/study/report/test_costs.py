"""What methods cost, from the notes of their fits."""

from __future__ import annotations

import numpy as np
import pytest

from gradiend.errors import InputError
from gradiend.files import write_json
from study.profiles.reading import load_profile
from study.report.costs import costs
from study.report.tables.costs import cost_table
from study.results import files

SMOKE, MODEL = load_profile("smoke"), "standin-gpt2"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Results with notes of every fit; GRADIEND's are from before passes were noted."""
    monkeypatch.setenv("GRADIEND_RESULTS", str(tmp_path))
    run = SMOKE.runs(MODEL, "gender")[0]
    cost = {"seconds": 2.5, "peak_MiB": 1700, "device": "CPU"}
    for step in ("training", "decoder"):
        write_json(run.folder / f"{step}.run.json", cost)
    methods = run.model_folder / "methods"
    passes = {"forward": 12, "backward": 3, "tokens": 34_567}
    for number, name in enumerate(("inlp", "gradiend-n-inlp"), start=1):
        seconds = {"seconds": 10.0 * number}
        write_json(methods / f"gender-{name}.run.json", cost | seconds | passes)
    return methods


def test_there_is_a_row_a_fit_and_what_was_not_noted_is_not_a_number(folder):
    table = costs(SMOKE, MODEL, "gender").set_index("method")
    assert table.equals(costs(SMOKE, MODEL).set_index("method"))
    assert list(table.index) == [
        "GRADIEND (training)",
        "GRADIEND (choice)",
        "INLP",
        "GRADIEND-N + INLP",
    ]
    assert table["seconds"].tolist() == [2.5, 2.5, 10.0, 20.0]
    assert np.isnan(table.loc["GRADIEND (training)", "forward"])
    assert table.loc["INLP", ["forward", "backward", "tokens"]].tolist() == [
        12,
        3,
        34567,
    ]


def test_what_the_closed_form_takes_stands_beside_training(folder):
    means = SMOKE.runs(MODEL, "gender")[0].model_folder / "first_order"
    write_json(means / files.MEANS_COST, {"seconds": 0.5, "device": "CPU"})
    rows = {}
    for asked in ([], ["first_order"]):
        entry = SMOKE.entry(MODEL).model_copy(update={"analyses": asked})
        profile = SMOKE.model_copy(update={"entries": {MODEL: entry}})
        table = costs(profile, MODEL, "gender", means=True).set_index("method")
        rows[bool(asked)] = table["seconds"].head(3).to_dict()
    assert "GRADIEND (class means)" not in rows[False]
    assert rows[True] == {
        "GRADIEND (training)": 2.5,
        "GRADIEND (class means)": 0.5,
        "GRADIEND (choice)": 2.5,
    }


def test_memory_is_that_of_the_gpu_where_it_was_fitted(folder):
    path = folder / "gender-inlp.run.json"
    gpu = {"peak_GPU_MiB": 321, "peak_MiB": 9, "seconds": 1, "device": "a GPU"}
    write_json(path, gpu)
    table = costs(SMOKE, MODEL, "gender").set_index("method")
    assert table.loc["INLP", "peak_MiB"] == 321
    assert table.loc["INLP", "device"] == "a GPU"


def test_the_table_shows_what_is_there(folder):
    styler = cost_table(costs(SMOKE, MODEL, "gender"))
    text = styler.to_string(delimiter="\t")
    row = next(line for line in text.split("\n") if "\tINLP\t" in line)
    assert row.split("\t")[-5:] == ["10.0", "1,700", "12", "3", "34,567"]
    assert "–" in text and styler.caption.endswith("on CPU")


def test_what_was_resumed_has_no_numbers(folder):
    path = folder / "gender-inlp.run.json"
    write_json(path, {"seconds": 3, "forward": 2, "device": "CPU", "resumed": True})
    row = costs(SMOKE, MODEL, "gender").set_index("method").loc["INLP"]
    assert row[["seconds", "peak_MiB", "forward"]].isna().all()
    assert row["device"] == "CPU"


def test_a_fit_that_is_missing_is_named(folder):
    (folder / "gender-inlp.run.json").unlink()
    with pytest.raises(InputError, match=r"gender-inlp\.run\.json: not there yet; run"):
        costs(SMOKE, MODEL, "gender")
