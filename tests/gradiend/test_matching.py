"""A feature that is there and rows of one's own: labels, and what h is read from."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from gradiend import Gradiend, cli, debias, encode, read_cloze_table
from gradiend.cli import main
from gradiend.evaluation.encoder import pearson
from gradiend.matching import labelled_as, source_of
from study.models.standins import STANDINS
from study.results.places import REPOSITORY
from tests.conftest import tiny_lm
from tests.gradiend.files import rows, written

AGE = REPOSITORY / "data" / "examples" / "age.csv"
MODEL = str(STANDINS / "standin-bert-base")


@pytest.fixture(scope="module")
def feature() -> Gradiend:
    """One whose class +1 is *young*."""
    found = Gradiend.initialise(tiny_lm("bert").covered, seed=0)
    return replace(found, metadata={"positive": "young", "negative": "old"})


@pytest.fixture(scope="module")
def trained():
    """A feature that reads ∇±W."""
    training = {"source": "difference", "steps": 40}
    few = read_cloze_table(AGE).groupby(["label", "split"]).head(20)
    options = {"candidates": 0, "texts": 8}
    return debias(MODEL, few, method="train", training=training, **options)


# Labels


@pytest.mark.parametrize("last", [False, True])
def test_labels_that_no_file_says_are_the_features(feature, tmp_path, last, caplog):
    own = rows().drop(columns="label")
    table = read_cloze_table(written(tmp_path, own[::-1] if last else own))
    found = labelled_as(feature, table)
    assert (found["label"] == found["factual"].map({"young": 1, "old": -1})).all()
    assert not caplog.messages and found.attrs == table.attrs


def test_labels_of_the_file_stay_and_that_they_are_turned_round_is_said(
    feature, tmp_path, caplog
):
    own = rows().assign(label=lambda table: -table["label"])
    table = read_cloze_table(written(tmp_path, own))
    pd.testing.assert_frame_equal(labelled_as(feature, table), table)
    assert "h and label have opposite signs" in caplog.text


def test_other_classes_than_the_features_are_said(feature, tmp_path, caplog):
    own = rows().replace({"young": "new"}).replace({"factual_class": {"old": "worn"}})
    own = own.replace({"counterfactual_class": {"old": "worn"}})
    table = read_cloze_table(written(tmp_path, own))
    pd.testing.assert_frame_equal(labelled_as(feature, table), table)
    assert "new of the rows and young of the feature (-1: worn and old)" in caplog.text


def test_a_feature_without_classes_changes_nothing(feature, caplog):
    table = rows().assign(label=-1)
    assert labelled_as(replace(feature, metadata={}), table) is table
    assert not caplog.messages


# What h is read from


def test_the_source_is_that_of_training(feature, trained):
    assert source_of(feature) == "factual"
    assert source_of(trained.gradiend) == "difference"
    fitted = replace(feature, metadata={"settings": {"source": "counterfactual"}})
    assert source_of(fitted) == "counterfactual"


def test_a_trained_feature_is_asked_what_it_learned(trained):
    table = trained.encodings
    test = read_cloze_table(AGE).loc[table.index]
    h = encode(trained.lm, trained.gradiend, test, source="difference")
    assert table["h"].to_numpy() == pytest.approx(h, abs=1e-6)
    assert trained.correlation == pytest.approx(pearson(h, test["label"].to_numpy()))
    assert (encode(trained.lm, trained.gradiend, test) == h).all()
    other = encode(trained.lm, trained.gradiend, test, source="factual")
    assert abs(h - other).max() > 1e-3


# The command


@pytest.fixture(scope="module")
def file(trained, tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("feature") / "gradiend.safetensors"
    trained.gradiend.save(path)
    return str(path)


def encoded(file: str, table: pd.DataFrame, folder, *more: str) -> pd.DataFrame:
    out = folder / "h.csv"
    given = ["encode", MODEL, file, str(written(folder, table)), "--out", str(out)]
    assert main([*given, "--overwrite", *more]) == 0
    return pd.read_csv(out)


def test_encode_reads_source_and_classes_off_the_feature(file, trained, tmp_path):
    own = pd.read_csv(AGE).groupby("label").head(6)[::-1]
    assert own["factual_class"].iloc[0] == "old"
    found = encoded(file, own.drop(columns="label"), tmp_path)
    assert found["label"].tolist() == own["label"].tolist()
    h = encode(trained.lm, trained.gradiend, own, source="difference")
    assert found["h"].to_numpy() == pytest.approx(h, abs=1e-6)
    turned = encoded(file, own.drop(columns="label"), tmp_path, "--positive", "old")
    assert (turned["label"] == -found["label"]).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.replace({"factual": {"young": "Ωψ"}}), "does not know factual"),
        (lambda t: t.assign(h=1), "it has a column h, which --out would replace"),
    ],
)
def test_what_encode_would_get_wrong_is_refused(
    file, tmp_path, capsys, change, message
):
    table = change(pd.read_csv(AGE).groupby("label").head(6))
    given = ["encode", MODEL, file, str(written(tmp_path, table))]
    assert main([*given, "--out", str(tmp_path / "h.csv")]) == 1
    said = capsys.readouterr().err
    assert message in said and said.count("\n") == 1


def test_rows_of_no_class_may_ask_for_any_word(file, tmp_path):
    own = pd.read_csv(AGE).groupby("label").head(6)
    other = own.head(1).assign(label=0, factual="Ωψ", factual_class="none")
    other["counterfactual_class"] = "none"
    found = encoded(file, pd.concat([own, other]), tmp_path)
    assert found["h"].notna().all() and found["label"].iloc[-1] == 0


@pytest.mark.parametrize("number", [["--h=nan", "--alpha=1"], ["--h=0", "--alpha=inf"]])
def test_a_model_of_no_numbers_is_not_written(file, tmp_path, capsys, number):
    given = ["rewrite", "no-model", file, *number, "--out", str(tmp_path / "out")]
    assert main(given) == 1 and "give a finite number" in capsys.readouterr().err


def test_pairs_add_up_and_contradict_nothing(tmp_path, capsys):
    given = ["encode", "no-model", "no-file", "rows.csv"]
    more = ["--pairs", "he=she", "his=her", "--pairs", "him=her", "he=she"]
    chosen = cli._parser().parse_args([*given, *more])
    pairs = {"he": "she", "his": "her", "him": "her"}
    assert cli._pairs(chosen.pairs) == pairs
    assert cli._parser().parse_args(given).pairs == []
    assert main([*given, "--pairs", "her=his", "her=him"]) == 1
    assert "'her' two partners (his and him)" in capsys.readouterr().err
