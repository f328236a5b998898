"""Task runs: which rows are drawn, who is asked what, and what a killed run keeps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
import torch

from gradiend.errors import InputError
from gradiend.lm.cloze import ClozeLM
from study.comparison.edits import Chain, Edit, Projection
from study.comparison.variants import Variant
from study.profiles.reading import load_profile
from study.profiles.settings import Settings
from study.results import files
from study.steps import examples, tasks
from study.steps.examples import read_examples
from study.steps.tasks import as_predictions, run_tasks
from tests.conftest import tiny_lm
from tests.study.changes import changed

WORDS = ("road", "house", "window", "garden", "park", "fire", "mill", "river")
SEEDS = (0, 1)


@pytest.fixture
def settings(tmp_path, monkeypatch) -> Settings:
    """Of a profile whose source is a folder with small, sorted files of two tasks."""
    rows = [
        {"sentence": f"The {WORDS[n % 8]} was long.", "label": int(n >= 30), "idx": n}
        for n in range(40)
    ]
    choices = [
        {
            "premise": f"Anna opened the {WORDS[n % 8]}",
            "choice1": "she was tired.",
            "choice2": "it was green.",
            "question": "cause",
            "label": n % 2,
            "idx": n,
        }
        for n in range(12)
    ]
    for name, table in (("sst2", rows), ("copa", choices)):
        pd.DataFrame(table).to_csv(tmp_path / f"{name}_train.csv", index=False)
        pd.DataFrame(table[:6]).to_csv(tmp_path / f"{name}_validation.csv", index=False)
    source = SimpleNamespace(task_folder=tmp_path)
    monkeypatch.setattr(examples, "source_of", lambda _data: source)
    run = load_profile("smoke").settings("standin-gpt2", "gender_MF")
    asked = {"names": ["sst2"], "rows": 8, "seeds": list(SEEDS)}
    return changed(run, tasks=asked | {"training": {"epochs": 1}})


def drawn(settings: Settings, name: str, rows: int) -> pd.DataFrame:
    return read_examples(settings, name, rows=rows).train


def test_training_rows_are_as_many_of_each_class_though_the_file_is_sorted(settings):
    found = drawn(settings, "sst2", 8)["label"].value_counts().to_dict()
    assert found == {0: 4, 1: 4}


def test_a_class_that_is_short_gives_all_it_has(settings):
    found = drawn(settings, "sst2", 30)["label"].value_counts().to_dict()
    assert found == {0: 20, 1: 10}


def test_the_seed_decides_which_rows_are_drawn(settings):
    units = [
        set(drawn(settings.model_copy(update={"seed": seed}), "sst2", 8)["unit"])
        for seed in (0, 0, 1)
    ]
    assert units[0] == units[1] != units[2]


def test_zero_rows_are_all_and_what_is_validated_on_is_never_drawn(settings):
    found = read_examples(settings, "sst2", rows=0)
    assert len(found.train) == 40
    few = read_examples(settings, "sst2", rows=2)
    assert len(few.train) == 2
    assert few.validation.keys() == {"validation"}
    assert few.validation["validation"].equals(found.validation["validation"])
    assert len(few.validation["validation"]) == 6


def test_what_belongs_together_is_drawn_together(settings):
    found = drawn(settings, "copa", 5)
    assert found["unit"].nunique() == 5
    assert (found.groupby("unit").size() == 2).all()
    assert (found.groupby("unit")["label"].sum() == 1).all()


@dataclass
class Bench:
    """A workbench of a tiny model; it notes whom it was asked for."""

    settings: Settings
    folder: Path
    edits: dict[str, Edit]
    lm: ClozeLM = field(default_factory=lambda: tiny_lm("bert"))
    made_of: str = "these"
    asked: list[str] = field(default_factory=list)
    source: SimpleNamespace = field(
        default_factory=lambda: SimpleNamespace(prompts="prompts", task_folder="data")
    )

    @property
    def variants(self) -> list[Variant]:
        return [Variant("any"), *(Variant("gender", (name,)) for name in self.edits)]

    def digest(self, part: str) -> str:
        return f"{part}-{self.made_of}"

    def edit(self, variant: Variant) -> Edit:
        self.asked.append(variant.name)
        return self.edits.get(variant.name, Chain())


def silenced(lm: ClozeLM) -> Projection:
    """After it, every token's last hidden state is 0."""
    size = lm.model.config.hidden_size
    return Projection(torch.zeros(size, size))


@pytest.fixture
def bench(settings, tmp_path) -> Bench:
    edits = {"LEACE": Chain(), "SelfDebias": Chain()}
    return Bench(settings, tmp_path / "results", edits)


def of(table: pd.DataFrame, state: str) -> pd.DataFrame:
    return table[table["state"] == state].drop(columns="state").reset_index(drop=True)


