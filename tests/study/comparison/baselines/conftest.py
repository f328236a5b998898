"""What the methods are fitted on."""

from __future__ import annotations

import itertools

import pandas as pd
import pytest

from study.comparison.baselines.data import BaselineData
from study.comparison.baselines.selection import Validation
from study.domains import DOMAINS
from tests.conftest import SENTENCES
from tests.study.comparison.words import WORDS


@pytest.fixture
def data(table: pd.DataFrame) -> BaselineData:
    """The tiny models' own sentences."""
    texts = SENTENCES[:14]
    label = ["female" if "she" in text.split() else "male" for text in texts]
    return BaselineData(
        DOMAINS["gender"],
        WORDS,
        texts,
        pd.DataFrame({"text": texts, "label": label}),
        rows=table[table["split"] == "train"],
        validation=Validation(lambda _lm: SmallerEveryTime()),
    )


class SmallerEveryTime:
    """A measure by which the last candidate is the best."""

    def __init__(self) -> None:
        self.gaps = itertools.count(start=0, step=-1)

    def __call__(self) -> dict[str, float]:
        """Nothing is lost, and the gap is smaller than before."""
        return {"LMS": 1.0, "said": 1.0, "share": 0.5, "gap": float(next(self.gaps))}
