"""What the methods are fitted on."""

from __future__ import annotations

import itertools

import pandas as pd
import pytest

from study.comparison.baselines.data import BaselineData
from study.comparison.baselines.selection import Validation
from study.domains import DOMAINS
from tests.conftest import SENTENCES
from tests.study.comparison.baselines.small import validation
from tests.study.comparison.words import WORDS


@pytest.fixture
def data(table: pd.DataFrame) -> BaselineData:
    """The tiny models' own sentences."""
    return BaselineData(
        DOMAINS["gender"],
        WORDS,
        SENTENCES[:14],
        rows=table[table["split"] == "train"],
        validation=smaller_every_time(),
    )


def smaller_every_time() -> Validation:
    """By which the last candidate is the best, and nothing is lost."""
    gaps = itertools.count(start=1, step=-1e-6)
    return validation(lambda _lm: {"gap": next(gaps)})
