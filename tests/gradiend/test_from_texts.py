"""Rows out of plain texts: which are taken, and what stands in them."""

from __future__ import annotations

import pytest

from gradiend import rows_from_texts
from gradiend.data import check_cloze_table
from gradiend.errors import InputError


def test_the_word_becomes_the_slot_and_the_other_its_counterfactual():
    table = rows_from_texts(
        ["They saw the French team.", "A German ship.", "A German ship."],
        "French",
        "German",
    )
    assert table["masked"].tolist() == ["They saw the [MASK] team.", "A [MASK] ship."]
    assert table["factual"].tolist() == ["French", "German"]
    assert table["counterfactual"].tolist() == ["German", "French"]
    assert table["label"].tolist() == [1, -1]
    assert check_cloze_table(table)["factual_class"].tolist() == ["French", "German"]


@pytest.mark.parametrize(
    "text",
    [
        "French and German",
        "The French like French wine.",
        "Frenchmen sang.",
        "the french way",
        "It is [MASK], not French.",
        "nothing of the kind",
    ],
)
def test_other_texts_are_left_out(text):
    table = rows_from_texts([text, "a French one", "a German one"], "French", "German")
    assert len(table) == 2


def test_an_article_that_tells_the_word_leaves_the_text_out():
    texts = ["an American car", "a British car", "the American car", "the British car"]
    table = rows_from_texts(texts, "American", "British")
    assert table["masked"].unique().tolist() == ["the [MASK] car"]
    both = rows_from_texts(["a French car", "a German car"], "French", "German")
    assert len(both) == 2  # either could follow "a"


def test_words_that_give_no_rows_are_named():
    with pytest.raises(InputError, match="no text has 'German'"):
        rows_from_texts(["a French car"], "French", "German")
    with pytest.raises(InputError, match="both words are 'French'"):
        rows_from_texts(["a French car"], "French", "French")


def test_a_word_may_begin_like_the_other_one():
    texts = ["an old man sat", "the young sat", "the old sat"]
    table = rows_from_texts(texts, "old", "old man")
    assert table["factual"].tolist() == ["old man", "old"]
    assert table["masked"].tolist() == ["an [MASK] sat", "the [MASK] sat"]


def test_what_is_left_out_is_counted():
    texts = ["a red car", "an American car", "British, American", "my [MASK] British"]
    texts += ["the American car", "the British car"] * 2
    table = rows_from_texts(texts, "American", "British")
    assert len(table) == 2 and table.attrs["changed"] == {
        "texts without the words left out": 1,
        "texts with a or an before the word left out": 1,
        "texts with the words in several places left out": 1,
        "texts with [MASK] left out": 1,
        "equal texts left out": 2,
    }


def test_an_empty_word_is_refused():
    with pytest.raises(InputError, match="one of the two words is empty"):
        rows_from_texts(["a text"], "", "text")


def test_a_word_may_end_in_a_full_stop():
    texts = ["The U.S. team.", "They left the U.K.", "A U.S.S.R. team."]
    table = rows_from_texts(texts, "U.S.", " U.K. ")
    assert table["masked"].tolist() == ["The [MASK] team.", "They left the [MASK]"]
    assert table["counterfactual"].tolist() == ["U.K.", "U.S."]


def test_a_files_name_is_not_taken_for_texts():
    with pytest.raises(InputError, match=r"texts is 'he\.txt'; give a list of texts"):
        rows_from_texts("he.txt", "he", "she")
    with pytest.raises(InputError, match="texts is a list of other things"):
        rows_from_texts(["he sat", float("nan"), "she sat"], "he", "she")
