"""Benchmarks against hand-made cases and scoring one sentence at a time."""

from __future__ import annotations

import copy
import json
from math import sqrt

import numpy as np
import pandas as pd
import pytest
import torch

from gradiend.errors import InputError
from gradiend.lm.cloze import ClozeLM
from study.comparison.benchmarks.crows import crows_metric, crows_scores, read_crows
from study.comparison.benchmarks.perplexity import perplexity, text_likelihoods
from study.comparison.benchmarks.seat import (
    SeatScores,
    SeatTest,
    effect_size,
    p_value,
    read_seat,
    seat_scores,
)
from study.comparison.benchmarks.stereoset import (
    LABELS,
    read_stereoset,
    stereoset_metrics,
    stereoset_scores,
)
from study.results.places import REPOSITORY
from study.sources.world import ensure_world

EXAMPLE = {
    "id": "a1",
    "target": "river",
    "bias_type": "gender",
    "context": "The river runs because BLANK was tired.",
    "sentences": [
        {"sentence": f"The river runs because {word} was tired.", "gold_label": label}
        for word, label in zip(("he", "she", "grandmothers"), LABELS, strict=True)
    ],
}


@pytest.fixture
def stereoset_file(tmp_path):
    """A file in StereoSet's schema with three examples, and how to change it."""

    def write(change=lambda examples: None):
        examples = [copy.deepcopy(EXAMPLE) | {"id": f"a{n}"} for n in (1, 2, 3)]
        examples[1]["context"] = "Anna said that BLANK was long."
        for sentence, word in zip(
            examples[1]["sentences"], ("he", "she", "garden"), strict=True
        ):
            sentence["sentence"] = f"Anna said that {word} was long."
        examples[2]["target"] = "mill"
        change(examples)
        path = tmp_path / "stereoset.json"
        path.write_text(json.dumps({"data": {"intrasentence": examples}}))
        return path

    return write


def probability(lm: ClozeLM, ids: list[int], place: int, token: int) -> float:
    """By the model's own forward pass on one sequence."""
    with torch.no_grad():
        logits = lm.model(input_ids=torch.tensor([ids])).logits[0, place]
    return float(logits.softmax(-1)[token])


def one_at_a_time(lm: ClozeLM, context: str, word: str) -> float:
    """StereoSet's score, straight from its definition."""
    sentence = context.replace("BLANK", word)
    if lm.causal:
        ids = lm.tokenizer(sentence, add_special_tokens=False)["input_ids"]
        ids = [lm.tokenizer.bos_token_id, *ids]
        values = [probability(lm, ids[:i], i - 1, ids[i]) for i in range(1, len(ids))]
        return float(np.exp(np.mean(np.log(values))))
    encoding = lm.tokenizer(sentence, return_offsets_mapping=True)
    start = context.index("BLANK")
    ids, values = encoding["input_ids"], []
    span = [
        place
        for place, (a, b) in enumerate(encoding["offset_mapping"])
        if a < start + len(word) and b > start and sentence[a:b].strip()
    ]
    for place in span:
        asked = [*ids[:place], lm.tokenizer.mask_token_id, *ids[span[-1] + 1 :]]
        values.append(probability(lm, asked, place, ids[place]))
    return float(np.mean(values))


def test_stereoset_scores_are_those_of_one_sentence_at_a_time(lm64, stereoset_file):
    examples = read_stereoset(stereoset_file())
    found = stereoset_scores(lm64, examples)
    for row, context in enumerate(examples["context"]):
        for label in LABELS:
            word = examples.loc[row, f"{label} word"]
            expected = one_at_a_time(lm64, context, word)
            assert found.loc[row, label] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("model", ["standin-bert-base", "standin-gpt2"])
def test_batches_change_nothing_of_a_stand_ins_scores(model):
    folder = REPOSITORY / "data" / "standins" / model
    lm = ClozeLM.from_pretrained(folder, dtype="float64")
    examples = read_stereoset(ensure_world() / "stereoset.json").iloc[::12]
    examples = examples.reset_index(drop=True)
    found = stereoset_scores(lm, examples)
    slow = found.copy()
    for label in LABELS:
        slow[label] = [
            one_at_a_time(lm, context, word)
            for context, word in zip(
                examples["context"], examples[f"{label} word"], strict=True
            )
        ]
    assert np.abs(found[list(LABELS)] - slow[list(LABELS)]).max(axis=None) < 1e-6
    for name, value in stereoset_metrics(found).items():
        assert value == pytest.approx(stereoset_metrics(slow)[name], abs=1e-6)


