"""What MiniLM's head is trained on: no job, and no name that is measured on."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from study.models.adaptation_text import name_sentences, names_a_job, real_sentences
from study.sources.wheels.source import CarriedFiles

WORD = re.compile(r"[A-Za-z]+")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("The nurse said that she was late.", True),
        ("She met two carpenters and their dog.", True),
        ("Secretaries wrote to him.", True),
        ("POLICEMEN came with ladders.", True),
        ("In general it rained.", True),  # a rank, in another sense
        ("An air traffic controller saw the plane.", True),
        ("Mary said that she was late.", False),
        ("The nursery was closed.", False),
        ("He cooked a meal for his brother.", False),
    ],
)
def test_a_job_is_found_in_every_form(text, named):
    assert names_a_job(text) is named


def test_no_sentence_has_a_job_or_a_held_out_name():
    folder = CarriedFiles().folder
    names = pd.read_csv(folder / "namexact.csv", keep_default_na=False)
    test = set(names.loc[names["split"] == "test", "name"])
    jobs = set(pd.read_csv(folder / "associations.csv")["word"])
    real = real_sentences()
    named = name_sentences({"real": 1, "made_up": 1}, seed=0)
    assert len(real) > 40_000 and len(named) > 3_000
    for text in [*real, *named]:
        words = WORD.findall(text)
        assert test.isdisjoint(words), text
        assert jobs.isdisjoint(words) and jobs.isdisjoint(text.lower().split()), text
    assert len(set(real)) == len(real)
    assert named == name_sentences({"real": 1, "made_up": 1}, seed=0)


def test_names_are_followed_by_their_pronoun():
    names = pd.read_csv(CarriedFiles().folder / "namexact.csv", keep_default_na=False)
    gender = dict(zip(names["name"], names["gender"], strict=True))
    for text in name_sentences({"made_up": 1}, seed=0):
        words = WORD.findall(text)
        said = {
            "F" if word == "she" else "M" for word in words if word in ("he", "she")
        }
        assert "[" not in text and said == {gender[w] for w in words if w in gender}
