"""The parts of the analysis of three classes that need no model."""

from __future__ import annotations

import numpy as np
import pytest

from study.steps.classes import _nearest, _told
from study.steps.three_classes import _together


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
