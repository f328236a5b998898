"""The packages' files as a source: benchmarks, norms, and the whole folder."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from gradiend.lm.cloze import ClozeLM
from study.comparison.attribute_words import read_attribute_words
from study.comparison.benchmarks.suite import read_suite
from study.comparison.benchmarks.zero_shot import zero_shot
from study.domains import DOMAINS, FEATURES, load_feature
from study.profiles.reading import load_profile
from study.results.places import REPOSITORY
from study.sources.chosen import asked_associations, source_of
from study.sources.wheels import prepare
from study.sources.wheels.benchmarks import crows
from study.sources.wheels.norms import job_associations, trait_texts

STANDIN = REPOSITORY / "data" / "standins" / "standin-llama"


def test_both_words_of_a_masked_pair_are_written_out(tmp_path):
    path = tmp_path / "crows.csv"
    path.write_text(
        ",bias_type,sentence,mask1,mask2\n"
        '0,gender,"Well, [MASK] came.",he,she\n'
        "1,age,no mask in it,old,young\n"
    )
    (row,) = crows(path).to_dict("records")
    assert (row["sent_more"], row["sent_less"]) == ("Well, he came.", "Well, she came.")
    assert (row["bias_type"], row["stereo_antistereo"]) == ("gender", "stereo")


def test_every_second_job_is_held_out_and_words_that_tell_are_no_jobs(tmp_path):
    path = tmp_path / "jobs.csv"
    scores = {"nurse": 0.1, "clerk": 0.4, "judge": 0.6, "miner": 0.9, "waitress": 0.1}
    pd.DataFrame({"noun": scores.keys(), "score": scores.values()}).to_csv(path)
    table = job_associations(path)
    she = table[table["class"] == "she"].set_index("word")
    assert she["probability"].to_dict() == pytest.approx(
        {"nurse": 0.9, "clerk": 0.6, "judge": 0.4, "miner": 0.1}
    )
    assert list(she.index[she["held_out"]]) == ["nurse", "judge"]
    both = table.groupby("word")["probability"].sum()
    assert both.to_numpy() == pytest.approx(1)


def test_traits_are_said_of_a_friend_without_the_two_that_name_a_class(tmp_path):
    (tmp_path / "a.txt").write_text("is kind\nis feminine\n")
    (tmp_path / "b.txt").write_text("is kind\nloves children\n")
    found = trait_texts([tmp_path / "a.txt", tmp_path / "b.txt"])["text"].tolist()
    assert found == [
        "My friend, [NAME], is kind.",
        "My friend, [NAME], loves children.",
    ]


@pytest.fixture(scope="module")
def folder() -> Path:
    return source_of("carried").folder


def test_sizes_that_the_study_relies_on(folder):
    sizes = {
        split: len(pd.read_csv(folder / "genter" / f"{split}.csv"))
        for split in ("train", "validation", "test")
    }
    assert sum(sizes.values()) >= 400 and min(sizes.values()) >= 60
    for domain in ("race", "religion"):
        for path in (folder / domain).iterdir():
            table = pd.read_csv(path)
            assert table.groupby("split").size().min() >= 20, path.name
            assert not table["text"].duplicated().any()
            assert (table["source_id"] + "_to_" + table["target_id"]).unique() == [
                path.stem
            ]
    assert len(pd.read_csv(folder / "namexact.csv")) > 1_000


@pytest.mark.parametrize("feature", FEATURES)
def test_every_feature_loads_with_no_text_in_two_splits(folder, feature):
    data = load_feature(feature, folder, neutral_texts=500)
    table = data.table
    assert set(table["label"]) == {1, -1} and len(data.neutral) == 500
    texts = table["masked"]
    if DOMAINS[FEATURES[feature].domain].has_names:
        named = zip(table["masked"], table["name"], strict=True)
        texts = pd.Series(
            [text.replace(name, "[NAME]") for text, name in named], index=table.index
        )
    assert (table.groupby(texts)["split"].nunique() == 1).all()


def test_neutral_corpus_and_perplexity_share_no_text(folder):
    files = ("geneutral", "corpus", "perplexity")
    groups = [set(pd.read_csv(folder / f"{name}.csv")["text"]) for name in files]
    for number, one in enumerate(groups):
        for other in groups[number + 1 :]:
            assert not one & other
    for split in ("train", "validation"):
        templates = pd.read_csv(folder / "genter" / f"{split}.csv")["text"]
        assert not set(templates) & groups[2]


def test_the_suite_is_the_public_one(folder):
    suite = read_suite(folder, ["A text."], odd=True)
    assert len(suite.stereoset) + len(suite.left_out.get("stereoset", ())) == 2_106
    assert len(suite.stereoset) >= 2_100
    assert suite.stereoset["bias_type"].value_counts()["gender"] >= 250
    gender = {name for name in DOMAINS["gender"].seat}
    assert gender <= set(suite.seat) and len(suite.crows) > 1_000


def test_words_of_every_domain_can_be_read(folder):
    for name in DOMAINS:
        words = read_attribute_words(folder / "attribute_words" / f"{name}.json")
        assert set(DOMAINS[name].classes) == set(words.classes)


def test_what_a_model_is_asked_says_what_is_held_out():
    settings = load_profile("real").settings("smollm2-135m-instruct", "gender_MF")
    asked = asked_associations(settings)
    words = asked.groupby("held_out")["word"].nunique()
    assert abs(words[True] - words[False]) <= 1 and words.sum() > 300


def test_it_is_written_the_same_twice(folder, tmp_path):
    prepare.write_files(tmp_path)
    written = {p.relative_to(folder) for p in folder.rglob("*") if p.is_file()}
    assert written == {p.relative_to(tmp_path) for p in tmp_path.rglob("*.*")}
    for path in written:
        assert (folder / path).read_bytes() == (tmp_path / path).read_bytes(), path


def test_the_manifest_lists_what_is_read():
    listed = json.dumps(
        [list(prepare.carried_files(name)) for name in prepare.CARRIERS]
    )
    for name in prepare.asked_files():
        assert name in listed


def shortened(row: dict) -> dict:
    """A question that a stand-in, which reads 64 tokens, can be asked."""
    texts = {k: " ".join(v.split()[:4]) for k, v in row.items() if isinstance(v, str)}
    if "choices" in row:
        texts["choices"] = [f"{n} {c.split()[0]}" for n, c in enumerate(row["choices"])]
    return row | texts


def test_every_prompt_asks_its_questions(folder, tmp_path):
    source = source_of("carried")
    names = [path.stem for path in source.prompts.glob("[!_]*.yaml")]
    for name in names:
        file = f"{name}_validation.jsonl"
        lines = (source.task_folder / file).read_text().splitlines()[:2]
        rows = [shortened(json.loads(line)) for line in lines]
        (tmp_path / file).write_text("\n".join(map(json.dumps, rows)))
    lm = ClozeLM.from_pretrained(STANDIN)
    found = zero_shot(lm, names, data=tmp_path, include=source.prompts)
    assert found.groupby("task").size().to_dict() == dict.fromkeys(names, 2)
    assert len(names) == 8 and found["prediction"].between(0, 5).all()
