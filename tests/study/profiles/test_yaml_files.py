"""Profile files as people write them, and what is wrong with one."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradiend.errors import InputError
from study.profiles.reading import load_profile
from study.profiles.yaml_files import read_yaml


def written(folder: Path, text: str, name: str = "own.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-4", 1e-4),
        ("1E3", 1e3),
        ("-2e+1", -20.0),
        ("5.e-1", 0.5),
        (".5e1", 5.0),
        ("1.0e-5", 1e-5),
        ("0.5", 0.5),
        ("12", 12),
        ("e4", "e4"),
        ("1e", "1e"),
        ("cd5e92", "cd5e92"),
    ],
)
def test_numbers_are_numbers(tmp_path, text, value):
    found = read_yaml(written(tmp_path, f"[{text}]"))
    assert found == [value] and type(found[0]) is type(value)


def test_a_rate_and_a_count_may_be_written_with_an_exponent(tmp_path):
    text = "like: smoke\ndefaults: {training: {learning_rate: 1e-4, steps: 1e2}}\n"
    profile = load_profile(str(written(tmp_path, text)))
    training = profile.settings("standin-gpt2", "gender_MF").training
    assert (training.learning_rate, training.steps) == (1e-4, 100)


def test_yml_is_yaml_too(tmp_path):
    path = written(tmp_path, "like: smoke\n", "größer als.yml")
    assert load_profile(str(path)).name == "größer als"


def test_what_is_taken_over_inside_a_file_may_be_said_otherwise(tmp_path):
    text = "a: &a {x: 1, y: 2}\nb: {c: &c {<<: *a, x: 3}}\nd: {<<: *c, y: 4}\n"
    found = read_yaml(written(tmp_path, text))
    assert found["b"]["c"] == {"x": 3, "y": 2} and found["d"] == {"x": 3, "y": 4}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "own.yaml: not a profile; it needs features and models"),
        ("# nothing\n", "own.yaml: not a profile; it needs features and models"),
        ("- mini\n", "own.yaml: not a profile"),
        ("features: [\n", r"own.yaml: not valid YAML \(line 2: .*flow"),
        ("\tlike: mini\n", r"own.yaml: not valid YAML \(line 1: "),
        ("like: mini\n1: 2\n", "own.yaml, 1: Keys should be strings"),
        (
            "like: mini\ndefaults: {seed: 1}\ndefaults: {seed: 2}\n",
            r"own.yaml: not valid YAML \(line 3: 'defaults' stands there twice",
        ),
    ],
)
def test_a_file_that_is_no_profile_is_named(tmp_path, text, message):
    with pytest.raises(InputError, match=message) as error:
        load_profile(str(written(tmp_path, text)))
    assert "\n" not in str(error.value)


def test_a_file_in_another_encoding_is_named(tmp_path):
    path = tmp_path / "own.yaml"
    path.write_bytes("description: größer\n".encode("latin-1"))
    with pytest.raises(InputError, match=r"own\.yaml: not in UTF-8"):
        load_profile(str(path))
