"""A killed step goes on behind the last feature that it had finished."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from gradiend.sampling import balanced_sample
from study.profiles.reading import load_profile
from study.results import files
from study.steps import each_feature, training
from study.steps.data import data_for
from study.steps.each_feature import evaluate_decoders, train_each
from study.steps.models import load_model
from study.steps.training import load_gradiend
from tests.study.changes import changed

FEATURES = ("race_AB", "race_AW")
SHORT = {"steps": 2, "evaluate_every": 1, "batch_size": 4, "validation_rows": 8}
FEW = {
    "slot_texts": 4,
    "lms_texts": 4,
    "closed_form_rows": 0,
    "feature_factors": [0],
    "learning_rates": [0.1],
    "refinement": {"candidates": 2, "lms_texts": 4, "closed_form": False},
}


class Killed(BaseException):
    """As a machine that goes down: nothing is tidied up."""


@pytest.fixture(scope="module")
def lm():
    return load_model(load_profile("mini").settings("standin-gpt2", "race_AB"))


@pytest.fixture(scope="module")
def data(lm):
    found = {}
    for feature in FEATURES:
        whole = data_for(load_profile("mini").settings("standin-gpt2", feature), lm)
        table = balanced_sample(whole.table, 120, by=["split", "label"], seed=0)
        found[feature] = replace(whole, table=table)
    return found


@pytest.fixture
def settings(monkeypatch, tmp_path):
    monkeypatch.setenv("GRADIEND_RESULTS", str(tmp_path))
    asked = {"training": SHORT, "seeds": (0, 1), "keep_seeds": True, "decoder": FEW}
    profile = load_profile("mini")
    return {
        feature: changed(profile.settings("standin-gpt2", feature), **asked)
        for feature in FEATURES
    }


def killed_at(feature):
    """Progress bars, of which that of a feature ends the process."""

    def progress(asked):
        def steps(items):
            for item in items:
                if asked == feature:
                    raise Killed
                yield item

        return steps

    return progress


def delete_results(settings) -> dict[Path, bytes]:
    """As is done with the results of a step that was killed; what they were."""
    found = {}
    for own in settings.values():
        for path in own.folder.rglob("*"):
            aside = any(part.startswith("partial-") for part in path.parts)
            if path.is_file() and not aside and "checkpoints" not in path.parts:
                found[path] = path.read_bytes()
                path.unlink()
    return found


def asides(settings) -> list[Path]:
    return [p for own in settings.values() for p in own.folder.glob("partial-*")]


def only(feature):
    """Progress bars that end the process at any feature but this one."""
    return killed_at(next(other for other in FEATURES if other != feature))


def test_a_finished_feature_is_not_trained_again(settings, lm, data):
    first, second = FEATURES
    with pytest.raises(Killed):
        train_each(settings, lm, data, progress=killed_at(second))
    made = delete_results(settings)
    assert settings[first].folder / files.TRAINING in made
    found = train_each(settings, lm, data, progress=only(second))
    assert [*found] == [*FEATURES] and asides(settings) == []
    assert all(path.read_bytes() == content for path, content in made.items())
    assert settings[first].seed_file(0) in made  # seeds are kept as well
    again = train_each(settings, lm, data, progress=lambda _: iter)
    for feature in FEATURES:
        assert found[feature].history.equals(again[feature].history)
        assert found[feature].seeds == again[feature].seeds
        assert found[feature].gradiend.metadata == again[feature].gradiend.metadata


def test_a_finished_feature_is_not_chosen_for_again(settings, lm, data):
    first, second = FEATURES
    train_each(settings, lm, data, progress=lambda _: iter)
    gradiends = {f: load_gradiend(own, lm) for f, own in settings.items()}
    about = settings, lm, data, gradiends
    with pytest.raises(Killed):
        evaluate_decoders(*about, progress=killed_at(second))
    chosen = settings[first].folder / files.SELECTED
    before = chosen.read_bytes()
    chosen.unlink()
    found = evaluate_decoders(*about, progress=only(second))
    assert chosen.read_bytes() == before and asides(settings) == []
    again = evaluate_decoders(*about, progress=lambda _: iter)
    for feature in FEATURES:
        for left, right in zip(found[feature], again[feature], strict=True):
            assert left.equals(right)


def test_what_other_code_or_settings_made_is_not_taken(settings, lm, data, monkeypatch):
    _, second = FEATURES
    with pytest.raises(Killed):
        train_each(settings, lm, data, progress=killed_at(second))
    kept = asides(settings)
    assert len(kept) == 1
    with monkeypatch.context() as patch:
        patch.setattr(each_feature, "code_digest", lambda: "of another version")
        with pytest.raises(Killed):
            train_each(settings, lm, data, progress=killed_at(second))
    assert len(asides(settings)) == 1 and asides(settings) != kept


def test_a_checkpoint_of_other_code_is_not_gone_on_with(
    settings, lm, data, monkeypatch
):
    """It was left by step 1 of 2; of other code training begins at step 1 again."""
    own, rows = settings[FEATURES[0]], data[FEATURES[0]]

    def killed_behind_the_first(items):
        for item in items:
            if item == 2:
                raise Killed
            yield item

    def steps_after(code) -> list[int]:
        taken: list[int] = []

        def counted(items):
            for item in items:
                taken.append(item)
                yield item

        with pytest.raises(Killed):
            training.train(own, lm, rows, progress=killed_behind_the_first)
        with monkeypatch.context() as patch:
            patch.setattr(training, "code_digest", code)
            training.train(own, lm, rows, progress=counted)
        return taken

    one_seed_resumed, whole = [2, 1, 2], [1, 2, 1, 2]
    assert steps_after(training.code_digest) == one_seed_resumed
    assert steps_after(lambda *_: "of another version") == whole
    assert not (own.folder / "checkpoints").exists()
