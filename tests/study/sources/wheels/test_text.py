"""From passages to sentences, templates, names and pairs, on texts written here."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from gradiend.errors import InputError
from study.sources.wheels import sentences as texts
from study.sources.wheels.genter import templates, told
from study.sources.wheels.names import name_tables, read_people
from study.sources.wheels.terms import pair_tables, terms_in

PEOPLE = {
    "anna": [9, 900_000, 0.99, 5],
    "john": [9, 900_000, 0.01, 5],
    "robin": [9, 90_000, 0.5, 5],
    "bill": [9, 90_000, 0.01, 5],
    "jane": [9, 500, 0.99, 5],
    "april": [9, 90_000, 0.99, 5],
    "o'neil": [9, 90_000, 0.01, 5],
}
TEXTS = ["Anna met John, Robin and Jane. Bill came, too.", "He paid the bill in April."]


@pytest.fixture
def people(tmp_path: Path) -> pd.DataFrame:
    path = tmp_path / "names.json"
    path.write_text(json.dumps(PEOPLE))
    return read_people(path, TEXTS)


def template_of(people: pd.DataFrame, text: str) -> str | None:
    table = pd.DataFrame({"text": [text], "split": ["train"]})
    found = templates(table, people)
    return found["train"]["masked"].item() if found else None


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (
            "Yesterday Anna said that she would be late for the last bus to town.",
            "Yesterday [NAME] said that [PRONOUN] would be late for the last bus to "
            "town.",
        ),
        (  # her surname goes with her, and the pronoun is any number of times
            "Anna Smith said she would be late, and later she was not there at all.",
            "[NAME] Smith said [PRONOUN] would be late, and later [PRONOUN] was not "
            "there at all.",
        ),
        (  # cut before the clause that breaks a rule
            "Yesterday John said that he would not be late for the last bus to town, "
            "and his wife laughed.",
            "Yesterday [NAME] said that [PRONOUN] would not be late for the last bus "
            "to town.",
        ),
    ],
)
def test_a_template_has_one_person_and_its_pronoun(people, text, masked):
    assert template_of(people, text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "Yesterday Anna said that he would be late for the last bus to the town.",
        "She said yesterday that Anna would be late for the last bus to the town.",
        "Anna told John that she would be late for the last bus to the old town.",
        "Bill told Anna that she would be late for the last bus to the old town.",
        "Jane told Anna that she would be late for the last bus to the old town.",
        "Robin said that she would be late for the last bus to the big old town.",
        "Anna took her bag because she would be late for the last bus to the town.",
        "The queen saw Anna before she went on to the last bus to the big old town.",
        "In the year 2001 it was Maria Anna that said she would take the last bus.",
        "At the hospital of St. Anna they say she is the one who takes the last bus.",
        "In April the company announced that she would take over the whole firm.",
        "In the old town hall they could not say where Anna was or when she came.",
        "Anna said she may.",
    ],
)
def test_what_breaks_a_rule_is_no_template(people, text):
    assert template_of(people, text) is None


def test_words_that_tell_a_gender_are_found_whole():
    assert told("The Queen was there.") and told("It was hers.")
    assert not told("The theme of the mandate is heretical.")


def test_names_are_what_texts_write_as_names(people):
    tables = name_tables(people, seed=0)
    # bill is a word, Jane too rare, Robin anybody's, O'Neil has no letters alone
    assert set(tables["namexact"]["name"]) == {"Anna", "John", "April"}
    assert set(tables["namextend"]["name"]) == {"Anna", "John", "April", "Robin"}
    row = tables["namextend"].set_index("name").loc["Anna"]
    assert (row["prob_F"], row["gender"]) == (0.99, "F")
    assert row["prob_M"] == pytest.approx(0.01)
    assert set(tables["namexact"]["split"]) <= {"train", "validation", "test"}


def test_a_file_without_names_is_refused(tmp_path):
    (tmp_path / "names.json").write_text('{"anna": 3}')
    with pytest.raises(InputError, match=r"names\.json: not names with their counts"):
        read_people(tmp_path / "names.json", [])


@pytest.mark.parametrize(
    ("text", "domain", "found"),
    [
        ("A Jewish writer and a JEWISH singer.", "religion", ["Jewish", "JEWISH"]),
        ("The black voters, a black cat.", "race", ["black"]),
        ("The White House and white people.", "race", ["white"]),
        ("In South Africa and in Africa.", "race", ["Africa"]),
        ("The churches of Asians.", "religion", ["churches"]),
        ("The asianist and the christmas.", "religion", []),
    ],
)
def test_terms_are_words_that_mean_people(text, domain, found):
    assert [text[t.start : t.end] for t in terms_in(text, domain)] == found


def test_a_pair_has_one_term_and_its_counterpart_in_the_same_case():
    rows = [
        "It was once a church, and the old church of the town.",
        "They met a MUSLIM singer in the town.",
        "They met a Muslim and a Jewish singer in the town.",
        "Church is at ten on every day of the week.",
    ]
    table = pd.DataFrame({"text": rows, "split": "train"})
    pairs = pair_tables(table, "religion")
    church = pairs["christian_to_jewish"]
    assert church["masked"].tolist() == [
        "It was once a [MASK], and the old [MASK] of the town."
    ]
    assert church["swapped"].str.count("synagogue").tolist() == [2]
    muslim = pairs["muslim_to_christian"]
    assert muslim[["source", "target"]].to_numpy().tolist() == [["MUSLIM", "CHRISTIAN"]]
    assert pairs["jewish_to_muslim"].empty


@pytest.fixture
def passages(tmp_path: Path) -> dict[str, Path]:
    """Ten passages a file, of two sentences; the first is asked of BoolQ's readers."""
    files = {}
    for name in texts.asked_files():
        key = (texts.PASSAGES | texts._ASKED)[name]
        origin = "asked" if name.endswith("dev.jsonl") else Path(name).parent.name
        lines = [
            {key: " ".join(f"{word} sentence {n} of {origin} is not at all short "
                           f"and it has a full stop." for word in ("First", "Second"))}
            for n in range(10)
        ]  # fmt: skip
        if name.endswith("combined.jsonl"):
            lines.append({key: "This one is asked of BoolQ's readers, word for word."})
        if name.endswith("dev.jsonl"):
            lines = [{key: "This one is asked of BoolQ's readers, word for word."}]
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(map(json.dumps, lines)))
        files[name] = path
    return files


