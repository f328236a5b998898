"""Every value of a profile is checked as it is read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

import pytest

from gradiend.errors import InputError
from study.profiles.mistakes import in_one_line
from study.profiles.reading import load_profile
from study.profiles.settings import RunSettings
from tests.study.changes import own_profile

GRID = {"decoder.feature_factors", "decoder.learning_rates"}  # of any sign


def fields(kind: type = RunSettings, inside: str = "") -> Iterator[tuple[str, type]]:
    """Dotted names of all values, with their types."""
    for name, field in kind.__pydantic_fields__.items():
        own = f"{inside}{name}"
        if hasattr(field.annotation, "__pydantic_fields__"):
            yield from fields(field.annotation, f"{own}.")
        else:
            yield own, field.annotation


def nested(name: str, value: object) -> dict:
    first, _, rest = name.partition(".")
    return {first: nested(rest, value) if rest else value}


NUMBERS = {
    name: get_args(kind) and str(kind).startswith("tuple")
    for name, kind in fields()
    if any(part in str(kind) for part in ("int", "float"))
    and "Literal" not in str(kind)
}


def test_the_numbers_of_a_run_are_found():
    assert len(NUMBERS) > 40
    assert {"seed", "training.steps", "methods.fit.rlace_steps", *GRID} <= set(NUMBERS)


@pytest.mark.parametrize("value", [-1, True, float("nan"), float("inf"), "many"])
@pytest.mark.parametrize("name", NUMBERS)
def test_no_number_may_be_nonsense(name, value):
    if name in GRID and value == -1 and value is not True:
        return
    content = nested(name, [value] if NUMBERS[name] else value)
    with pytest.raises(InputError) as error, in_one_line("own.yaml", RunSettings):
        RunSettings.model_validate(content)
    assert str(error.value).startswith(f"own.yaml, {name}")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("training.steps", -3, "-3 should be greater than or equal to 1"),
        ("training.batch_size", 0, "0 should be greater than or equal to 1"),
        ("training.learning_rate", 0, "0 should be greater than 0"),
        ("training.learning_rate", -1e-4, "should be greater than 0"),
        ("training.evaluate_every", 0, "should be greater than or equal to 1"),
        ("tasks.training.epochs", 0, "should be greater than or equal to 1"),
        ("decoder.lms_floor", 97, "97 should be less than or equal to 1"),
        ("decoder.refinement.said_floor", -0.1, "should be greater than or equal to 0"),
        # Of these 0 is not all, as it is elsewhere.
        ("encoder.neutral_texts", 0, "0 should be greater than or equal to 1"),
        ("decoder.lms_texts", 0, "0 should be greater than or equal to 1"),
        ("decoder.refinement.lms_texts", 0, "0 should be greater than or equal to 1"),
        ("seeds", [0, 0], "0 stands there twice"),
        ("load.device", "gpu", "'gpu' should be auto .* cpu, cuda"),
        ("load.device", "auto:1", "'auto:1' should be auto"),
        ("load.device_map", "atuo", "did you mean 'auto'"),
        ("load.dtype", "float8", "should be 'float32', .*did you mean 'float"),
    ],
)
def test_a_value_out_of_its_range_is_named(name, value, message):
    whole = f"own.yaml, {name}: .*{message}"
    with (
        pytest.raises(InputError, match=whole),
        in_one_line("own.yaml", RunSettings),
    ):
        RunSettings.model_validate(nested(name, value))


@pytest.mark.parametrize("device", ["auto", "cpu", "cuda", "cuda:1", "mps"])
def test_a_device_need_not_be_here_to_be_named(device):
    found = RunSettings.model_validate({"load": {"device": device}})
    assert found.load.device == device


def test_resources_are_counts(tmp_path):
    source = own_profile(tmp_path, like="smoke", resources={"mem_mb": -5})
    with pytest.raises(InputError, match=r"own\.yaml, resources\.mem_mb: -5 should"):
        load_profile(source)