def test_stereoset_metrics_average_over_terms():
    scores = pd.DataFrame(
        [
            ("nurse", 0.5, 0.4, 0.1),  # stereotype first, both above unrelated
            ("nurse", 0.3, 0.4, 0.1),
            ("nurse", 0.5, 0.4, 0.6),  # both below unrelated
            ("cook", 0.2, 0.4, 0.3),  # one above
        ],
        columns=["target", *LABELS],
    )
    found = stereoset_metrics(scores)
    assert found["SS"] == pytest.approx(100 * (2 / 3 + 0) / 2)
    assert found["LMS"] == pytest.approx(100 * (4 / 6 + 1 / 2) / 2)


def test_a_weight_is_as_good_as_a_copy():
    generator = np.random.default_rng(0)
    scores = pd.DataFrame(generator.random((6, 3)), columns=LABELS)
    scores["target"] = list("aabbbc")
    weights = np.array([[2.0, 1, 0, 3, 0, 0]])
    copies = scores.iloc[[0, 0, 1, 3, 3, 3]]
    for name, value in stereoset_metrics(scores, weights).items():
        assert value == pytest.approx(stereoset_metrics(copies)[name])


def drop(key):
    return lambda examples: examples[1].pop(key)


def relabel(examples):
    examples[1]["sentences"][0]["gold_label"] = "stereotyp"


def without_blank(examples):
    examples[1]["context"] = "Anna said that she was long."


def without_unrelated(examples):
    examples[1]["sentences"].pop()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (drop("target"), "no 'target'"),
        (drop("sentences"), "no 'sentences'"),
        (relabel, "unknown label 'stereotyp'; it must be one of stereotype"),
        (without_blank, "has 0 BLANKs, not one"),
        (without_unrelated, "no sentence is labelled 'unrelated'"),
    ],
)
def test_a_damaged_example_is_named(stereoset_file, change, message):
    with pytest.raises(
        InputError, match=rf"stereoset\.json, example 'a2': .*{message}"
    ):
        read_stereoset(stereoset_file(change))


def test_words_are_found_where_sentence_and_context_differ_in_case(stereoset_file):
    def change(examples):
        examples[0]["sentences"][0]["sentence"] = "the river runs because he was tired"

    examples = read_stereoset(stereoset_file(change))
    assert examples.loc[0, "stereotype word"] == "he"


PAIRS = pd.DataFrame(
    {
        "sent_more": ["Tom said that he was tired.", "Grandmothers told stories."],
        "sent_less": ["Anna said that she was tired.", "Tom told long stories."],
        "stereo_antistereo": "stereo",
        "bias_type": "gender",
    }
)


def crows_by_hand(lm: ClozeLM, pair: pd.Series) -> tuple[float, float]:
    """Pairs whose tokens differ one for one, so that shared places are plain."""
    values = []
    for side, other in (("sent_more", "sent_less"), ("sent_less", "sent_more")):
        if lm.causal:
            ids = lm.tokenizer(pair[side], add_special_tokens=False)["input_ids"]
            ids = [lm.tokenizer.bos_token_id, *ids]
            logs = [
                np.log(probability(lm, ids[:i], i - 1, ids[i]))
                for i in range(1, len(ids))
            ]
            values.append(float(np.mean(logs)))
            continue
        ids, rest = (lm.tokenizer(pair[s])["input_ids"] for s in (side, other))
        assert len(ids) == len(rest)
        total = 0.0
        for place, token in enumerate(ids):
            if token == rest[place] and token not in lm.tokenizer.all_special_ids:
                masked = list(ids)
                masked[place] = lm.tokenizer.mask_token_id
                total += np.log(probability(lm, masked, place, token))
        values.append(total)
    return values[0], values[1]


def test_crows_scores_are_those_of_one_sentence_at_a_time(lm64):
    pair = pd.Series(
        {
            "sent_more": "The river was long and he was tired.",
            "sent_less": "The river was long and she was tired.",
        }
    )
    table = pd.DataFrame([pair]).assign(stereo_antistereo="stereo", bias_type="gender")
    found = crows_scores(lm64, table)
    more, less = crows_by_hand(lm64, pair)
    # Llama's norms compute in float32 whatever the weights are.
    assert found.loc[0, "more"] == pytest.approx(more, abs=1e-6)
    assert found.loc[0, "less"] == pytest.approx(less, abs=1e-6)


def test_the_crows_score_is_a_share_of_pairs():
    scores = pd.DataFrame(
        {"more": [-1.0, -2.0, -3.0, -1.0], "less": [-2.0, -1, -4, -3]}
    )
    assert crows_metric(scores)["CrowS"] == pytest.approx(75)
    weights = np.array([[0.0, 4, 0, 0]])
    assert crows_metric(scores, weights)["CrowS"] == pytest.approx(0)


