"""The methods to compare with, on planted concepts and hand-made words."""

from __future__ import annotations

import json
import re
from collections import Counter

import numpy as np
import pandas as pd
import pytest
import torch
from concept_erasure import LeaceEraser
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from study.comparison.baselines.attributes import (
    AttributeWords,
    read_attribute_words,
    world_attribute_words,
)
from study.domains.domains import load_feature
from torch import nn
from torch.nn.functional import one_hot

from gradiend.errors import InputError
from gradiend.lm.cloze import ClozeLM
from study.comparison.baselines import (
    FITTERS,
    BaselineData,
    BaselineSettings,
    filled_texts,
)
from study.comparison.baselines.data import matching_texts, sentences_by_class
from study.comparison.baselines.inlp import null_space_projection
from study.comparison.baselines.leace import labelled_features, leace, leace_projection
from study.comparison.baselines.pretraining import (
    _dropout_rates,
    cda,
    cda_texts,
    continued_pretraining,
    dropout,
)
from study.comparison.baselines.rlace import fantope, rlace_projection
from study.comparison.baselines.self_debias import PREFIX, SelfDebias, self_debias
from study.comparison.baselines.sentence_debias import (
    sentence_debias,
    without_bias_direction,
)
from study.comparison.benchmarks.perplexity import perplexity, text_likelihoods
from study.comparison.edits import Projection, Weights
from study.comparison.methods import METHODS
from study.comparison.sentence_vectors import sentence_means
from study.results.places import REPOSITORY
from study.sources.world import ensure_world
from tests.conftest import SENTENCES, tiny_lm

POINTS = 0.03

# --- Concept erasure


def linear(features: np.ndarray, labels: np.ndarray, fit, held_out) -> float:
    """Held-out accuracy of a new linear classifier."""
    probe = LogisticRegression(max_iter=3_000).fit(features[fit], labels[fit])
    return probe.score(features[held_out], labels[held_out])


def majority(labels: np.ndarray) -> float:
    return max(Counter(labels.tolist()).values()) / len(labels)


def inlp_of(features, labels) -> Projection:
    found = null_space_projection(features, labels, classifiers=4, seed=0)
    return Projection(torch.tensor(found))


def leace_of(features, labels) -> Projection:
    return leace_projection(torch.tensor(features), torch.tensor(labels))


def rlace_of(features, labels) -> Projection:
    features, labels = torch.tensor(features), torch.tensor(labels)
    return Projection(rlace_projection(features, labels, steps=300))


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
    assert abs(linear(after, concept, fit, held_out) - majority(concept)) < POINTS
    kept = linear(features, other, fit, held_out) - POINTS
    assert linear(after, other, fit, held_out) > kept
    assert removed(edit) == rank


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
    ("name", "rank"), [("INLP", 115), ("LEACE", 1), ("RLACE", 1)], ids=str
)
def test_gender_is_erased_from_a_stand_in_and_nothing_else(world_features, name, rank):
    features, gender, clause = world_features
    fit, held_out = train_test_split(
        np.arange(len(gender)), test_size=0.3, random_state=0, stratify=gender
    )
    own = features[fit], gender[fit]
    if name == "INLP":
        found = null_space_projection(*own, classifiers=rank, seed=0)
        edit = Projection(torch.tensor(found))
    elif name == "LEACE":
        edit = leace_of(*own)
    else:
        found = rlace_projection(*map(torch.tensor, own), steps=1200)
        edit = Projection(found)
    after = edit(torch.tensor(features)).numpy()
    assert linear(features, gender, fit, held_out) > 0.95
    assert linear(features, clause, fit, held_out) > 0.95 > majority(clause) + 0.1
    assert abs(linear(after, gender, fit, held_out) - majority(gender)) < POINTS
    kept = linear(features, clause, fit, held_out) - POINTS
    assert linear(after, clause, fit, held_out) > kept
    assert removed(edit) == rank


def test_leace_is_the_librarys_eraser(planted):
    features = torch.tensor(planted[0] + 3)
    labels = torch.tensor(planted[1] + 2 * planted[2])
    edit = leace_projection(features, labels)
    own = LeaceEraser.fit(features, one_hot(labels).double(), shrinkage=False)
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


def test_inlp_projects_onto_what_is_left(planted):
    features, concept, _ = planted
    found = null_space_projection(features[:500], concept[:500], classifiers=4, seed=0)
    assert found @ found == pytest.approx(found)
    assert found == pytest.approx(found.T)
    assert removed(Projection(torch.tensor(found))) == 4
    nothing = null_space_projection(
        features[:500, :3], concept[:500], classifiers=9, seed=0
    )
    assert nothing == pytest.approx(np.zeros((3, 3)))


