"""A misspelt option is refused when it is given, not hours later."""

from __future__ import annotations

import numpy as np
import pytest

from gradiend.errors import InputError
from gradiend.settings import TrainingSettings, fitting_settings


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"source": "diference"}, "unknown source 'diference'; did you mean 'diff"),
        ({"source": None}, "unknown source None"),
        ({"moments": "8-bit"}, "unknown moments '8-bit'; did you mean '8bit'"),
    ],
)
def test_a_misspelt_option_is_refused(option, message):
    with pytest.raises(InputError, match=message):
        TrainingSettings(**option)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"steps": 0}, "steps is 0; give a whole number of at least 1"),
        ({"steps": 2.5}, r"steps is 2\.5; give a whole number"),
        ({"steps": True}, "steps is True; give a whole number"),
        ({"batch_size": 0}, "batch_size is 0"),
        ({"converged": -0.1}, r"converged is -0\.1; give a number of 0 or more"),
        ({"converged": 5}, r"converged is 5; no \|Pearson\| is above 1"),
        ({"evaluate_every": 0}, "evaluate_every is 0"),
        ({"validation_rows": -1}, "validation_rows is -1; .* of at least 0"),
        ({"learning_rate": 0}, "learning_rate is 0; give a number above 0"),
        ({"learning_rate": float("nan")}, "learning_rate is nan"),
        ({"learning_rate": "1e-5"}, "learning_rate is '1e-5'"),
        ({"weight_decay": -0.1}, r"weight_decay is -0\.1; give a number of 0 or more"),
    ],
)
def test_a_value_that_nothing_can_be_trained_with_is_refused(option, message):
    with pytest.raises(InputError, match=message):
        TrainingSettings(**option)
    with pytest.raises(InputError, match=message):
        fitting_settings(1e6, option, causal=False)


def test_the_least_of_each_number_can_be_taken():
    counts = dict.fromkeys(("steps", "batch_size", "evaluate_every"), np.int64(1))
    least = dict.fromkeys(("validation_rows", "min_rows", "retries"), 0)
    settings = TrainingSettings(**counts, **least, weight_decay=0, epsilon=1e-30)
    assert (settings.steps, settings.validation_rows, settings.weight_decay) == (
        1,
        0,
        0,
    )


@pytest.mark.parametrize("source", ["factual", "counterfactual", "difference"])
@pytest.mark.parametrize("moments", ["full", "8bit"])
def test_every_option_there_is_can_be_taken(source, moments):
    settings = TrainingSettings(source=source, moments=moments)
    assert (settings.source, settings.moments) == (source, moments)


@pytest.mark.parametrize(
    ("size", "causal", "rate", "steps"),
    [
        (1e6, False, 5e-4, 250),
        (22e6, False, 3e-4, 100),
        (135e6, True, 5e-4, 100),
        (108e6, False, 1e-5, 2_500),  # BERT-base: the paper's
        (355e6, True, 1e-5, 2_500),
        (3e9, True, 1e-4, 2_500),
    ],
)
def test_settings_fit_the_models_size_and_kind(size, causal, rate, steps):
    settings = fitting_settings(size, causal=causal)
    assert (settings.learning_rate, settings.steps) == (rate, steps)


def test_what_is_given_stands():
    settings = fitting_settings(1e6, {"steps": 7, "batch_size": 3}, causal=False)
    assert (settings.steps, settings.batch_size) == (7, 3)
    assert settings.learning_rate == 5e-4
    with pytest.raises(InputError, match="unknown setting 'step'; did you mean 'ste"):
        fitting_settings(1e6, {"step": 7}, causal=False)
