"""GLUE and SuperGLUE: files in the public schemas, metrics, and fine-tuning."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import f1_score, matthews_corrcoef

from gradiend.errors import InputError
from study.comparison.bootstrap import draws
from study.comparison.edits import Projection
from study.comparison.tasks.files import read_split
from study.comparison.tasks.fine_tuning import FineTuning, fine_tune, task_predictions
from study.comparison.tasks.metrics import task_metric, unit_count
from study.comparison.tasks.registry import TASKS
from tests.conftest import ARCHITECTURES, tiny_lm

PAIR = {"sentence1": "The road was long.", "sentence2": "The road is green."}
NLI = {"premise": "The road was long.", "hypothesis": "The road is green."}
# One labelled example a task, in the columns of the public data sets.
PUBLIC = {
    "cola": {"sentence": "The road was long.", "label": 1, "idx": 0},
    "sst2": {"sentence": "The road was long.", "label": 0, "idx": 0},
    "mrpc": PAIR | {"label": 1, "idx": 0},
    "stsb": PAIR | {"label": 3.4, "idx": 0},
    "qqp": {"question1": "Was it?", "question2": "Is it?", "label": 1, "idx": 0},
    "mnli": NLI | {"label": 2, "idx": 0},
    "qnli": {"question": "Was it?", "sentence": "It was.", "label": 0, "idx": 0},
    "rte": PAIR | {"label": 1, "idx": 0},
    "wnli": PAIR | {"label": 0, "idx": 0},
    "boolq": {"question": "was it", "passage": "It was.", "label": 1, "idx": 0},
    "cb": NLI | {"label": 2, "idx": 0},
    "copa": {
        "premise": "The road was long.",
        "choice1": "She was tired.",
        "choice2": "She was green.",
        "question": "effect",
        "label": 0,
        "idx": 0,
    },
    "multirc": {
        "paragraph": "Anna opened the window.",
        "question": "Who opened it?",
        "answer": "Anna",
        "label": 1,
        "idx": {"paragraph": 0, "question": 0, "answer": 0},
    },
    "record": {
        "passage": "Anna met Tom in the park.",
        "query": "@placeholder met Tom.",
        "entities": ["Anna", "Tom"],
        "answers": ["Anna"],
        "idx": {"passage": 0, "query": 0},
    },
    "superglue_rte": NLI | {"label": 0, "idx": 0},
    "wic": PAIR | {"word": "road", "label": 1, "idx": 0},
    "wsc": {
        "text": "Anna smiled because she was tired.",
        "span1_text": "Anna",
        "span2_text": "she",
        "label": 1,
        "idx": 0,
    },
    **{
        name: {"question": "What is wet?", "choices": ["fog", "sand"], "label": 0,
               "idx": 0}
        for name in ("piqa", "siqa", "openbookqa", "commonsenseqa")
    },
    **{
        name: {"question": "Who was it?", "choices": ["He", "She", "?"], "label": 2,
               "idx": 0}
        for name in ("bbq_ambiguous", "bbq_disambiguated")
    },
    "winobias": {"question": "The guard slept as", "choices": ["he did.", "she did."],
                 "label": 0, "idx": 0},
}  # fmt: skip


def write(folder, name: str, rows: list[dict], split: str = "validation"):
    path = folder / f"{name}_{split}.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)) + "\n")
    return path


@pytest.mark.parametrize("name", TASKS)
def test_every_public_schema_is_read(name, tmp_path):
    write(tmp_path, name, [PUBLIC[name]])
    found = read_split(tmp_path, name, "validation")
    assert list(found.columns) == ["unit", "text", "second", "label"]
    assert len(found) == (2 if TASKS[name].choice else 1)
    assert found["label"].sum() == (1 if TASKS[name].choice else PUBLIC[name]["label"])


def test_parquet_holds_the_same_as_json_lines(tmp_path):
    write(tmp_path, "record", [PUBLIC["record"]])
    lines = read_split(tmp_path, "record", "validation")
    (tmp_path / "record_validation.jsonl").unlink()
    table = pd.DataFrame([PUBLIC["record"]])
    table.to_parquet(tmp_path / "record_validation.parquet")
    pd.testing.assert_frame_equal(read_split(tmp_path, "record", "validation"), lines)
    assert lines["second"].tolist() == ["Anna met Tom.", "Tom met Tom."]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"label": 5}, r"example 2: unknown label 5; rte has 0 to 1"),
        ({"label": -1}, r"example 2: unknown label -1.*use the validation split"),
        ({"sentence1": " "}, r"example 2: a text is empty; fill it in"),
    ],
)
def test_a_damaged_example_is_named(tmp_path, change, message):
    write(tmp_path, "rte", [PUBLIC["rte"], PUBLIC["rte"] | change])
    with pytest.raises(InputError, match=r"rte_validation\.jsonl, " + message):
        read_split(tmp_path, "rte", "validation")


def test_a_damaged_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"rte_validation: not there as \.parquet"):
        read_split(tmp_path, "rte", "validation")
    with pytest.raises(InputError, match=r"unknown task 'rtee'.*did you mean 'rte'"):
        read_split(tmp_path, "rtee", "validation")
    path = write(tmp_path, "rte", [{"sentence1": "x", "label": 0}])
    with pytest.raises(InputError, match="no column sentence2, idx"):
        read_split(tmp_path, "rte", "validation")
    path.write_text("{")
    with pytest.raises(InputError, match=r"not readable.*fetch it again"):
        read_split(tmp_path, "rte", "validation")


def predictions(label, prediction, unit=None) -> pd.DataFrame:
    unit = unit if unit is not None else range(len(label))
    return pd.DataFrame({"unit": unit, "label": label, "prediction": prediction})


def score(name: str, table: pd.DataFrame) -> float:
    return float(task_metric(name, table)(np.ones((1, unit_count(table))))[0])


def test_known_values():
    assert score("sst2", predictions([1, 1, 0, 0], [1, 0, 0, 0])) == 75
    assert score("mrpc", predictions([1, 1, 0, 0], [1, 0, 0, 0])) == pytest.approx(
        200 / 3
    )
    assert score("cola", predictions([1, 1, 0, 0], [1, 1, 0, 0])) == 100
    assert score("cola", predictions([1, 1, 0, 0], [1, 1, 1, 1])) == 0
    assert score("stsb", predictions([1.0, 2, 3], [2.0, 4, 6])) == pytest.approx(100)
    # COPA: of each unit the higher score is the choice.
    copa = predictions([1, 0, 0, 1], [0.2, 0.1, 0.9, 0.3], [0, 0, 1, 1])
    assert score("copa", copa) == 50
    # MultiRC: F1 over answers 4/5, one of two questions wholly right.
    multirc = predictions([1, 0, 1, 0], [1, 0, 1, 1], ["a", "a", "b", "b"])
    assert score("multirc", multirc) == pytest.approx(100 * (0.8 + 0.5) / 2)
    record = predictions([1, 0, 0, 1], [0.2, 0.1, 0.9, 0.3], [0, 0, 1, 1])
    assert score("record", record) == 50


def test_metrics_are_scikit_learns():
    generator = np.random.default_rng(0)
    label, said = generator.integers(0, 2, (2, 60))
    table = predictions(label, said)
    assert score("mrpc", table) == pytest.approx(100 * f1_score(label, said))
    assert score("cola", table) == pytest.approx(100 * matthews_corrcoef(label, said))
    label, said = generator.integers(0, 3, (2, 60))
    both = (label == said).mean() + f1_score(label, said, average="macro")
    assert score("cb", predictions(label, said)) == pytest.approx(50 * both)
    label, said = generator.normal(size=(2, 60))
    expected = 100 * np.corrcoef(label, said)[0, 1]
    assert score("stsb", predictions(label, said)) == pytest.approx(expected)


@pytest.mark.parametrize("name", ["sst2", "mrpc", "cola", "cb", "copa", "multirc"])
def test_weights_are_drawn_rows(name):
    """A unit of weight 2 counts as if it stood there twice."""
    generator = np.random.default_rng(1)
    unit = np.repeat(np.arange(12), 2)
    label = np.tile([0, 1], 12) if name == "copa" else generator.integers(0, 2, 24)
    said = generator.normal(size=24) if name == "copa" else generator.integers(0, 2, 24)
    table = predictions(label, said, unit)
    weights = draws(12, seed=3, replicates=5)
    found = task_metric(name, table)(weights)
    for weight, value in zip(weights, found, strict=True):
        drawn = [
            table[table["unit"] == number].assign(unit=f"{number}-{copy}")
            for number, times in enumerate(weight)
            for copy in range(int(times))
        ]
        assert value == pytest.approx(score(name, pd.concat(drawn, ignore_index=True)))


def learnable(rows: int) -> pd.DataFrame:
    """Is it about a garden (1) or a road (0)?"""
    texts = ["the garden is green", "the road was long"]
    return pd.DataFrame(
        {
            "unit": [str(number) for number in range(rows)],
            "text": [
                f"{texts[number % 2]} {'and ' * (number % 5)}" for number in range(rows)
            ],
            "second": "",
            "label": [1 - number % 2 for number in range(rows)],
        }
    )


FAST = FineTuning(epochs=10, batch_size=8, learning_rate=3e-3)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_architecture_learns_and_the_model_stays(architecture):
    lm = tiny_lm(architecture)
    before = {n: p.detach().clone() for n, p in lm.model.named_parameters()}
    pad = lm.tokenizer.pad_token
    train, held_out = learnable(40), learnable(10)
    found = fine_tune(
        lm, TASKS["sst2"], train, {"validation": held_out}, seed=0, settings=FAST
    )
    assert score("sst2", found.predictions) >= 90
    assert found.body.keys() == lm.covered.keys()
    assert any(not torch.equal(found.body[n], before[n]) for n in found.body)
    for name, parameter in lm.model.named_parameters():
        assert torch.equal(parameter, before[name]) and not parameter.requires_grad
    assert lm.tokenizer.pad_token == pad and not lm.model.training


def test_the_same_seed_gives_the_same_bits_and_another_does_not():
    lm, rows = tiny_lm("bert"), learnable(16)
    settings = FineTuning(epochs=1, batch_size=8, learning_rate=1e-3)
    bodies = [
        fine_tune(
            lm, TASKS["sst2"], rows, {"v": rows}, seed=seed, settings=settings
        ).body
        for seed in (0, 0, 1)
    ]
    assert all(torch.equal(bodies[0][n], bodies[1][n]) for n in bodies[0])
    assert not all(torch.equal(bodies[0][n], bodies[2][n]) for n in bodies[0])


@pytest.mark.parametrize("architecture", ["bert", "distilbert", "gpt2"])
def test_projections_stay_on_while_it_trains(architecture):
    """With nothing left of the last hidden state, all texts look the same."""
    lm, rows = tiny_lm(architecture), learnable(20)
    nothing = Projection(torch.zeros(2 * (lm.model.config.hidden_size,)))
    found = fine_tune(
        lm,
        TASKS["sst2"],
        rows,
        {"v": rows},
        seed=0,
        settings=FAST,
        attachments=(nothing,),
    )
    assert found.predictions["prediction"].nunique() == 1
    # It is off again when training is over.
    again = task_predictions(lm, found.classifier, TASKS["sst2"], rows, settings=FAST)
    assert list(again.columns) == ["unit", "label", "prediction"]
    assert not found.classifier.base_model._forward_hooks


def test_choices_and_scores_are_trained_on_one_output():
    lm = tiny_lm("bert")
    rows = pd.DataFrame(
        {
            "unit": np.repeat(np.arange(8), 2).astype(str),
            "text": "the road so",
            "second": ["the garden", "the house"] * 8,
            "label": [1, 0] * 8,
        }
    )
    found = fine_tune(lm, TASKS["copa"], rows, {"v": rows}, seed=0, settings=FAST)
    assert found.classifier.config.num_labels == 1
    assert score("copa", found.predictions) == 100


def test_no_rows_are_refused():
    lm, rows = tiny_lm("bert"), learnable(4)
    with pytest.raises(InputError, match="sst2: no rows"):
        fine_tune(lm, TASKS["sst2"], rows[:0], {"v": rows}, seed=0)