def test_sentence_debias_projects_the_direction_of_bias_away():
    generator = np.random.default_rng(0)
    plain, direction = generator.normal(size=(50, 12)), np.ones(12) / np.sqrt(12)
    plain -= np.outer(plain @ direction, direction)
    vectors = np.stack([plain + sign * direction for sign in (1, 0, -1)])
    found = without_bias_direction(vectors)
    assert found == pytest.approx(np.eye(12) - np.outer(direction, direction), abs=1e-9)


# --- Methods on a model


WORDS = AttributeWords(
    ("male", "female"),
    (("he", "she"), ("him", "her"), ("his", "her"), ("grandfathers", "grandmothers")),
)
SETTINGS = BaselineSettings(
    pretraining_steps=25,
    pretraining_batch=8,
    pretraining_accumulation=1,
    pretraining_rate=5e-3,
    inlp_classifiers=2,
    rlace_steps=5,
)


@pytest.fixture
def data() -> BaselineData:
    """The tiny models' own sentences."""
    texts = SENTENCES[:14]
    label = ["female" if "she" in text.split() else "male" for text in texts]
    return BaselineData(
        "gender", WORDS, texts, pd.DataFrame({"text": texts, "label": label})
    )


def test_there_is_a_fitter_for_every_method():
    assert FITTERS.keys() == METHODS.keys()


def test_every_method_changes_every_model_and_leaves_it_as_it_was(lm, data):
    before = {n: t.clone() for n, t in lm.model.state_dict().items()}
    plain = text_likelihoods(lm, data.texts[:3])["nll"]
    for name, fit in FITTERS.items():
        if name == "Dropout" and "llama" in lm.name:
            continue
        settings = BaselineSettings(**{**vars(SETTINGS), "pretraining_steps": 1})
        edit = fit(lm, data, settings)
        for key, tensor in lm.model.state_dict().items():
            assert torch.equal(tensor, before[key]), name
        with edit.on(lm) as changed:
            inside = text_likelihoods(changed, data.texts[:3])["nll"]
        assert abs(inside - plain).max() > 1e-3, name


def test_sentence_debias_leaves_nothing_along_its_direction(standin):
    words = world_attribute_words("gender")
    texts = ["The man slept.", "My sister knew that he was tired.", "It was hot."]
    data = BaselineData("gender", words, texts, pd.DataFrame())
    edit = sentence_debias(standin, data, BaselineSettings())
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


def test_labelled_features_are_a_seeded_sample_of_each_class(data):
    lm = tiny_lm("bert")
    settings = BaselineSettings(fit_sentences=2)
    features, labels = labelled_features(lm, data, settings)
    assert labels.tolist() == [0, 0, 1, 1]
    texts = data.labelled["text"][data.labelled["label"] == "female"].tolist()
    of_class = sentence_means(lm, texts)
    for vector in features[:2].numpy():
        assert np.abs(of_class - vector).max(axis=1).min() < 1e-6
    again, _ = labelled_features(lm, data, settings)
    assert torch.equal(again, features)
    assert leace(lm, data, settings).matrix.shape == (16, 16)


def told_by_hand(lm: ClozeLM, edit: SelfDebias, ids: list[int], place: int):
    """p(w), normalised, straight from the formula and one sequence at a time."""
    first = {lm.tokenizer.cls_token_id, lm.tokenizer.bos_token_id} - {None}
    start = 1 if ids[0] in first else 0
    prefix = lm.tokenizer(edit.prefix, add_special_tokens=False)["input_ids"]
    told = [*ids[:start], *prefix, *ids[start:]]

    def p(sequence, at):
        with torch.no_grad():
            logits = lm.model(input_ids=torch.tensor([sequence])).logits
        return logits[0, at].softmax(-1)

    plain, after = p(ids, place), p(told, place + len(prefix))
    alpha = torch.exp(-edit.decay * (after - plain).clamp(min=0))
    values = plain * alpha.clamp(min=edit.floor)
    return values / values.sum()


