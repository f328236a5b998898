"""Features with models: their own, another's, and sources that there are not."""

from __future__ import annotations

import dataclasses
import logging

import pytest

from gradiend.autoencoder import PARTS, Gradiend
from gradiend.encoding import directional_derivatives, encode
from gradiend.errors import InputError
from gradiend.fitting import need_fitting
from gradiend.gradients import gradients
from gradiend.rewriting import save_rewritten
from tests.conftest import tiny_lm


def named(lm, base: str) -> Gradiend:
    found = Gradiend.initialise(lm.covered, seed=0)
    return dataclasses.replace(found, metadata={"base_model": base})


def test_a_source_that_there_is_not_is_refused(table):
    lm = tiny_lm("bert")
    gradiend, rows = Gradiend.initialise(lm.covered, seed=0), table.iloc[:2]
    batch = lm.batch(lm.encode(rows))
    said = r"unknown source 'diference'; did you mean 'difference'\?"
    for work in (
        lambda: encode(lm, gradiend, rows, source="diference"),
        lambda: encode(lm, gradiend, rows.iloc[:0], source="diference"),
        lambda: gradients(lm, batch, sources=("diference",)),
        lambda: directional_derivatives(
            lm, gradiend.encoder, batch, source="diference"
        ),
    ):
        with pytest.raises(InputError, match=said):
            work()


def test_a_feature_of_another_architecture_encodes_nothing(table):
    lm, other = tiny_lm("bert"), tiny_lm("distilbert")
    with pytest.raises(InputError, match=r"does not cover .* trained on 'distil'"):
        encode(lm, named(other, "distil"), table.iloc[:2])
    shorter = named(lm, "bert")
    name = next(iter(shorter.encoder))
    shorter.encoder[name] = shorter.encoder[name][:1]
    with pytest.raises(InputError, match="does not cover the parameters"):
        encode(lm, shorter, table.iloc[:2])


@pytest.mark.parametrize("part", PARTS.values())
def test_a_feature_whose_parts_are_of_other_parameters_is_refused(tmp_path, part):
    lm, path = tiny_lm("bert"), tmp_path / "gradiend.safetensors"
    lacking = named(lm, "bert")
    name = list(lm.covered)[1]
    del getattr(lacking, part)[name]
    with pytest.raises(InputError, match="does not cover the parameters"):
        need_fitting(lm, lacking)
    lacking.save(path)
    for like in (None, lm.covered):
        with pytest.raises(InputError, match=rf"not cover the same .*\({name}\); give"):
            Gradiend.load(path, like=like)


def notes(caplog) -> list[str]:
    return [r.getMessage() for r in caplog.records if r.name == "gradiend.fitting"]


def test_a_feature_of_another_model_is_noted_once(table, caplog, tmp_path):
    lm = dataclasses.replace(tiny_lm("bert"), name="models/one-fine-tune")
    feature = named(lm, "hub/another-fine-tune")
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            encode(lm, feature, table.iloc[:2])
        save_rewritten(lm, feature, 1.0, 0.1, tmp_path / "out")
    (note,) = notes(caplog)
    assert "'hub/another-fine-tune'" in note and "'models/one-fine-tune'" in note
    assert "\n" not in note


@pytest.mark.parametrize("base", ["hub/own-model", "own-model", ""])
def test_a_feature_of_this_model_is_not(table, caplog, base):
    lm = dataclasses.replace(tiny_lm("bert"), name="folder/own-model")
    with caplog.at_level(logging.WARNING):
        encode(lm, named(lm, base), table.iloc[:2])
    assert notes(caplog) == []
