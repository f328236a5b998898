"""Attribute words: what they find and swap, and how they are read."""

from __future__ import annotations

import json
import re
from collections import Counter

import numpy as np
import pytest

from gradiend.errors import InputError
from study.comparison.attribute_words import AttributeWords, read_attribute_words
from study.sources.world.source import PlantedWorld
from tests.study.comparison.words import RELIGION, WORDS


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


def test_the_worlds_attribute_words_name_its_classes():
    world = PlantedWorld()
    gender = world.attribute_words("gender")
    assert gender.found("The king knew.") == {"male"}
    assert gender.swapped(
        "He saw his mother.", {"male": "female", "female": "male"}
    ) == ("She saw her father.")
    for domain in ("race", "religion"):
        words = world.attribute_words(domain)
        assert len(words.classes) == 3 and words.groups
        for name, word in zip(words.classes, words.groups[0], strict=True):
            assert words.found(f"the {word}.") == {name}


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