def test_self_debias_is_its_formula_one_sequence_at_a_time(lm64):
    edit = SelfDebias("The old mill said:", decay=50.0)
    encoded = lm64.tokenizer(["The river runs because she was tired.", "Tom smiled."])
    rows = encoded["input_ids"]
    # A causal LM may be asked with and without a begin-of-sentence token.
    for with_start in (False, True) if lm64.causal else (False,):
        sequences = [
            [lm64.tokenizer.bos_token_id, *ids] if with_start else ids for ids in rows
        ]
        slots = [
            (row, place)
            for row, ids in enumerate(sequences)
            for place in range(0 if lm64.causal else 1, len(ids) - 1)
        ]
        with edit.on(lm64) as changed:
            found = changed.logits(*lm64.pad(sequences), torch.tensor(slots))
        plain = lm64.logits(*lm64.pad(sequences), torch.tensor(slots)).softmax(-1)
        found = found.softmax(-1)
        assert (found - plain).abs().max() > 1e-3
        for value, (row, place) in zip(found, slots, strict=True):
            expected = told_by_hand(lm64, edit, sequences[row], place)
            assert (value - expected).abs().max() < 1e-6


def test_self_debias_floors_what_it_takes_away():
    lm = tiny_lm("bert", dtype=torch.float64)
    ids, mask = lm.pad(lm.tokenizer(["Tom smiled."])["input_ids"])
    slots = torch.tensor([[0, 1], [0, 2]])
    plain = lm.logits(ids, mask, slots).log_softmax(-1)
    with SelfDebias("Anna said:", decay=1e9, floor=0.25).on(lm) as changed:
        less = (plain - changed.logits(ids, mask, slots)).exp()
    assert less.min() == pytest.approx(1) and less.max() == pytest.approx(4)


def test_self_debias_says_which_domain_and_what_is_too_long(data):
    edit = self_debias(tiny_lm("bert"), data, SETTINGS)
    assert edit.prefix == PREFIX.format("gender")
    lm = tiny_lm("gpt2")
    with (
        edit.on(lm) as changed,
        pytest.raises(
            InputError, match=r"\d+ tokens and \d+ of SelfDebias's prefix.*leave"
        ),
    ):
        text_likelihoods(changed, [" ".join(SENTENCES[:2])])


# --- Attribute words and CDA


RELIGION = AttributeWords(
    ("christian", "jewish", "muslim"),
    (
        ("Christian", "Jew", "Muslim"),
        ("church", "synagogue", "mosque"),
        ("Holy Scripture", "Torah", "Koran"),
        ("holy", "kosher", "halal"),
    ),
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Then he, tired, slept.", "Then she, tired, slept."),
        ("It was he.", "It was she."),
        ("'He' is she!", "'She' is he!"),
        ("She saw him and his dog", "He saw her and her dog"),
        # "her" is him or his; it belongs to the first group.
        ("I know her and her dog.", "I know him and him dog."),
        ("Grandmothers told stories.", "Grandfathers told stories."),
        ("The theory of heat and sheep", None),
        ("HE ran", None),
    ],
)
def test_two_classes_change_places(text, expected):
    assert WORDS.counterfactual(text, np.random.default_rng(0)) == expected


def test_of_several_classes_another_is_drawn():
    generator = np.random.default_rng(0)
    text = "A Muslim left the mosque."
    found = Counter(RELIGION.counterfactual(text, generator) for _ in range(200))
    assert found.keys() == {"A Jew left the synagogue.", "A Christian left the church."}
    assert min(found.values()) > 60


def test_words_of_several_words_go_before_their_parts():
    swap = {"christian": "muslim"}
    text = "Holy Scripture is holy; the churches, the church."
    expected = "Koran is halal; the churches, the mosque."
    assert RELIGION.swapped(text, swap) == expected
    assert RELIGION.found("Holy Scripture, the Torah") == {"christian", "jewish"}
    back = RELIGION.swapped("Mosque and Koran", {"muslim": "christian"})
    assert back == "Church and Holy Scripture"


def test_words_of_other_classes_stay():
    text = "A Jew, a Muslim and a Christian"
    swapped = RELIGION.swapped(text, {"jewish": "muslim"})
    assert swapped == "A Muslim, a Muslim and a Christian"


def texts_data(texts: list[str], words=WORDS, domain: str = "gender") -> BaselineData:
    return BaselineData(domain, words, texts, pd.DataFrame())


def test_cda_keeps_both_versions_of_texts_that_name_a_class():
    data = texts_data(["He ran.", "The road was long.", "I saw her."])
    assert cda_texts(data, seed=0) == [
        "He ran.",
        "She ran.",
        "I saw her.",
        "I saw him.",
    ]
    data = texts_data(["A Jew left.", "The Torah"] * 10, RELIGION, "religion")
    assert cda_texts(data, seed=1) == cda_texts(data, seed=1)
    assert cda_texts(data, seed=1) != cda_texts(data, seed=2)
    assert cda_texts(data, seed=1)[::2] == data.texts


