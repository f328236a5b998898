"""INLP, LEACE, RLACE and SentenceDebias on planted concepts."""

from __future__ import annotations

import dataclasses
from collections import Counter

import numpy as np
import pytest
import torch
from concept_erasure import LeaceEraser
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from torch.nn.functional import one_hot

from gradiend.errors import InputError
from gradiend.lm.cloze import ClozeLM
from study.comparison.baselines.data import BaselineData, filled_texts
from study.comparison.baselines.erasure import SENTENCES, SLOTS, class_rows
from study.comparison.baselines.inlp import AT_MAJORITY, null_space_projection
from study.comparison.baselines.leace import leace, leace_projection
from study.comparison.baselines.rlace import fantope, rlace, rlace_projection
from study.comparison.baselines.selection import Validation
from study.comparison.baselines.sentence_debias import (
    sentence_debias,
    without_bias_direction,
)
from study.comparison.edits import Projection
from study.comparison.sentence_vectors import sentence_means, slot_states
from study.comparison.settings import FitSettings
from study.domains import DOMAINS, load_feature
from study.results.places import REPOSITORY
from study.sources.world import ensure_world
from study.sources.world.source import PlantedWorld
from tests.conftest import tiny_lm
from tests.study.comparison.baselines.small import validation

POINTS = 0.03
# INLP stops within two standard errors of the majority's rate.
ABOVE_CHANCE = {"INLP": 2 * POINTS, "LEACE": POINTS, "RLACE": POINTS}


def linear(features: np.ndarray, labels: np.ndarray, fit, held_out) -> float:
    """Held-out accuracy of a new linear classifier."""
    probe = LogisticRegression(max_iter=3_000).fit(features[fit], labels[fit])
    return probe.score(features[held_out], labels[held_out])


def majority(labels: np.ndarray) -> float:
    return max(Counter(labels.tolist()).values()) / len(labels)


def inlp_of(features, labels) -> Projection:
    return null_space_projection(features, labels, classifiers=80, seed=0)


def leace_of(features, labels) -> Projection:
    return leace_projection(torch.tensor(features), torch.tensor(labels))


def rlace_of(features, labels) -> Projection:
    features, labels = torch.tensor(features), torch.tensor(labels)
    return Projection.about(
        rlace_projection(features, labels, steps=300), features.mean(0)
    )


# A method, and the most directions it takes for one planted concept.
ERASERS = {"INLP": (inlp_of, 4), "LEACE": (leace_of, 1), "RLACE": (rlace_of, 1)}


def removed(edit: Projection) -> int:
    """The rank of what a projection takes away."""
    size = len(edit.matrix)
    return int(
        torch.linalg.matrix_rank(torch.eye(size) - edit.matrix.float(), tol=1e-4)
    )


@pytest.fixture(scope="module")
def planted() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gaussian features [N, 24] of unlike spread; two independent concepts, aslant."""
    generator = np.random.default_rng(0)
    count, size = 8_000, 24
    concept, other = generator.integers(0, 2, (2, count))
    turn, _ = np.linalg.qr(generator.normal(size=(size, size)))
    directions = 0.35 * generator.normal(size=(2, size))
    features = generator.normal(size=(count, size)) * np.linspace(0.7, 1.4, size)
    features += np.outer(2 * concept - 1, directions[0])
    features += np.outer(2 * other - 1, directions[1])
    return features @ turn, concept, other


@pytest.mark.parametrize("name", ERASERS)
def test_a_planted_concept_is_erased_and_another_is_not(planted, name):
    features, concept, other = planted
    method, rank = ERASERS[name]
    # Erased on one half, probed by a classifier that never saw that half.
    own, fit, held_out = np.split(np.arange(len(features)), [4_000, 6_000])
    edit = method(features[own], concept[own])
    after = edit(torch.tensor(features)).numpy()
    assert linear(features, concept, fit, held_out) > 0.9
    assert linear(features, other, fit, held_out) > 0.9
    above = linear(after, concept, fit, held_out) - majority(concept)
    assert abs(above) < ABOVE_CHANCE[name]
    kept = linear(features, other, fit, held_out) - POINTS
    assert linear(after, other, fit, held_out) > kept
    assert 1 <= removed(edit) <= rank


@pytest.fixture(scope="module")
def standin() -> ClozeLM:
    return ClozeLM.from_pretrained(REPOSITORY / "data/standins/standin-bert-base")


@pytest.fixture(scope="module")
def world_features(standin) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sentence means of the world's labelled texts, their gender, a second concept."""
    texts = filled_texts(load_feature("gender_MF", ensure_world()).table)
    gender = (texts["label"] == "female").to_numpy().astype(int)
    # Every template is there once a gender, so this is independent of it.
    clause = texts["text"].str.contains(" that ").to_numpy().astype(int)
    return sentence_means(standin, texts["text"].tolist()), gender, clause


