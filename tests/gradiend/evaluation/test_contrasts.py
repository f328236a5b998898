"""Which neuron tells which class, against trying out all ways."""

from __future__ import annotations

import time
from itertools import permutations

import numpy as np
import pytest

from gradiend.errors import InputError
from gradiend.evaluation.contrasts import told_apart
from gradiend.evaluation.encoder import pearson


def by_trying_all(h: np.ndarray, labels: np.ndarray) -> np.ndarray:
    classes = sorted(set(labels.tolist()), key=abs)
    contrasts = [np.where(labels == label, 1, -1) for label in classes]
    found = np.array([[pearson(c, y) for y in contrasts] for c in h.T])
    neurons = range(h.shape[1])
    ways = permutations(range(len(classes)), h.shape[1])
    best = max(ways, key=lambda way: np.abs(found[neurons, way]).min())
    return found[neurons, best]


@pytest.mark.parametrize("classes", range(2, 7))
@pytest.mark.parametrize("ties", [False, True])
def test_the_way_is_that_of_trying_all(classes, ties):
    generator = np.random.default_rng(classes)
    labels = np.repeat(np.arange(1, classes + 1), 8)
    for neurons in {1, classes - 1, classes}:
        for _ in range(10):
            h = generator.normal(size=(len(labels), neurons))
            if ties:  # neurons alike, and classes that are told equally well
                h = np.sign(h[:, generator.integers(neurons, size=neurons)])
                h[:] = np.repeat(h[::8], 8, axis=0)
            assert told_apart(h, labels).tolist() == by_trying_all(h, labels).tolist()


def test_many_classes_take_no_time():
    labels = np.repeat(np.arange(1, 21), 4)
    h = np.random.default_rng(0).normal(size=(len(labels), 19)) / 4
    h += np.eye(20)[labels - 1, 1:]
    began = time.process_time()
    assert (told_apart(h, labels) > 0.3).all()
    assert time.process_time() - began < 30


def test_what_is_no_number_is_seen_in_the_result():
    labels = np.repeat(np.arange(1, 4), 4)
    h = np.random.default_rng(0).normal(size=(12, 2))
    h[3, 1] = np.nan
    assert np.isnan(told_apart(h, labels)).tolist() == [False, True]


def test_more_neurons_than_classes_are_refused():
    labels = np.repeat([1, 2], 4)
    with pytest.raises(InputError, match="3 neurons cannot tell 2 classes apart"):
        told_apart(np.random.default_rng(0).normal(size=(8, 3)), labels)