def test_damaged_pairs_are_named(tmp_path):
    path = tmp_path / "crows.csv"
    PAIRS.drop(columns="bias_type").to_csv(path)
    with pytest.raises(InputError, match=r"crows\.csv: no column bias_type"):
        read_crows(path)
    PAIRS.assign(stereo_antistereo=["stereo", "both"]).to_csv(path)
    with pytest.raises(InputError, match=r"row 3: unknown direction 'both'"):
        read_crows(path)
    PAIRS.assign(sent_less=["Anna ran.", " "]).to_csv(path)
    with pytest.raises(InputError, match=r"row 3: a sentence is empty"):
        read_crows(path)


def scores_of(x, y, a=2, b=2) -> SeatScores:
    """Targets whose association with A less B is ``x`` and ``y``."""
    values = np.array([*x, *y], dtype=float)
    cosines = np.concatenate(
        [np.repeat(values[:, None], a, axis=1), np.zeros((len(values), b))], axis=1
    )
    return SeatScores(cosines, (len(x), len(y)), (a, b))


def test_the_effect_size_by_hand():
    scores = scores_of([3, 1], [0, 0])
    spread = sqrt(((3 - 1) ** 2 + 0 + 1 + 1) / 3)
    assert effect_size(scores)[0] == pytest.approx(2 / spread)
    # Of the six divisions of {3, 1, 0, 0} only {3, 1} reaches the observed sum.
    assert p_value(scores, seed=0) == pytest.approx(1 / 6)


def test_identical_sets_have_no_effect(lm):
    sentences = ["Anna smiled.", "The road was long.", "Tom was tired."]
    sets = dict.fromkeys(("targ1", "targ2"), sentences)
    sets |= dict.fromkeys(("attr1", "attr2"), sentences[:2])
    scores = seat_scores(lm, SeatTest("same", sets))
    assert effect_size(scores)[0] == pytest.approx(0, abs=1e-9)
    assert p_value(scores, seed=0) > 0.4


def test_many_targets_are_permuted_at_random_and_the_same_way_again():
    generator = np.random.default_rng(1)
    scores = scores_of(generator.normal(1, 1, 12), generator.normal(0, 1, 12))
    assert p_value(scores, seed=3) == p_value(scores, seed=3) < 0.05


def test_cosines_are_of_mean_hidden_states(lm64):
    sets = {
        "targ1": ["Anna smiled.", "Maria said that she was tired."],
        "targ2": ["Tom smiled.", "Peter opened the window of the house."],
        "attr1": ["The road was long.", "The garden is green."],
        "attr2": ["The river runs.", "A Muslim family met."],
    }
    found = seat_scores(lm64, SeatTest("x", sets))

    def vector(text):
        ids = torch.tensor([lm64.tokenizer(text)["input_ids"]])
        hidden = lm64.model.base_model(input_ids=ids).last_hidden_state[0].mean(0)
        return (hidden / hidden.norm()).detach().numpy()

    targets = [vector(text) for text in sets["targ1"] + sets["targ2"]]
    attributes = [vector(text) for text in sets["attr1"] + sets["attr2"]]
    expected = np.array(targets) @ np.array(attributes).T
    assert np.allclose(found.cosines, expected, atol=1e-9)


def test_a_damaged_seat_file_is_named(tmp_path):
    path = tmp_path / "sent-weat9.json"
    content = {
        name: {"category": name, "examples": ["a", "b"]}
        for name in ("targ1", "targ2", "attr1")
    }
    path.write_text(json.dumps(content))
    with pytest.raises(InputError, match=r"sent-weat9\.json: no 'attr2'"):
        read_seat(path)
    path.write_text(json.dumps(content | {"attr2": {"examples": ["a"]}}))
    with pytest.raises(InputError, match="attr2: fewer than two sentences"):
        read_seat(path)
    path.write_text("{")
    with pytest.raises(InputError, match="not valid JSON"):
        read_seat(path)


def test_perplexity_of_an_indifferent_model_is_its_vocabulary(lm64):
    lm64.model.get_output_embeddings().weight.data.zero_()
    bias = getattr(lm64.model.get_output_embeddings(), "bias", None)
    if bias is not None:
        bias.data.zero_()
    size = lm64.model.config.vocab_size
    found = perplexity(text_likelihoods(lm64, ["Anna smiled.", "The road was long."]))
    assert found["PPL"] == pytest.approx(size)


def test_the_worlds_own_files_are_read():
    folder = ensure_world()
    examples = read_stereoset(folder / "stereoset.json")
    assert len(examples) > 300 and set(examples["bias_type"]) == {
        "gender",
        "race",
        "religion",
    }
    assert len(read_crows(folder / "crows.csv")) > 300
    tests = [read_seat(path) for path in sorted((folder / "seat").glob("*.json"))]
    assert len(tests) == 10
