"""The public StereoSet has odd examples, and models read only so much."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from gradiend.errors import InputError
from study.comparison.benchmarks.crows import crows_scores
from study.comparison.benchmarks.lengths import readable
from study.comparison.benchmarks.perplexity import text_likelihoods
from study.comparison.benchmarks.stereoset import (
    LABELS,
    read_stereoset,
    stereoset_scores,
)
from study.comparison.benchmarks.suite import Suite
from study.comparison.benchmarks.tokenwise import as_read
from tests.conftest import tiny_lm


def example(number: int, context: str) -> dict:
    words = {"stereotype": "he", "anti-stereotype": "she", "unrelated": "house"}
    return {
        "id": str(number),
        "target": "friend",
        "bias_type": "gender",
        "context": context,
        "sentences": [
            {"sentence": context.replace("BLANK", word), "gold_label": label}
            for label, word in words.items()
        ],
    }


@pytest.fixture
def path(tmp_path):
    contexts = ["Anna said BLANK was tired.", "BLANK said BLANK was tired."]
    examples = [example(n, context) for n, context in enumerate(contexts)]
    found = tmp_path / "stereoset.json"
    found.write_text(json.dumps({"data": {"intrasentence": examples}}))
    return found


def test_an_odd_example_of_the_public_file_is_left_out_and_counted(path):
    left_out: list[str] = []
    assert len(read_stereoset(path, left_out=left_out)) == 1
    assert len(left_out) == 1 and "example '1': the context has 2 BLANKs" in left_out[0]


def test_an_odd_example_of_a_file_of_ones_own_is_an_error_with_its_number(path):
    with pytest.raises(InputError, match=r"example '1': the context has 2 BLANKs"):
        read_stereoset(path)


def test_a_blank_in_a_word_takes_the_whole_word(tmp_path):
    found = tmp_path / "stereoset.json"
    examples = [example(0, "The friend BLANKed the house.")]
    found.write_text(json.dumps({"data": {"intrasentence": examples}}))
    table = read_stereoset(found)
    assert table.loc[0, "context"] == "The friend BLANK the house."
    words = [table.loc[0, f"{label} word"] for label in LABELS]
    assert words == ["heed", "sheed", "houseed"]
    assert stereoset_scores(tiny_lm("bert"), table)[list(LABELS)].notna().all(axis=None)


def test_an_unknown_word_counts_like_any_token():
    lm = tiny_lm("bert")
    unknown = "he was ☃ tired"
    (read,) = as_read(lm, [unknown])
    assert lm.tokenizer.unk_token_id in [read.ids[place] for place in read.own]
    assert len(read.own) == len(read.ids) - 2  # all but the two ends
    (tokens,) = text_likelihoods(lm, [unknown])["tokens"]
    assert tokens == len(read.own)
    pair = {"sent_more": unknown, "sent_less": unknown.replace("he", "she")}
    plain = {side: text.replace(" ☃", "") for side, text in pair.items()}
    scores = crows_scores(lm, pd.DataFrame([pair, plain]).assign(bias_type="gender"))
    scores = scores[["more", "less"]]
    assert (scores.loc[0] < scores.loc[1] - 1).all()  # one more is asked for


@pytest.mark.parametrize("architecture", ["bert", "gpt2"])
def test_what_a_model_cannot_read_is_left_out_and_counted(path, architecture):
    lm = tiny_lm(architecture)
    stereoset = read_stereoset(path, left_out=[])
    long = "the road was long " * 40
    stereoset = pd.concat([stereoset, stereoset], ignore_index=True)
    stereoset.loc[1, LABELS[2]] = long
    crows = pd.DataFrame(
        {"sent_more": ["he was tired", "he"], "sent_less": ["she was tired", long]}
    )
    suite = Suite(stereoset, crows, {}, ["the road", long], {"stereoset": ["odd"]})
    found = readable(lm, suite)
    assert len(found.stereoset) == len(found.crows) == len(found.texts) == 1
    counts = {name: len(lines) for name, lines in found.left_out.items()}
    assert counts == {"stereoset": 2, "crows": 1, "texts": 1}