@pytest.mark.parametrize(
    ("name", "rank"), [("INLP", 60), ("LEACE", 1), ("RLACE", 1)], ids=str
)
def test_gender_is_erased_from_a_stand_in_and_nothing_else(world_features, name, rank):
    features, gender, clause = world_features
    fit, held_out = train_test_split(
        np.arange(len(gender)), test_size=0.3, random_state=0, stratify=gender
    )
    own = features[fit], gender[fit]
    if name == "INLP":
        edit = null_space_projection(*own, classifiers=80, seed=0)
        assert edit.notes["stopped"] == AT_MAJORITY
    elif name == "LEACE":
        edit = leace_of(*own)
    else:
        found = rlace_projection(*map(torch.tensor, own), steps=1200)
        edit = Projection(found)
    after = edit(torch.tensor(features)).numpy()
    assert linear(features, gender, fit, held_out) > 0.95
    assert linear(features, clause, fit, held_out) > 0.95 > majority(clause) + 0.1
    above = linear(after, gender, fit, held_out) - majority(gender)
    assert abs(above) < ABOVE_CHANCE[name]
    kept = linear(features, clause, fit, held_out) - POINTS
    assert linear(after, clause, fit, held_out) > kept
    assert 1 <= removed(edit) <= rank


def test_leace_is_the_librarys_eraser(planted):
    features = torch.tensor(planted[0] + 3)
    labels = torch.tensor(planted[1] + 2 * planted[2])
    edit = leace_projection(features, labels)
    own = LeaceEraser.fit(features, one_hot(labels).double(), shrinkage=True)
    torch.testing.assert_close(edit.matrix, own.P.float())
    offset = (torch.eye(len(own.P)).double() - own.P) @ features.mean(0)
    torch.testing.assert_close(edit.offset, offset.float(), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(edit(features), own(features), atol=1e-5, rtol=1e-5)
    assert removed(edit) == 3  # classes less one


def test_leace_leaves_nothing_to_find_where_it_was_fitted(planted):
    features, concept, _ = planted
    after = leace_of(features, concept)(torch.tensor(features)).numpy()
    means = [after[concept == name].mean(axis=0) for name in (0, 1)]
    assert means[0] == pytest.approx(means[1], abs=1e-5)


def test_leace_of_few_sentences_is_a_small_change_of_others(planted):
    features, concept, _ = planted
    few, others = np.split(features, [24])  # as many as dimensions
    edit = leace_of(few, concept[:24])
    after = edit(torch.tensor(few)).numpy()
    means = [after[concept[:24] == name].mean(axis=0) for name in (0, 1)]
    assert means[0] == pytest.approx(means[1], abs=1e-5)
    moved = np.linalg.norm(edit(torch.tensor(others)).numpy() - others, axis=1)
    assert moved.mean() < 0.5 * np.linalg.norm(others, axis=1).mean()


@pytest.mark.parametrize("rank", [1, 3])
def test_rlace_removes_as_many_directions_as_asked(planted, rank):
    features, labels = map(torch.tensor, planted[:2])
    found = rlace_projection(features[:500], labels[:500], rank=rank, steps=20)
    assert removed(Projection(found)) == rank
    torch.testing.assert_close(found @ found, found)
    torch.testing.assert_close(found, found.T)
    again = rlace_projection(features[:500], labels[:500], rank=rank, steps=20)
    assert torch.equal(again, found)


@pytest.mark.parametrize("rank", [1, 2, 5, 8])
def test_fantope_has_eigenvalues_of_a_relaxed_projection(rank):
    generator = torch.Generator().manual_seed(rank)
    matrix = 3 * torch.randn(8, 8, generator=generator, dtype=torch.float64)
    found = fantope(matrix, rank)
    values = torch.linalg.eigvalsh(found)
    assert values.min() > -1e-9 and values.max() < 1 + 1e-9
    assert float(found.trace()) == pytest.approx(rank)
    torch.testing.assert_close(found, found.T)
    torch.testing.assert_close(fantope(found, rank), found)
    basis, _ = torch.linalg.qr(matrix)
    projection = basis[:, :rank] @ basis[:, :rank].T
    torch.testing.assert_close(fantope(projection, rank), projection)
    # The nearest one: every other of the set lies at an obtuse angle behind it.
    symmetric = (matrix + matrix.T) / 2
    assert ((symmetric - found) * (projection - found)).sum() < 1e-9


def test_sentence_debias_projects_the_direction_of_bias_away():
    generator = np.random.default_rng(0)
    plain, direction = generator.normal(size=(50, 12)), np.ones(12) / np.sqrt(12)
    plain -= np.outer(plain @ direction, direction)
    vectors = np.stack([plain + sign * direction for sign in (1, 0, -1)])
    found = without_bias_direction(vectors)
    assert found == pytest.approx(np.eye(12) - np.outer(direction, direction), abs=1e-9)


def test_sentence_debias_leaves_nothing_along_its_direction(standin):
    words = PlantedWorld().attribute_words("gender")
    texts = ["The man slept.", "My sister knew that he was tired.", "It was hot."]
    data = BaselineData(DOMAINS["gender"], words, texts)
    edit = sentence_debias(standin, data, FitSettings())
    values, vectors = torch.linalg.eigh(edit.matrix)
    assert values.numpy() == pytest.approx([0] + [1] * (len(values) - 1), abs=1e-5)
    plain = sentence_means(standin, texts) @ vectors[:, 0].numpy()
    with edit.on(standin):
        after = sentence_means(standin, texts) @ vectors[:, 0].numpy()
    assert abs(plain).max() > 0.1 and abs(after).max() < 1e-5
    swapped = ["The woman slept.", "My sister knew that she was tired."]
    other = ["The man slept.", "My brother knew that he was tired."]
    between = sentence_means(standin, swapped) - sentence_means(standin, other)
    share = (between @ vectors[:, 0].numpy()) ** 2 / (between**2).sum(1)
    assert share.max() > 0.5  # it is the direction between the versions


@pytest.mark.parametrize("name", ["bert", "gpt2"])
def test_slot_states_are_what_the_head_reads(data, name):
    lm, rows = tiny_lm(name), data.rows
    states = torch.tensor(slot_states(lm, rows, batch_size=3)).float()
    for at, batch in lm.batches(lm.encode(rows), batch_size=4):
        first = [int((batch.factual.row == n).nonzero()[0]) for n in range(len(at))]
        expected = lm.logits(batch)[batch.factual.slot[first]]
        head = lm.model.get_output_embeddings()
        own = lm.model.cls(states[at]) if name == "bert" else head(states[at])
        torch.testing.assert_close(own, expected, atol=1e-5, rtol=1e-5)


def test_class_rows_are_a_seeded_sample_as_large_of_each_class(data):
    rows = class_rows(data, FitSettings(fit_sentences=2))
    assert rows["label"].tolist() == [-1, -1, 1, 1]
    assert class_rows(data, FitSettings(fit_sentences=2)).equals(rows)
    other = class_rows(dataclasses.replace(data, seed=1), FitSettings(fit_sentences=2))
    assert not other.equals(rows)
    uneven = data.rows[(data.rows["label"] < 0) | (np.arange(len(data.rows)) < 6)]
    for table in (uneven, uneven[::-1]):
        found = class_rows(dataclasses.replace(data, rows=table), FitSettings())
        fewer = int((table["label"] > 0).sum())
        assert found["label"].tolist() == [-1] * fewer + [1] * fewer


def test_without_rows_of_two_classes_there_is_nothing_to_erase(data):
    alone = dataclasses.replace(data, rows=data.rows[data.rows["label"] > 0])
    with pytest.raises(InputError, match="rows of two classes"):
        class_rows(alone, FitSettings())


@pytest.mark.parametrize("method", [leace, rlace])
def test_where_the_class_is_read_is_chosen_on_validation(data, method):
    lm, settings = tiny_lm("bert"), FitSettings(rlace_steps=20)

    def preferring(gaps: list[float]) -> Validation:
        found = iter(gaps)
        return validation(lambda _lm: {"gap": next(found)})

    # Of the base, sentences and slots; what is better is asked twice, for its LMS.
    edits = {}
    for place, gaps in {
        SENTENCES: [0.5, 0.5, 0.2, 0.2, 0.3],
        SLOTS: [0.5, 0.5, 0.3, 0.3, 0.2, 0.2],
        "neither": [0.5, 0.5, 0.9, 0.8, 0.9, 0.8],
    }.items():
        own = dataclasses.replace(data, validation=preferring(gaps))
        edits[place] = method(lm, own, settings)
    assert edits[SENTENCES].notes["read at"] == SENTENCES
    assert edits[SLOTS].notes["read at"] == SLOTS
    assert not torch.equal(edits[SLOTS].matrix, edits[SENTENCES].matrix)
    # Neither is better than the base: the lesser evil is shown all the same.
    assert edits["neither"].notes["read at"] == SLOTS
    assert torch.equal(edits["neither"].matrix, edits[SLOTS].matrix)
    assert edits["neither"].matrix.shape == (16, 16)


def test_what_is_projected_away_becomes_its_mean(planted):
    features, concept, _ = planted
    there = features + 5  # hidden states do not lie around 0
    for name, (method, _) in ERASERS.items():
        edit = method(there[:2000], concept[:2000])
        after = edit(torch.tensor(there[:2000])).numpy()
        assert after.mean(0) == pytest.approx(there[:2000].mean(0), abs=0.1), name
