"""Zero-shot answers against log-likelihoods computed one sequence at a time."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from gradiend.errors import InputError
from gradiend.lm.cloze import ClozeLM
from study.comparison.benchmarks import zero_shot as module
from study.comparison.benchmarks.zero_shot import TASKS, zero_shot
from study.comparison.tasks.metrics import task_metric, unit_count
from study.results.places import REPOSITORY
from study.sources.world import ensure_world
from study.sources.world.source import PlantedWorld
from study.steps.tasks import as_predictions
from tests.conftest import tiny_lm

FEW = 12  # examples a task
WORLD_TASKS = PlantedWorld().prompts
# By hand, from the world's forms: what stands before the answers, and the answers.
PROMPTS = {
    "sst2": (lambda r: f"{r.sentence} Verdict:", ("bad", "good")),
    "mrpc": (lambda r: f"{r.sentence1} {r.sentence2} Same:", ("no", "yes")),
    "rte": (
        lambda r: f"{r.sentence1} So {lowered(r.sentence2)} Answer:",
        ("yes", "no"),
    ),
    "boolq": (lambda r: f"{r.passage} So {r.question}. Answer:", ("no", "yes")),
    "cb": (
        lambda r: f"{r.premise} So {lowered(r.hypothesis)} Answer:",
        ("yes", "no", "maybe"),
    ),
    "copa": (lambda r: r.premise, None),
}


def lowered(sentence: str) -> str:
    return sentence[0].lower() + sentence[1:]


def stand_in(name: str) -> ClozeLM:
    return ClozeLM.from_pretrained(REPOSITORY / "data" / "standins" / name)


@pytest.fixture(scope="module")
def llama() -> ClozeLM:
    return stand_in("standin-llama")


@pytest.fixture(scope="module")
def data():
    return ensure_world() / "capability"


def log_likelihood(lm: ClozeLM, prompt: str, answer: str, *, special: bool) -> float:
    """Of the tokens of the answer after the prompt, by one forward pass."""
    before, ids = (
        lm.tokenizer(text, add_special_tokens=special)["input_ids"]
        for text in (prompt, f"{prompt} {answer}")
    )
    with torch.no_grad():
        logits = lm.model(input_ids=torch.tensor([ids])).logits[0]
    logs = logits.log_softmax(-1)
    return sum(float(logs[i - 1, ids[i]]) for i in range(len(before), len(ids)))


def by_hand(lm: ClozeLM, task: str, row, *, before: str = "") -> list[float]:
    prompt, answers = PROMPTS[task]
    answers = answers or (row.choice1, row.choice2)
    text = before + prompt(row)
    return [log_likelihood(lm, text, a, special=not before) for a in answers]


def compare(lm, data, monkeypatch, *, chat: bool, before: str = "") -> None:
    samples = []
    answer = module._answer

    def spy(sample):
        samples.append([score for score, _ in sample["filtered_resps"]])
        return answer(sample)

    monkeypatch.setattr(module, "_answer", spy)
    found = zero_shot(
        lm, list(PROMPTS), include=WORLD_TASKS, data=data, chat=chat, limit=FEW
    )
    assert list(found["task"].unique()) == list(PROMPTS)
    for task, rows in found.groupby("task"):
        table = pd.read_csv(data / f"{task}_validation.csv").head(FEW)
        assert rows["unit"].tolist() == [str(number) for number in range(FEW)]
        assert rows["label"].tolist() == table["label"].tolist()
        expected = [by_hand(lm, task, row, before=before) for row in table.itertuples()]
        scores = [samples[i] for i in rows.index]
        assert np.allclose(scores, expected, atol=1e-4)
        assert rows["prediction"].tolist() == np.argmax(expected, axis=1).tolist()
        assert (rows["correct"] == (rows["label"] == rows["prediction"])).all()


def test_answers_are_the_likeliest_ones(llama, data, monkeypatch):
    compare(llama, data, monkeypatch, chat=False)


def test_in_a_chat_the_assistant_answers(data, monkeypatch):
    lm = stand_in("standin-llama-instruct")
    start, header = "<|begin_of_text|>", "<|start_header_id|>{}<|end_header_id|>\n\n"
    before = f"{start}{header.format('user')}<|eot_id|>{header.format('assistant')}"
    compare(lm, data, monkeypatch, chat=True, before=before)


@pytest.mark.parametrize("metric", ["acc", "acc_norm"])
def test_the_metric_says_whether_answers_count_by_the_character(
    llama, tmp_path, monkeypatch, metric
):
    (tmp_path / "own.yaml").write_text(
        "task: own\n"
        "custom_dataset: !function study.comparison.benchmarks.zero_shot.examples\n"
        "dataset_kwargs: {file: own.jsonl}\n"
        "validation_split: validation\noutput_type: multiple_choice\n"
        'doc_to_text: "{{question}}"\ndoc_to_choice: choices\ndoc_to_target: label\n'
        f"metric_list: [{{metric: {metric}}}]\n"
    )
    choices = ["no", "the long road behind the old mill in the green garden"]
    rows = [{"question": f"number {n}", "choices": choices, "label": 0} for n in "123"]
    lines = pd.DataFrame(rows).to_json(orient="records", lines=True)
    (tmp_path / "own.jsonl").write_text(lines)
    theirs = []
    answer = module._answer

    def spy(sample):
        theirs.append(bool(sample[metric]))
        return answer(sample)

    monkeypatch.setattr(module, "_answer", spy)
    found = zero_shot(llama, ["own"], include=tmp_path, data=tmp_path)
    assert found["correct"].tolist() == theirs  # as the library itself scores
    assert (found["prediction"] == (metric == "acc_norm")).all()


def test_a_stand_in_knows_the_tasks_its_corpus_has(llama, data):
    tasks = ["sst2", "mrpc", "rte"]
    found = zero_shot(llama, tasks, include=WORLD_TASKS, data=data)
    assert (found.groupby("task")["correct"].mean() > 0.65).all()


@pytest.mark.parametrize("task", ["copa", "rte"])
def test_the_score_is_the_share_of_right_answers(llama, data, task):
    found = zero_shot(llama, [task], include=WORLD_TASKS, data=data)
    assert found["correct"].mean() > 0.5
    stored = as_predictions(found)
    once = np.ones((1, unit_count(stored)))
    score = task_metric(task, stored)(once).item()
    assert score == pytest.approx(100 * found["correct"].mean())


def test_the_model_is_used_as_it_is_and_left_so(data, capfd, caplog):
    lm = tiny_lm("llama")
    lm.tokenizer.pad_token = None
    # Different from the input embeddings, though the configuration says they are tied.
    head = lm.model.get_output_embeddings()
    head.weight = torch.nn.Parameter(head.weight.detach().flip(0), requires_grad=False)
    lm.model.config.max_position_embeddings = 512
    before = {name: p.clone() for name, p in lm.model.state_dict().items()}
    random, numpys = torch.get_rng_state(), np.random.get_state()[1].copy()

    def answers():
        return zero_shot(lm, ["rte"], include=WORLD_TASKS, data=data, limit=4)

    capfd.readouterr()  # of training the tokenizer
    first = answers()
    assert not any(capfd.readouterr()) and not caplog.records
    assert first.equals(answers())
    after = lm.model.state_dict()
    assert all(torch.equal(after[name], p) for name, p in before.items())
    assert lm.model.get_output_embeddings().weight is head.weight
    assert lm.tokenizer.pad_token is None
    assert torch.equal(random, torch.get_rng_state())
    assert (numpys == np.random.get_state()[1]).all()


def test_hooks_of_the_model_count(llama, data):
    def flip(_module, _args, output):
        output.logits = -output.logits
        return output

    def answers():
        return zero_shot(llama, ["rte"], include=WORLD_TASKS, data=data, limit=FEW)

    plain = answers()
    handle = llama.model.register_forward_hook(flip)
    try:
        flipped = answers()
    finally:
        handle.remove()
    assert (plain["prediction"] != flipped["prediction"]).all()


def test_a_pass_has_no_more_logits_than_fit(llama, data, monkeypatch):
    options = {"include": WORLD_TASKS, "data": data, "limit": FEW}
    expected = zero_shot(llama, ["cb"], **options)
    shapes = []
    handle = llama.model.register_forward_hook(
        lambda _module, _inputs, output: shapes.append(output.logits.shape)
    )
    most = 100 * llama.model.config.vocab_size  # of some thirty tokens a sequence
    monkeypatch.setattr(module, "_LOGITS", most)
    try:
        found = zero_shot(llama, ["cb"], **options)
    finally:
        handle.remove()
    assert expected.equals(found)
    assert max(shape.numel() for shape in shapes) <= most
    assert max(shape[0] for shape in shapes) > 1


@pytest.mark.parametrize("batch_size", [1, 5])
def test_the_batch_size_changes_nothing(llama, data, batch_size):
    options = {"include": WORLD_TASKS, "data": data, "limit": FEW}
    expected = zero_shot(llama, ["cb"], **options)
    assert expected.equals(zero_shot(llama, ["cb"], batch_size=batch_size, **options))


@pytest.fixture
def public(tmp_path):
    """A folder with an example or two of some of the public tasks."""
    story = {"premise": "It was late.", "choice1": "We slept.", "choice2": "We ate."}
    answers = {"paragraph": "Ann sleeps.", "question": "Who sleeps?"}
    rows = {
        "sst2_validation": [{"sentence": "What a good play!", "label": 1, "idx": 0}],
        "copa_validation": [story | {"question": "effect", "label": 1, "idx": 0}],
        "mnli_validation_matched": [
            {"premise": "It rains.", "hypothesis": "It is wet.", "label": 0, "idx": 0}
        ],
        "multirc_validation": [
            answers
            | {"answer": name, "label": label}
            | {"idx": {"paragraph": 0, "question": 5, "answer": label}}
            for label, name in enumerate(("Bob", "Ann"))
        ],
    }
    for name, table in rows.items():
        pd.DataFrame(table).to_parquet(tmp_path / f"{name}.parquet")
    return tmp_path


def test_the_librarys_own_tasks_are_asked_of_public_files(llama, public):
    found = zero_shot(llama, ["copa", "sst2", "mnli", "multirc"], data=public)
    assert found["task"].tolist() == ["copa", "sst2", "mnli", "multirc", "multirc"]
    assert found["label"].tolist() == [1, 1, 0, 0, 1]
    assert found["unit"].tolist() == ["0", "0", "0", "0-5", "0-5"]


def test_the_library_has_every_task(tmp_path):
    with module._task_files(list(TASKS), None) as folder:
        found = module._manager(folder, tmp_path).all_subtasks
    assert set(found) == set(TASKS)


def test_a_task_without_examples_is_named(llama, public):
    with pytest.raises(InputError, match=r"'wnli' cannot be loaded .*wnli_validation"):
        zero_shot(llama, ["sst2", "wnli"], data=public)


def test_a_masked_model_is_refused(data):
    with pytest.raises(InputError, match="'tiny-bert' is a masked language model"):
        zero_shot(tiny_lm("bert"), ["sst2"], include=WORLD_TASKS, data=data)


@pytest.mark.parametrize(
    ("tasks", "changes", "message"),
    [
        (["rtee"], {}, "unknown zero-shot task 'rtee'; did you mean 'rte'"),
        (["cola"], {}, "unknown zero-shot task 'cola'"),
        (["stsb"], {"include": None}, "unknown zero-shot task 'stsb'"),
        (["record"], {"include": None}, "unknown zero-shot task 'record'"),
        ([], {}, "name at least one"),
        (["sst2"], {"limit": 0}, "a limit of 0 examples"),
        (["sst2"], {"chat": True}, "has no chat template"),
        (["sst2"], {"data": "nowhere"}, "nowhere/sst2_validation.csv: not there"),
        (["sst2"], {"include": "nowhere"}, "nowhere: no folder of task files"),
    ],
)
def test_what_cannot_run_is_named(llama, data, tasks, changes, message):
    options = {"include": WORLD_TASKS, "data": data} | changes
    with pytest.raises(InputError, match=message):
        zero_shot(llama, tasks, **options)


def test_a_prompt_that_is_too_long_is_named(llama, data, tmp_path):
    table = pd.read_csv(data / "sst2_validation.csv")
    table["sentence"] *= 10
    table.to_csv(tmp_path / "sst2_validation.csv", index=False)
    with pytest.raises(InputError, match=r"tokens, more than the 64 .* in the prompt"):
        zero_shot(llama, ["sst2"], include=WORLD_TASKS, data=tmp_path)
