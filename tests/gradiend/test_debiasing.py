"""One call: what it finds, that the model is left alone, and what is said of it."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from transformers import AutoModelForCausalLM, AutoTokenizer

from gradiend import ClozeLM, TrainingSettings, debias, read_cloze_table
from gradiend.errors import InputError
from gradiend.evaluation.levelling import neutral_parts, words_of
from gradiend.evaluation.scoring import ClassProbabilities
from gradiend.summary import SUMMARY, summary
from study.models.standins import STANDINS
from study.results.places import REPOSITORY
from tests.conftest import tiny_lm
from tests.gradiend.plain import same, snapshot

AGE = REPOSITORY / "data" / "examples" / "age.csv"


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return read_cloze_table(AGE)


@pytest.fixture(scope="module", params=["standin-bert-base", "standin-gpt2"])
def found(request):
    return debias(STANDINS / request.param, AGE)


def test_the_classes_come_closer_and_are_centred_on_texts_not_chosen_by(found):
    assert found.learning_rate > 0 and len(found.candidates) <= 25
    assert found.after["gap"] < 0.9 * found.before["gap"]
    assert abs(found.after["share"] - 0.5) < 0.1
    assert found.after["LMS"] > 0.9 * found.before["LMS"]
    assert found.correlation > 0.7
    assert len(found.encodings) == found.counts["test"] and found.history is None
    h, label = found.encodings["h"], found.encodings["label"]
    assert h.corr(label) == pytest.approx(found.correlation)
    assert (found.words.positive, found.words.negative) == ("young", "old")


def test_what_is_reported_is_what_the_rewritten_model_says(found, tmp_path, table):
    folder = found.save(tmp_path / "saved")
    again = ClozeLM.from_pretrained(folder)
    texts = found.probes["text"].tolist()
    assert set(texts) <= set(table.loc[table["split"] == "test", "masked"])
    p = ClassProbabilities(again, texts, found.words.of)()
    share = p["young"] / (p["young"] + p["old"])
    assert share == pytest.approx(found.probes["after"], abs=1e-5)
    assert share.mean() == pytest.approx(found.after["share"], abs=1e-5)
    text = (folder / SUMMARY).read_text()
    assert f"| gap | {found.before['gap']:.3f} | {found.after['gap']:.3f} |" in text
    assert text in (folder / "README.md").read_text()
    facts = json.loads((folder / "debiased.json").read_text())
    assert (facts["h"], facts["learning_rate"]) == (found.h, found.learning_rate)
    assert {"gradiend.safetensors", "summary.png", "probes.csv"} <= {
        path.name for path in folder.iterdir()
    }
    with pytest.raises(InputError, match="exists; remove it or give another"):
        found.save(folder)
    assert found.save(folder, overwrite=True) == folder


def test_what_is_saved_generates_like_the_base(tmp_path):
    name = STANDINS / "standin-gpt2"
    folder = debias(name, AGE, candidates=1).save(tmp_path / "saved")
    base, saved = (AutoModelForCausalLM.from_pretrained(n) for n in (name, folder))
    assert saved.config.use_cache == base.config.use_cache is True
    assert saved.generation_config.to_dict() == base.generation_config.to_dict()
    assert saved.dtype == base.dtype
    head, table = saved.get_output_embeddings(), saved.get_input_embeddings()
    assert head.weight is table.weight  # tied, as the base's
    ids = AutoTokenizer.from_pretrained(folder)("The old", return_tensors="pt")
    assert (
        saved.generate(**ids, max_new_tokens=3).shape[1]
        == ids["input_ids"].shape[1] + 3
    )


def test_twice_the_same_and_the_model_is_left_as_it_was(table):
    lm = ClozeLM.from_pretrained(STANDINS / "standin-bert-base")
    before = snapshot(lm)
    first, second = (debias(lm, table, candidates=6) for _ in range(2))
    assert same(before, snapshot(lm))
    assert (first.h, first.learning_rate) == (second.h, second.learning_rate)
    assert first.after == second.after
    pd.testing.assert_frame_equal(first.candidates, second.candidates)


def test_the_feature_can_be_trained(table):
    # All but the steps are what fits a model of that size.
    found = debias(
        STANDINS / "standin-bert-base", table, method="train", training={"steps": 60}
    )
    assert found.method == "train" and found.after["gap"] < found.before["gap"]
    assert found.correlation > 0.9
    assert found.gradiend.metadata["feature"] == "young / old"
    assert found.history["step"].iloc[-1] == 60 and "pearson" in found.history


def test_as_few_rows_teach_as_the_settings_allow(table):
    few = table.groupby(["label", "split"]).head(6)
    options = {"method": "train", "candidates": 0, "texts": 4, "max_tokens": 40}
    lm = tiny_lm("bert")
    with pytest.raises(InputError, match=r"6 training rows, fewer than 10 \(min_rows"):
        debias(lm, few, **options)
    for training in (
        {"min_rows": 6, "steps": 1},
        TrainingSettings(min_rows=6, steps=1),
    ):
        assert debias(lm, few, training=training, **options).counts["train"] == 12


def test_rows_of_no_class_are_nothing_to_level(table):
    """They may be texts to keep fluent on; of what is levelled they are no part."""
    lm = ClozeLM.from_pretrained(STANDINS / "standin-bert-base")
    few = table.groupby(["label", "split"]).head(12)
    plain = few.assign(label=0, factual_class="neither", counterfactual_class="neither")
    plain["masked"] = "Yesterday, " + plain["masked"]
    plain["factual"] = "a word of more than three tokens"
    options = {"neutral": table["masked"].head(40), "candidates": 2, "texts": 16}
    without, among = (
        debias(lm, rows, **options)
        for rows in (few, pd.concat([few, plain], ignore_index=True))
    )
    assert not any("Yesterday" in text for text in among.probes["text"])
    pd.testing.assert_frame_equal(among.candidates, without.candidates)
    assert among.correlation == without.correlation
    assert (among.before, among.after) == (without.before, without.after)


def test_texts_to_keep_fluent_on_are_halved_or_come_from_the_file(table):
    own = neutral_parts(table, None, 30, seed=0)
    assert [len(part) for part in own.values()] == [30, 30]
    train = set(
        table.loc[table["split"] == "train", "masked"].str.split("[MASK]").str[0]
    )
    assert all(any(text.startswith(t) for t in train) for text in own["validation"])
    given = neutral_parts(table, [f"text {n}" for n in range(9)], 30, seed=0)
    assert not set(given["validation"]) & set(given["test"])
    assert len(given["validation"]) + len(given["test"]) == 9
    twice = neutral_parts(table, [f"text {n // 2}" for n in range(18)], 30, seed=0)
    assert twice == given
    with pytest.raises(InputError, match="fewer than two neutral texts"):
        neutral_parts(table, ["one", "one"], 30, seed=0)


def test_no_text_is_asked_to_choose_and_to_report(table):
    """Two slots of one text are two rows, which may be of two splits."""
    text = "Anna said that she was tired and that she slept."
    slots = [text.replace("she", "[MASK]", 1), "[MASK]".join(text.rsplit("she", 1))]
    for split in ("train", "validation"):
        twice = pd.concat([table, table.iloc[:2]], ignore_index=True)
        last = twice.index[-2:]
        twice.loc[last, "masked"], twice.loc[last, "factual"] = slots, "she"
        twice.loc[last, "split"] = [split, "test"]
        parts = neutral_parts(twice, None, 0, seed=0)
        assert text not in parts["test"]
        assert parts["test"] == neutral_parts(table, None, 0, seed=0)["test"]
    test = table[table["split"] == "test"]
    same = pd.concat(
        [table[table["split"] == "train"], test.assign(split="train"), test]
    )
    with pytest.raises(
        InputError, match=r"every text of the test split .* give neutral"
    ):
        neutral_parts(same, None, 30, seed=0)


def test_what_did_not_work_is_said(table):
    found = debias(STANDINS / "standin-bert-base", table, candidates=0)
    assert (found.h, found.learning_rate) == (0, 0) and found.before == found.after
    assert any("no candidate was better" in remark for remark in found.remarks)
    assert "**Note:** no candidate was better" in summary(found)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"training": {"steps": 9}}, r"steps would change nothing.*method='train'"),
        ({"training": {"step": 9}}, "unknown setting 'step'"),
        ({"training": TrainingSettings(steps=9)}, "steps would change nothing"),
        ({"neutral": "neutral.txt"}, "neutral is 'neutral.txt'; give a list of texts"),
        ({"neutral": pd.DataFrame({"text": ["a"]})}, "neutral is a DataFrame of other"),
        ({"neutral": [["a", "b"]]}, "neutral is a list of other things"),
        ({"probes": "probes.txt"}, "probes is 'probes.txt'; give a list of texts"),
        ({"probes": ["The [MASK]."]}, "probes: 1 different probes; give at least 20"),
        ({"training": {"batch_size": 0}}, "batch_size is 0"),
        ({"texts": -1}, "texts is -1; give a whole number of at least 0"),
        ({"candidates": -1}, "candidates is -1"),
        ({"seed": -1}, "seed is -1"),
        ({"max_tokens": 0}, "max_tokens is 0; give a whole number of at least 1"),
        ({"device": "gpu"}, "unknown device 'gpu'; give auto, cpu, cuda"),
        ({"dtype": "bf16"}, "unknown dtype 'bf16'; did you mean 'bfloat16'"),
    ],
)
def test_an_option_is_checked_before_a_model_is_loaded(given, message, monkeypatch):
    monkeypatch.setattr("gradiend.lm.loading._config", lambda *_: pytest.fail("loaded"))
    with pytest.raises(InputError, match=message):
        debias(STANDINS / "standin-bert-base", "nowhere.csv", **given)


def test_longer_words_are_taken_where_one_says_so(table):
    long = table.replace({"factual": {"young": "youngest of the young"}})
    lm = tiny_lm("bert")
    with pytest.raises(InputError, match="or raise max_tokens"):
        debias(lm, long, candidates=0, texts=8)
    found = debias(lm, long, candidates=0, texts=8, max_tokens=40)
    assert "youngest of the young" in found.words.of["young"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.drop(columns="factual"), "rows: no column factual"),
        (
            lambda t: t.replace("elderly", "young"),
            "factual and counterfactual are both",
        ),
        (lambda t: t.assign(label=[0, 1] * 150), "labels are 0 and 1"),
        (lambda t: t.assign(split="dev"), "split 'dev' is not one of"),
        (lambda t: t.assign(masked="No slot."), "write .MASK. where the word goes"),
    ],
)
def test_a_table_of_no_file_is_checked_like_one(table, change, message):
    with pytest.raises(InputError, match=message):
        debias(tiny_lm("bert"), change(table), candidates=0)


def test_a_table_without_splits_and_masks_of_another_kind_is_read(table):
    plain = table.drop(columns=["split", "counterfactual_class"])
    plain["masked"] = plain["masked"].str.replace("[MASK]", "<mask>")
    options = {"candidates": 0, "texts": 8, "neutral": table["masked"].head(20)}
    options["max_tokens"] = 40
    lm = tiny_lm("bert")
    found, expected = (debias(lm, t, **options) for t in (plain, table))
    assert found.before == expected.before


def test_where_nothing_is_said_of_a_class_the_model_stays(table, monkeypatch):
    lm = tiny_lm("bert")
    said = ClassProbabilities.__call__

    def nothing(scorer):
        found = said(scorer)
        for p in found.values():
            p[0] = 0.0
        return found

    monkeypatch.setattr(ClassProbabilities, "__call__", nothing)
    found = debias(lm, table, candidates=2, texts=8, max_tokens=40)
    assert (found.h, found.learning_rate) == (0, 0)
    assert any("have no share" in remark for remark in found.remarks)


def test_mistakes_are_one_line(table):
    with pytest.raises(InputError, match=r"unknown method 'closed'.*closed-form"):
        debias(STANDINS / "standin-bert-base", table, method="closed")
    three = table.assign(
        factual_class=[
            "older" if n % 3 else c for n, c in enumerate(table["factual_class"])
        ]
    )
    with pytest.raises(InputError, match="label \\+1 has the classes"):
        words_of(three)
    with pytest.raises(InputError, match=r"no such file"):
        debias(STANDINS / "standin-bert-base", "nowhere.csv")
