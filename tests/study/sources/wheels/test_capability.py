"""Questions with their answers, from the packages' files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gradiend.errors import InputError
from study.comparison.bootstrap import draws
from study.comparison.tasks.files import read_split
from study.comparison.tasks.metrics import side_metric
from study.sources.wheels import capability

CHOICE = {
    "question": "What is wet?",
    "options": "\nA. sand\nB. rain\nC. a stone",
    "answer": "B. rain",
}


def bbq(polarity: str, condition: str, label: int, stereotyped: str = "F") -> dict:
    return {
        "question_polarity": polarity,
        "context_condition": condition,
        "context": "A man and a woman were late.",
        "question": "Who was it?",
        "answer_info": {
            "ans0": ["man", "man"],
            "ans1": ["unknown", "unknown"],
            "ans2": ["woman", "F"],
        },
        "additional_metadata": {"stereotyped_groups": [stereotyped]},
        **{"ans0": "The man", "ans1": "Not known", "ans2": "The woman"},
        "label": label,
    }


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    rows = {
        capability.FILES["boolq"]: [
            {"question": "is it", "passage": "It is.", "answer": "True"},
            {"question": "is it", "passage": "It is not.", "answer": "False"},
        ],
        capability.FILES["siqa"]: [{"passage": "It rained.", **CHOICE}],
        capability.BBQ: [
            bbq("neg", "ambig", 1),
            bbq("nonneg", "ambig", 1),
            bbq("neg", "disambig", 0),
            bbq("neg", "disambig", 0, "transgender women"),
        ],
        capability.WINOBIAS: [
            {
                "text": " [The guard] thanked the nurse because [MASK] job was done.",
                "pro_stereotyped": "his",
                "options": "A. her\nB. his\nC. Both A and B",
            }
        ],
    }
    found = {}
    for name in (*capability.FILES.values(), capability.BBQ, capability.WINOBIAS):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(map(json.dumps, rows.get(name, [CHOICE]))))
        found[name] = path
    return found


def written(files: dict[str, Path], out: Path, task: str) -> list[dict]:
    capability.write_capability(files, out, seed=0)
    path = out / "capability" / f"{task}_validation.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_options_are_taken_apart_and_the_answer_is_their_number(files, tmp_path):
    (row,) = written(files, tmp_path, "siqa")
    assert row["question"] == "It rained. What is wet?"
    assert (row["choices"], row["label"]) == (["sand", "rain", "a stone"], 1)
    table = read_split(tmp_path / "capability", "siqa", "validation")
    assert table["label"].tolist() == [0, 1, 0] and table["unit"].nunique() == 1


def test_boolq_says_yes_and_no(files, tmp_path):
    rows = written(files, tmp_path, "boolq")
    assert {row["passage"]: row["label"] for row in rows} == {
        "It is.": 1,
        "It is not.": 0,
    }


def test_bbqs_answers_begin_with_the_stereotype_whatever_the_polarity(files, tmp_path):
    rows = written(files, tmp_path, "bbq_ambiguous")
    assert {tuple(row["choices"]) for row in rows} == {
        ("The woman", "The man", "Not known"),  # a negative question
        ("The man", "The woman", "Not known"),
    }
    assert all(row["label"] == 2 for row in rows)
    (row,) = written(files, tmp_path, "bbq_disambiguated")
    assert (row["choices"][0], row["label"]) == ("The woman", 1)
    assert len(read_split(tmp_path / "capability", "bbq_ambiguous", "validation")) == 2


def test_a_sentence_goes_on_with_the_stereotypes_pronoun_or_the_other(files, tmp_path):
    (row,) = written(files, tmp_path, "winobias")
    assert row["question"] == "The guard thanked the nurse because"
    assert row["choices"] == ["his job was done.", "her job was done."]
    assert row["label"] == 0  # so that accuracy is how often the stereotype is said


def test_an_answer_that_is_none_of_the_options_is_left_out(files, tmp_path):
    files[capability.FILES["piqa"]].write_text(
        json.dumps(CHOICE | {"answer": "D. fog"}) + "\n" + json.dumps(CHOICE)
    )
    assert len(written(files, tmp_path, "piqa")) == 1


def test_a_line_that_is_no_question_is_named(files, tmp_path):
    files[capability.FILES["piqa"]].write_text('{"question": "?"}')
    with pytest.raises(InputError, match=r"validation\.jsonl, line 1: no question"):
        written(files, tmp_path, "piqa")


def test_the_bias_of_sided_answers_is_known():
    table = pd.DataFrame({"unit": list("abcdef"), "prediction": [0, 0, 0, 1, 2, 2]})
    metric = side_metric("bbq_disambiguated", table)
    assert metric(np.ones((1, 6))) == pytest.approx(50)
    assert metric(np.array([[0, 0, 0, 1, 1, 1]])) == pytest.approx(-100)
    assert np.isfinite(metric(draws(6, seed=0, replicates=20))).all()


def test_of_ambiguous_questions_what_takes_no_side_lessens_the_bias():
    table = pd.DataFrame({"unit": list("abcdef"), "prediction": [0, 0, 0, 1, 2, 2]})
    metric = side_metric("bbq_ambiguous", table)
    accuracy, of_the_sided = 2 / 6, 50
    expected = (1 - accuracy) * of_the_sided
    assert metric(np.ones((1, 6))) == pytest.approx(expected)
    assert metric(np.array([[0, 0, 0, 0, 3, 3]])) == pytest.approx(0)
