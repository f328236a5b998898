"""The parts of the analysis of three classes."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from gradiend.autoencoder import Gradiend
from gradiend.errors import InputError
from study.profiles.reading import load_profile
from study.steps.classes import _nearest, _told
from study.steps.kept_gradiends import KeptGradiends
from study.steps.three_classes import _together
from study.steps.trio_bench import set_up
from tests.study.changes import changed


def test_the_nearest_centre():
    train = np.array([[1.0, 1.0], [0.8, 1.2], [-1.0, 1.0], [1.0, -1.0]])
    labels = np.array([1, 1, 2, 3])
    test = np.array([[0.7, 0.9], [-0.2, 0.4], [0.9, -0.1]])
    assert _nearest(train, labels, test).tolist() == [1, 2, 3]


def test_as_many_neurons_as_classes_cannot_each_tell_one():
    labels = np.array([1, 2, 3, 1, 2, 3])
    h = np.eye(3)[labels - 1]
    assert np.isnan(_told(h, labels))
    assert _told(h[:, :2], labels) == pytest.approx(1)


def test_rewritings_one_upon_the_other():
    assert _together(["AB"]) == []
    assert _together(["AB", "AW"]) == [("AB", "AW")]
    assert _together(["AB", "AW", "BW"]) == [
        ("AB", "AW"),
        ("AB", "BW"),
        ("AB", "AW", "BW"),
    ]


def test_what_is_kept_comes_back_as_it_was_in_its_order(lm, tmp_path):
    kept = KeptGradiends(lm, tmp_path / "kept")
    made = {
        name: Gradiend.initialise(lm.covered, seed=seed)
        for seed, name in enumerate(("she/they", "he/they"))
    }
    for name, gradiend in made.items():
        kept.keep(name, gradiend)
    assert list(kept) == list(made) and len(kept) == 2
    for name, gradiend in kept.items():
        for key, tensor in made[name].encoder.items():
            assert torch.equal(gradiend.encoder[key], tensor)


def test_a_group_of_three_classes_that_there_is_not_is_refused(tmp_path):
    settings = load_profile("smoke").settings("standin-gpt2", "gender_MF")
    other = changed(settings, classes={"trios": ["continents"]})
    with pytest.raises(InputError, match=r"continents.*pronouns"):
        set_up({"gender_MF": other}, tmp_path)
