"""A misspelt option is refused when it is given, not hours later."""

from __future__ import annotations

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
