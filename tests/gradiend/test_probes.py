"""Sentences that decide no class: read, refused, halved, and what they change."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from gradiend import ClozeLM, debias, read_cloze_table
from gradiend.cli import main
from gradiend.errors import InputError
from gradiend.evaluation.decoder import shares
from gradiend.evaluation.scoring import ClassProbabilities
from gradiend.probes import LEAST, given_probes, probe_rows, read_probes
from gradiend.summary import summary
from study.models.standins import STANDINS
from study.results.places import REPOSITORY
from tests.conftest import tiny_lm
from tests.gradiend.files import file_of

EXAMPLES = REPOSITORY / "data" / "examples"
MODEL = STANDINS / "standin-bert-base"
TOPICS = (
    "swans",
    "the violin",
    "apricots",
    "the market",
    "the trumpet",
    "copper kettles",
)
PROBES = [
    f"{who} [MASK] in {town} talked about {topic}."
    for who, town in (
        ("All", "Milbrook"),
        ("Most", "Brookhaven"),
        ("Many", "Milbrook"),
        ("Several", "Brookhaven"),
    )
    for topic in TOPICS
]


@pytest.fixture(scope="module")
def lm() -> ClozeLM:
    return ClozeLM.from_pretrained(MODEL)


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return read_cloze_table(EXAMPLES / "age.csv")


# Reading and refusing


def test_probes_of_a_file_are_its_lines_with_a_plain_slot(tmp_path):
    lines = "\n\n".join(f"  {text} " for text in [*PROBES, PROBES[0]])
    path = file_of(tmp_path, lines.replace("[MASK]", "<mask>"))
    assert read_probes(path) == PROBES == given_probes(PROBES)
    path = file_of(tmp_path, lines.replace("[MASK]", "XX"))
    assert read_probes(path, slot="XX") == PROBES


def few(texts: list[str]) -> list[str]:
    return texts[: LEAST - 1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (few, r"19 different probes; give at least 20, half of which choose"),
        (lambda texts: few(texts) * 2, r"19 different probes; give at least 20"),
        (lambda texts: [*texts, "No slot."], r"{last}: no \[MASK\] in 'No slot\.'"),
        (lambda texts: [*texts, "A [MASK] or <mask>."], "{last}: two different slots"),
        (lambda texts: [f"[NAME], {text}" for text in texts], r"also has \[NAME\]"),
    ],
)
def test_what_are_no_probes_is_refused_in_one_line(tmp_path, change, message):
    texts = change(PROBES)
    path = file_of(tmp_path, "\n" + "\n".join(texts))  # an empty line is counted
    for read, last in (
        (lambda: read_probes(path), f"line {len(texts) + 1}"),
        (lambda: given_probes(texts), f"text {len(texts)}"),
    ):
        with pytest.raises(InputError, match=message.replace("{last}", last)) as error:
            read()
        assert "\n" not in str(error.value)


def test_no_probes_are_too_few():
    with pytest.raises(InputError, match="0 different probes; give at least 20"):
        given_probes([])


def test_the_probes_that_come_with_the_code_are_probes():
    found = read_probes(EXAMPLES / "nationality_probes.txt")
    assert len(found) == 72
    before = [text.partition("[MASK]")[0].split()[-1].casefold() for text in found]
    assert not {"a", "an"} & {*before}  # the article would tell the word
    told = ("America", "Brit", "Engl", "London", "York", "States", "Kingdom")
    assert not [text for text in found if any(word in text for word in told)]


# Halves


def test_a_half_chooses_and_the_other_reports(lm, table):
    rows = probe_rows(lm, PROBES, table, seed=0)
    assert rows["split"].value_counts().to_dict() == {"validation": 12, "test": 12}
    assert rows["masked"].tolist() == PROBES and (rows["label"] == 1).all()

    def halves(probes, seed):
        found = probe_rows(lm, probes, table, seed)
        return dict(zip(found["masked"], found["split"], strict=True))

    assert halves(PROBES[::-1], 0) == halves(PROBES, 0) != halves(PROBES, 1)


def test_the_words_of_the_rows_take_turns(lm, table):
    rows = probe_rows(lm, PROBES, table, seed=0)
    first = table[table["label"] == 1]
    pairs = {*zip(first["factual"], first["counterfactual"], strict=True)}
    asked = [*zip(rows["factual"], rows["counterfactual"], strict=True)]
    assert pairs <= {*asked}
    size = len({*asked})
    assert len({*asked[:size]}) == size and asked[size:] == asked[:-size]


def test_what_a_model_cannot_answer_or_has_learned_from_is_left_out(table):
    reads = tiny_lm("gpt2")
    options = {"table": table, "seed": 0}
    odd = ["[MASK] sang.", "They sang " + "and sang " * 3_000 + "with [MASK]."]
    odd.append(table["masked"].iloc[0])
    found = probe_rows(reads, [*odd, *PROBES], **options)
    assert found["masked"].tolist() == PROBES
    assert list(found.attrs["changed"].values()) == [1, 2]
    left = "19 different probes; give at least 20.*cannot answer left out: 2"
    with pytest.raises(InputError, match=left):
        probe_rows(reads, [*odd, *few(PROBES)], **options)


# What they change


@pytest.fixture(scope="module")
def found(lm, table):
    return debias(lm, table, probes=PROBES, candidates=8, texts=24)


def test_the_candidate_is_chosen_by_one_half_and_reported_on_the_other(
    found, lm, table
):
    rows = probe_rows(lm, PROBES, table, seed=0)
    chosen_by, reported = (
        rows.loc[rows["split"] == split, "masked"].tolist()
        for split in ("validation", "test")
    )
    share = shares(ClassProbabilities(lm, chosen_by, found.words.of)()).mean()
    assert found.candidates["share"].iloc[0] == pytest.approx(share, abs=1e-6)
    assert {*found.probes["text"]} == {*reported}
    assert found.probes["before"].mean() == pytest.approx(found.before["share"])
    assert found.learning_rate > 0 and found.after["gap"] < found.before["gap"]
    assert found.counts["probes to choose by"] == 12


def test_rows_teach_and_are_told_of_as_without_probes(found, lm, table):
    without = debias(lm, table, candidates=1, texts=24)
    assert without.beside is None and found.beside.before == without.before
    pd.testing.assert_series_equal(
        found.beside.texts["before"], without.probes["before"]
    )
    pd.testing.assert_frame_equal(found.encodings, without.encodings)
    assert found.correlation == without.correlation
    assert found.before["LMS"] == without.before["LMS"]
    assert found.beside.after != found.beside.before


def test_it_is_said_which_texts_were_used(found, lm, table, tmp_path):
    text = summary(found)
    assert "Chosen by one half of the probes" in text
    assert "|  | before | after | test texts: before | after |  |" in text
    numbers = [found.before, found.after, found.beside.before, found.beside.after]
    cells = " | ".join(f"{of['gap']:.3f}" for of in numbers)
    assert f"| gap | {cells} |" in text and "probes to report on 12" in text
    folder = found.save(tmp_path / "saved")
    facts = json.loads((folder / "debiased.json").read_text())
    assert facts["asked"] == "probes"
    assert facts["beside"]["after"] == found.beside.after
    texts = pd.read_csv(folder / "test_texts.csv")
    assert texts["text"].tolist() == found.beside.texts["text"].tolist()

    folder = debias(lm, table, candidates=0, texts=24).save(tmp_path / "without")
    assert "probes" not in (folder / "summary.md").read_text()
    facts = json.loads((folder / "debiased.json").read_text())
    assert (facts["asked"], facts["beside"]) == ("test texts", None)
    assert not (folder / "test_texts.csv").exists()


def test_the_command_reads_them(tmp_path, capsys):
    path = tmp_path / "probes.txt"
    given = ["debias", str(MODEL), str(EXAMPLES / "age.csv"), "--candidates", "1"]
    given += ["--texts", "8", "--probes", str(path), "--out", str(tmp_path / "out")]
    path.write_text("\n".join([*few(PROBES), "No slot."]))
    assert main(given) == 1
    assert f"{path}, line 20: no [MASK] in" in capsys.readouterr().err
    path.write_text("\n".join(PROBES))
    assert main(given) == 0
    assert "probes to choose by 12" in capsys.readouterr().out
    again = [*given[:-1], str(tmp_path), "--overwrite"]  # over what is read
    assert main(again) == 1
    assert path.read_text().startswith(PROBES[0])
