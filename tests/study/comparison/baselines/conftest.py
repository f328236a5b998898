"""What the methods are fitted on."""

from __future__ import annotations

import pandas as pd
import pytest

from study.comparison.baselines.data import BaselineData
from study.domains import DOMAINS
from tests.conftest import SENTENCES
from tests.study.comparison.words import WORDS


@pytest.fixture
def data() -> BaselineData:
    """The tiny models' own sentences."""
    texts = SENTENCES[:14]
    label = ["female" if "she" in text.split() else "male" for text in texts]
    return BaselineData(
        DOMAINS["gender"], WORDS, texts, pd.DataFrame({"text": texts, "label": label})
    )