def test_a_passage_is_of_one_split_and_none_that_is_asked(passages):
    found = texts.sentences(passages, seed=0)
    assert found["text"].is_unique and set(found["split"]) == set(texts.SHARES)
    passage = found["text"].str.replace("First|Second", "", regex=True)
    assert (found.groupby(passage)["split"].nunique() == 1).all()
    assert (found.groupby(passage).size() == 2).all()
    assert not found["text"].str.contains("asked of BoolQ").any()
    again = texts.sentences(passages, seed=0)
    pd.testing.assert_frame_equal(found, again)
    assert found["text"].tolist() != texts.sentences(passages, seed=1)["text"].tolist()


def test_pieces_that_are_no_sentences_are_left_out(passages):
    (path,) = [p for n, p in passages.items() if "Quac" in n]
    pieces = [
        "See [1] for the longer of the two versions of this sentence, it says.",
        "short one.",
        "no capital at the start of this one, which is long enough otherwise.",
        "A whole sentence of more than fifty characters that everything is right in.",
    ]
    path.write_text(json.dumps({"passage": " ".join(pieces)}))
    found = texts.sentences(passages, seed=0)
    assert found.loc[found["origin"] == "Quac", "text"].tolist() == [pieces[-1]]


def test_a_line_without_a_passage_is_named(passages):
    next(iter(passages.values())).write_text('{"passage": "A."}\n{"other": 1}')
    with pytest.raises(InputError, match=r"combined\.jsonl, line 2: no passage"):
        texts.sentences(passages, seed=0)