def test_a_row_is_an_input_of_a_variant_and_seed(bench):
    table = run_tasks(bench)
    sizes = table.groupby(["state", "task", "split", "seed"]).size().to_dict()
    assert sizes == {
        (state, "sst2", "validation", seed): 6
        for state in ("any-base", "gender-leace")  # the head alone: no rows
        for seed in SEEDS
    }
    assert table["unit"].astype(int).tolist() == [*range(6)] * 4
    assert set(table["prediction"]) <= {0, 1} and set(table["label"]) == {0}
    written = pd.read_csv(bench.folder / files.TASKS_FOLDER / files.TASKS)
    assert written["prediction"].tolist() == table["prediction"].tolist()
    assert written["state"].tolist() == table["state"].tolist()


def test_an_edit_that_changes_nothing_gives_what_the_base_gives(bench):
    table = run_tasks(bench)
    assert of(table, "gender-leace").equals(of(table, "any-base"))


def test_a_projection_stays_on_while_the_task_is_trained_and_asked(
    bench, settings, monkeypatch
):
    """Behind one that leaves nothing, all inputs look alike; so do their scores."""
    bench.edits = {"LEACE": silenced(bench.lm)}
    before = {n: t.clone() for n, t in bench.lm.model.state_dict().items()}
    copa = changed(settings, tasks={"names": ["copa"], "seeds": [0]})
    bench.settings = copa
    table = run_tasks(bench)
    scores = {s: of(table, s)["prediction"] for s in ("any-base", "gender-leace")}
    assert scores["gender-leace"].nunique() == 1
    assert scores["any-base"].nunique() == 12
    for name, tensor in bench.lm.model.state_dict().items():
        assert torch.equal(tensor, before[name]), name


class Killed(Exception):
    pass


def killed_at(place: int) -> Callable:
    def progress(items):
        for number, item in enumerate(items):
            if number == place:
                raise Killed
            yield item

    return progress


def test_a_killed_run_goes_on_behind_the_variants_that_are_done(bench, tmp_path):
    with pytest.raises(Killed):
        run_tasks(bench, progress=killed_at(1))
    assert bench.asked == ["base"]
    assert not (bench.folder / files.TASKS_FOLDER / files.TASKS).exists()
    resumed = run_tasks(bench)
    assert bench.asked == ["base", "LEACE"]
    other = Bench(bench.settings, tmp_path / "undisturbed", bench.edits)
    undisturbed = run_tasks(other)
    assert resumed.equals(undisturbed)
    left = [path.name for path in (bench.folder / files.TASKS_FOLDER).iterdir()]
    assert left == [files.TASKS]


def test_answers_of_other_methods_are_not_taken(bench):
    with pytest.raises(Killed):
        run_tasks(bench, progress=killed_at(1))
    bench.made_of = "those"
    run_tasks(bench)
    assert bench.asked == ["base", "base", "LEACE"]


def test_only_the_variants_that_are_named_are_asked(bench):
    bench.settings = changed(bench.settings, tasks={"variants": ["LEACE"]})
    assert set(run_tasks(bench)["state"]) == {"gender-leace"}
    bench.settings = changed(bench.settings, tasks={"variants": ["LAECE"]})
    with pytest.raises(InputError, match=r"unknown variant.*'LAECE'.*LEACE"):
        run_tasks(bench)


def answers() -> pd.DataFrame:
    rows = [
        ("sst2", 0, 1, 1, True),
        ("sst2", 1, 0, 1, False),
        ("copa", 0, 1, 1, True),
        ("copa", 1, 1, 0, False),
        ("copa", 2, 0, 0, True),
    ]
    names = ["task", "unit", "label", "prediction", "correct"]
    return pd.DataFrame(rows, columns=names)


def test_where_inputs_compete_the_row_is_that_of_the_chosen_one():
    found = as_predictions(answers())
    assert found["label"].tolist() == [1, 0, 1, 0, 1]
    assert found["prediction"].tolist() == [1, 1, 1, 1, 1]
    assert "correct" not in found


def test_zero_shot_answers_are_rows_of_the_same_table(bench, monkeypatch):
    calls: list[dict] = []

    def asked(lm, names, **options):
        calls.append({"lm": lm, "names": names} | options)
        return answers()

    monkeypatch.setattr(tasks, "zero_shot", asked)
    bench.settings = changed(
        bench.settings,
        chat=True,
        tasks={"zero_shot": True, "names": ["sst2", "copa"], "questions": 3},
    )
    table = run_tasks(bench)
    assert len(calls) == 2  # base and LEACE
    for call in calls:
        assert call.pop("lm") is bench.lm
        assert call == {
            "names": ("sst2", "copa"),
            "include": "prompts",
            "data": "data",
            "chat": True,
            "limit": 3,
        }
    assert set(table["state"]) == {"any-base", "gender-leace"}
    assert set(table["split"]) == {"validation"} and set(table["seed"]) == {0}
    expected = as_predictions(answers())
    for state in ("any-base", "gender-leace"):
        assert of(table, state)[expected.columns].equals(expected)