def test_the_worlds_attribute_words_name_its_classes():
    gender = world_attribute_words("gender")
    assert gender.found("The king knew.") == {"male"}
    assert gender.swapped(
        "He saw his mother.", {"male": "female", "female": "male"}
    ) == ("She saw her father.")
    for domain in ("race", "religion"):
        words = world_attribute_words(domain)
        assert len(words.classes) == 3 and words.groups
        for name, word in zip(words.classes, words.groups[0], strict=True):
            assert words.found(f"the {word}.") == {name}


def test_sentences_are_sorted_by_the_one_class_they_name():
    texts = ["He ran.", "She ran.", "He saw her.", "Rain.", "he slept", "Snow."]
    found = sentences_by_class(texts_data(texts), 2)
    assert found == {
        "male": ["He ran.", "he slept"],
        "female": ["She ran."],
        "neutral": ["Rain.", "Snow."],
    }
    assert sentences_by_class(texts_data(texts), 1)["male"] == ["He ran."]
    texts = ["A Jew ran.", "Rain.", "The mosque."]
    found = sentences_by_class(texts_data(texts, RELIGION, "religion"), 9)
    assert found == {"biased": ["A Jew ran.", "The mosque."], "neutral": ["Rain."]}


def test_texts_are_filled_with_their_factual_word():
    table = pd.DataFrame(
        {"masked": ["[MASK] ran and [MASK] slept."], "factual": ["she"]}
    ).assign(factual_class="female")
    assert filled_texts(table).to_dict("records") == [
        {"text": "she ran and she slept.", "label": "female"}
    ]


# --- Continued pre-training


def test_continued_pretraining_lowers_the_loss_and_repeats(lm):
    texts = SENTENCES[:7]
    before = {n: t.clone() for n, t in lm.model.state_dict().items()}
    flags = {n: p.requires_grad for n, p in lm.model.named_parameters()}
    edit = continued_pretraining(lm, texts, SETTINGS)
    assert not lm.model.training
    assert not any(module.training for module in lm.model.modules())
    for name, parameter in lm.model.named_parameters():
        assert parameter.requires_grad == flags[name] and parameter.grad is None
    for name, tensor in lm.model.state_dict().items():
        assert torch.equal(tensor, before[name])
    plain = perplexity(text_likelihoods(lm, texts))["PPL"]
    with edit.on(lm):
        assert perplexity(text_likelihoods(lm, texts))["PPL"] < 0.5 * plain
    torch.manual_seed(17)  # whatever has been drawn before
    again = continued_pretraining(lm, texts, SETTINGS)
    assert again.values.keys() == edit.values.keys()
    for name, tensor in edit.values.items():
        assert torch.equal(again.values[name], tensor)
    other = BaselineSettings(**{**vars(SETTINGS), "seed": 1})
    other = continued_pretraining(lm, texts, other)
    assert any(not torch.equal(other.values[n], t) for n, t in edit.values.items())


def test_the_model_is_put_back_when_training_breaks_off(monkeypatch):
    lm = tiny_lm("bert")
    before = {n: t.clone() for n, t in lm.model.state_dict().items()}

    def broken(lm, *_rest):
        lm.model.train()
        with torch.no_grad():
            next(lm.model.parameters()).add_(1)
        raise KeyboardInterrupt

    monkeypatch.setattr("study.comparison.baselines.pretraining._train", broken)
    with pytest.raises(KeyboardInterrupt):
        continued_pretraining(lm, SENTENCES[:2], SETTINGS)
    assert not lm.model.training
    assert not any(p.requires_grad for p in lm.model.parameters())
    for name, tensor in lm.model.state_dict().items():
        assert torch.equal(tensor, before[name])


def dropouts(lm: ClozeLM) -> dict[str, float]:
    modules = lm.model.named_modules()
    return {name: m.p for name, m in modules if isinstance(m, nn.Dropout)}


def varies(lm: ClozeLM) -> bool:
    """Whether the model, in training mode, says one thing now and another then."""
    ids = torch.tensor([lm.tokenizer(SENTENCES[0])["input_ids"]])
    lm.model.train()
    with torch.no_grad():
        first, then = (lm.model(input_ids=ids).logits for _ in range(2))
    lm.model.eval()
    return not torch.equal(first, then)


