"""A little of everything that the methods are fitted on."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import numpy as np

from gradiend.lm.cloze import ClozeLM
from study.comparison.baselines.data import BaselineData
from study.comparison.baselines.selection import Validation
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
    return BaselineData(DOMAINS[domain], words, texts)


def validation(measured: Callable[[ClozeLM], dict[str, float]], **floors) -> Validation:
    """By what is said to be measured: gap, and what is not its usual value.

    The gap is that of one text, of which ``said`` is 1 and LMS 1.
    """

    def measure(lm: ClozeLM) -> SimpleNamespace:
        def probabilities() -> dict[str, np.ndarray]:
            found = {"said": 1.0} | measured(lm)
            said, gap = found["said"], found["gap"]
            return {
                "+1": np.array([said + gap]) / 2,
                "-1": np.array([said - gap]) / 2,
            }

        def modelling() -> float:
            return measured(lm).get("LMS", 1.0)

        return SimpleNamespace(probabilities=probabilities, modelling=modelling)

    return Validation(measure, **floors)
