"""A little of everything that the methods are fitted on."""

from __future__ import annotations

import pandas as pd

from study.comparison.baselines.data import BaselineData
from study.comparison.settings import FitSettings
from study.domains import DOMAINS
from tests.study.comparison.words import WORDS

SETTINGS = FitSettings(
    pretraining_steps=25,
    pretraining_batch=8,
    pretraining_accumulation=1,
    pretraining_rate=5e-3,
    inlp_classifiers=2,
    rlace_steps=5,
)


def texts_data(texts: list[str], words=WORDS, domain: str = "gender") -> BaselineData:
    return BaselineData(DOMAINS[domain], words, texts, pd.DataFrame())
