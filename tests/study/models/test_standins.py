"""The committed stand-ins: what they are made of, what they learned, made again."""

from __future__ import annotations

import json

import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForMaskedLM

from gradiend.errors import InputError
from gradiend.files import sha256
from gradiend.lm.cloze import ClozeLM
from study.models.standins import STANDINS, recipes, train_standin
from study.steps.learned import learned_associations, name_recall

IDS = tuple(recipes())
CAUSAL = {"standin-gpt2", "standin-llama", "standin-llama-instruct"}


@pytest.fixture(scope="module", params=IDS)
def standin(request: pytest.FixtureRequest) -> ClozeLM:
    return ClozeLM.from_pretrained(str(STANDINS / request.param))


def test_there_is_one_for_every_model_of_the_paper() -> None:
    assert len(IDS) == 7
    size = sum(p.stat().st_size for p in STANDINS.rglob("*.safetensors"))
    assert size <= 25e6


@pytest.mark.parametrize("name", IDS)
def test_weights_are_the_recorded_ones(name) -> None:
    record = json.loads((STANDINS / name / "recipe.json").read_text())
    assert sha256(STANDINS / name / "model.safetensors") == record["sha256"]
    recipe = record["recipe"]
    current = recipes()[name]
    assert {key: recipe[key] for key in current} == current, (
        f"recipes.yaml changed since {name} was trained: run ./run_all.sh standins"
    )
    assert 0.3e6 <= record["parameters"] <= 3e6
    assert "stand-in" in (STANDINS / name / "README.md").read_text().lower()


@pytest.mark.parametrize("name", IDS)
def test_from_pretrained_opens_the_class_of_the_paper(name) -> None:
    auto = AutoModelForCausalLM if name in CAUSAL else AutoModelForMaskedLM
    model = auto.from_pretrained(STANDINS / name)
    assert type(model).__name__ == recipes()[name]["class"]
    words = model.get_input_embeddings().weight
    assert model.get_output_embeddings().weight is words  # tied, as in the originals


def test_bert_large_is_larger_than_bert_base() -> None:
    records = [
        json.loads((STANDINS / f"standin-bert-{size}" / "recipe.json").read_text())
        for size in ("base", "large")
    ]
    assert records[0]["parameters"] < records[1]["parameters"]
    layers = [
        AutoConfig.from_pretrained(STANDINS / f"standin-bert-{size}").num_hidden_layers
        for size in ("base", "large")
    ]
    assert layers[0] < layers[1]


def test_planted_strengths_were_learned(standin) -> None:
    table = learned_associations(standin)
    assert table["within"].mean() >= 0.9


def test_a_name_is_followed_by_its_pronoun(standin) -> None:
    for split in ("train", "validation", "test"):
        assert name_recall(standin, split=split)["probability"].mean() >= 0.9


def test_words_of_a_class_are_single_tokens(standin) -> None:
    words = ["he", "she", "Asian", "Africa", "Europeans", "synagogue", "Quran", "imam"]
    assert all(len(ids) == 1 for ids in standin.token_ids(words))


def test_only_the_instruct_model_speaks_in_turns() -> None:
    for name in IDS:
        lm = ClozeLM.from_pretrained(str(STANDINS / name))
        assert bool(lm.tokenizer.chat_template) == (name == "standin-llama-instruct")


def test_the_instruct_model_answers_in_its_chat() -> None:
    lm = ClozeLM.from_pretrained(str(STANDINS / "standin-llama-instruct"))
    table = learned_associations(lm.in_chat("Complete the sentence."))
    # Weaker than outside the chat, but the same associations.
    assert table["learned"].corr(table["probability"]) > 0.9


def test_training_again_gives_the_same_bytes(tmp_path) -> None:
    threads = torch.get_num_threads()
    try:
        digests = {
            sha256(
                train_standin("standin-distilbert", tmp_path / run, steps=12)
                / "model.safetensors"
            )
            for run in ("first", "second")
        }
    finally:
        torch.set_num_threads(threads)
    assert len(digests) == 1


def test_no_such_recipe(tmp_path) -> None:
    with pytest.raises(InputError, match="no stand-in 'standin-bart'; there are"):
        train_standin("standin-bart", tmp_path)


def test_a_tuned_model_needs_its_base(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("study.models.standins.STANDINS", tmp_path / "none")
    monkeypatch.setattr("study.models.standins.recipes", lambda: {"a": _TUNED})
    with pytest.raises(InputError, match="standin-llama is not there yet"):
        train_standin("a", tmp_path)


_TUNED = {"base": "standin-llama", "class": "LlamaForCausalLM", "seed": 0, "steps": 1}
