"""A misspelt option is refused when it is given, not hours later."""

from __future__ import annotations

import pytest

from gradiend.errors import InputError
from gradiend.settings import TrainingSettings


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