@pytest.mark.parametrize("name", ["bert", "distilbert", "roberta", "gpt2"])
def test_dropout_rates_take_effect_and_are_put_back(name):
    lm = tiny_lm(name)
    before = dropouts(lm)
    assert before and set(before.values()) == {0.1}
    with _dropout_rates(lm.model, 0.0, 0.0):
        assert not varies(lm)
    for rates in ((0.2, 0.0), (0.0, 0.15)):
        with _dropout_rates(lm.model, *rates):
            assert varies(lm) and set(dropouts(lm).values()) == set(rates)
    assert dropouts(lm) == before
    with pytest.raises(KeyboardInterrupt), _dropout_rates(lm.model, 0.5, 0.5):
        raise KeyboardInterrupt
    assert dropouts(lm) == before
    with _dropout_rates(lm.model, 0.2, 0.15):
        attention = [n for n, rate in dropouts(lm).items() if rate == 0.15]
    assert len(attention) == 2  # one a layer


@pytest.mark.parametrize(
    ("name", "rates"), [("roberta", {0.2, 0.15}), ("gpt2", {0.15})]
)
def test_dropout_trains_with_the_rates_of_its_kind(name, rates, data, monkeypatch):
    lm, seen = tiny_lm(name), []

    def trained(lm, texts, _settings):
        seen.append((set(dropouts(lm).values()), texts))
        return Weights({})

    monkeypatch.setattr(
        "study.comparison.baselines.pretraining.continued_pretraining", trained
    )
    dropout(lm, data, SETTINGS)
    assert seen == [(rates, data.texts)]
    cda(lm, data, SETTINGS)
    assert seen[1] == ({0.1}, cda_texts(data, seed=0))


# --- Refusals


def test_dropout_without_rates_names_the_type_and_the_way_out(data):
    with pytest.raises(
        InputError, match=r"type 'llama' \(there are: bert.*leave it out"
    ):
        dropout(tiny_lm("llama"), data, SETTINGS)


@pytest.mark.parametrize("method", ["CDA", "SentenceDebias"])
def test_no_match_names_the_words_and_counts_the_texts(method):
    data = texts_data(["The road was long."] * 1_200)
    message = r"gender: no attribute word \(he, she, …\) is in any of 1,200 texts; give"
    with pytest.raises(InputError, match=message):
        FITTERS[method](tiny_lm("bert"), data, SETTINGS)
    with pytest.raises(InputError, match=message):
        matching_texts(data, 5)


@pytest.mark.parametrize(
    ("texts", "missing"),
    [
        (["He ran.", "The road."], "female"),
        (["She ran.", "The road."], "male"),
        (["She ran.", "He ran."], "neutral"),
    ],
)
def test_a_class_without_sentences_is_named(texts, missing):
    message = rf"gender: none of 2 texts is {missing}; give .*\(he, she, …\)"
    with pytest.raises(InputError, match=message):
        FITTERS["INLP"](tiny_lm("bert"), texts_data(texts), SETTINGS)


GOOD = {"classes": ["male", "female"], "groups": [["he", "she"], ["king", "queen"]]}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"classes": ["male"]}, "classes ['male'] must be a list of two"),
        ({"classes": ["male", "male"]}, "must be a list of two different"),
        ({"classes": "ab"}, "classes 'ab' must be a list"),
        ({"classes": [1, 2]}, "must be a list of two"),
        ({"groups": []}, "groups must be a list with a group"),
        ({"groups": {"he": "she"}}, "groups must be a list"),
        ({"groups": [["he", "she"], ["king"]]}, "group 2: ['king'] must have one"),
        ({"groups": [["he", " "]]}, "group 1: ['he', ' '] must have one word for"),
        ({"groups": [["he", None]]}, "for each of male, female; mend it or leave"),
        ({"groups": ["he"]}, "group 1: 'he' must have one word"),
        ({"groups": [5]}, "group 1: 5 must have one word"),
    ],
)
def test_faulty_attribute_words_are_named(tmp_path, change, message):
    path = tmp_path / "words.json"
    path.write_text(json.dumps(GOOD | change))
    with pytest.raises(InputError, match=rf"words\.json.*{re.escape(message)}"):
        read_attribute_words(path)


def test_attribute_words_are_read_from_a_file(tmp_path):
    path = tmp_path / "words.json"
    path.write_text(json.dumps(GOOD))
    groups = (("he", "she"), ("king", "queen"))
    assert read_attribute_words(path) == AttributeWords(("male", "female"), groups)
    path.write_text(json.dumps({"classes": ["a", "b"]}))
    with pytest.raises(InputError, match=r"words\.json: no 'groups'; add it"):
        read_attribute_words(path)
    path.write_text("[")
    with pytest.raises(InputError, match=r"words\.json: not valid JSON"):
        read_attribute_words(path)
    with pytest.raises(InputError, match=r"none\.json: not there; check the path"):
        read_attribute_words(tmp_path / "none.json")
