"""The public StereoSet has odd examples, and models read only so much."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from gradiend.errors import InputError
from study.comparison.benchmarks.lengths import readable
from study.comparison.benchmarks.stereoset import LABELS, read_stereoset
from study.comparison.benchmarks.suite import Suite
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
