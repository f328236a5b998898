"""INLP: when it stops, what it says of that, and that it projects."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from gradiend.errors import InputError
from study.comparison.baselines.inlp import (
    AT_MAJORITY,
    AT_MOST,
    AT_RANK,
    inlp,
    null_space_projection,
)
from study.comparison.edits import Projection, load_edit, save_edit
from tests.conftest import tiny_lm
from tests.study.comparison.baselines.small import SETTINGS

SIZE = 12


def separable(
    classes: int = 2, *, holding: int = 3, rows: int = 900
) -> tuple[np.ndarray, np.ndarray]:
    """Features [rows, SIZE] whose first ``holding`` units each tell the classes apart.

    They stand far from 0, as a language model's hidden states do.
    """
    generator = np.random.default_rng(0)
    labels = np.arange(rows) % classes
    features = generator.normal(size=(rows, SIZE)) + 5
    features[:, :holding] += 4 * generator.normal(size=(classes, holding))[labels]
    return features, labels


def projects(edit: Projection) -> bool:
    """Whether it is an orthogonal projection of the rank that it says."""
    matrix = edit.matrix.double()
    rank = round(float(matrix.trace()))
    assert rank == len(matrix) - edit.notes["directions"] > 0
    return bool(
        torch.allclose(matrix @ matrix, matrix, atol=1e-5)
        and torch.allclose(matrix, matrix.T, atol=1e-6)
    )


@pytest.mark.parametrize("classes", [2, 3])
def test_it_stops_where_nothing_is_left_to_find(classes):
    features, labels = separable(classes)
    edit = null_space_projection(features, labels, classifiers=80, seed=0)
    notes = edit.notes
    assert projects(edit) and notes["stopped"] == AT_MAJORITY
    assert notes["accuracy before"] > 0.95
    assert notes["majority"] == pytest.approx(1 / classes)
    assert notes["held-out sentences"] == len(labels) / 5
    error = np.sqrt(1 / classes * (1 - 1 / classes) / notes["held-out sentences"])
    assert notes["accuracy after"] < notes["majority"] + 3 * error
    assert 1 <= notes["classifiers"] <= notes["directions"] <= SIZE // 2
    # And another classifier, with an intercept, finds nothing either.
    after = edit(torch.tensor(features)).numpy()
    half = len(labels) // 2
    probe = LogisticRegression(max_iter=1_000).fit(after[:half], labels[:half])
    assert probe.score(after[half:], labels[half:]) < notes["majority"] + 0.1


def test_a_class_that_is_only_nearer_to_the_origin_is_found():
    """Where a classifier without an intercept sees no more than chance."""
    generator = np.random.default_rng(1)
    labels = np.arange(600) % 2
    features = 0.1 * generator.normal(size=(600, SIZE))
    features[:, 0] += 3 + labels
    edit = null_space_projection(features, labels, classifiers=80, seed=0)
    assert edit.notes["accuracy before"] == 1
    assert edit.notes["stopped"] == AT_MAJORITY
    after = edit(torch.tensor(features)).numpy()
    assert LogisticRegression().fit(after, labels).score(after, labels) < 0.65


def test_it_stops_at_the_most_classifiers_and_says_so():
    features, labels = separable()
    whole = null_space_projection(features, labels, classifiers=80, seed=0)
    for most in range(whole.notes["classifiers"] + 1):
        edit = null_space_projection(features, labels, classifiers=most, seed=0)
        assert projects(edit) and edit.notes["classifiers"] == most
        done = most == whole.notes["classifiers"]
        assert edit.notes["stopped"] == (AT_MAJORITY if done else AT_MOST)
    assert most > 1 and torch.equal(edit.matrix, whole.matrix)
    first = null_space_projection(features, labels, classifiers=1, seed=0)
    assert first.notes["accuracy after"] > first.notes["majority"] + 0.2


def test_some_direction_is_always_left():
    features, labels = separable(holding=2)
    edit = null_space_projection(features[:, :2], labels, classifiers=9, seed=0)
    assert projects(edit) and edit.notes["stopped"] == AT_RANK
    assert edit.notes["classifiers"] == edit.notes["directions"] == 1
    # Two classifiers would have been one too many, and it shows.
    assert edit.notes["accuracy after"] > edit.notes["majority"] + 0.1


def test_nothing_to_find_takes_nothing_away():
    features = np.random.default_rng(3).normal(size=(500, SIZE))
    labels = np.arange(500) % 2
    edit = null_space_projection(features, labels, classifiers=80, seed=0)
    assert edit.notes["classifiers"] == 0 and edit.notes["stopped"] == AT_MAJORITY
    assert torch.equal(edit.matrix, torch.eye(SIZE))


def test_it_repeats_and_its_seed_is_of_what_is_held_out():
    features, labels = separable()
    found = [
        null_space_projection(features, labels, classifiers=1, seed=seed).matrix
        for seed in (0, 0, 1)
    ]
    assert torch.equal(found[0], found[1]) and not torch.equal(found[0], found[2])


def test_its_notes_come_back_from_a_file(data, tmp_path):
    lm = tiny_lm("bert")
    edit = inlp(lm, data, SETTINGS)
    assert edit.notes["classifiers"] <= SETTINGS.inlp_classifiers
    save_edit(edit, tmp_path / "INLP.safetensors")
    assert load_edit(tmp_path / "INLP.safetensors").notes == edit.notes


def test_a_single_sentence_of_a_class_is_named(data):
    settings = dataclasses.replace(SETTINGS, fit_sentences=1)
    with pytest.raises(InputError, match=r"INLP: a single sentence is female.*give"):
        inlp(tiny_lm("bert"), data, settings)
