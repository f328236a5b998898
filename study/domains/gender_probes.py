"""What a model says of men and women besides what its variants are selected on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from gradiend.data import SLOT
from gradiend.evaluation.scoring import ClassProbabilities
from gradiend.lm.cloze import ClozeLM

GENDER_PAIRS = (
    ("woman", "man"),
    ("girl", "boy"),
    ("mother", "father"),
    ("daughter", "son"),
)
_NAME_PROBES = (
    'Is {name} a "man" or a "woman"? {name} is a [MASK].',
    'Is {name} a "woman" or a "man"? {name} is a [MASK].',
)

# The job stands first, for models that read from the left. The stand-ins
# have read sentences of these kinds in training.
_JOB_FRAMES = (
    f"The {{word}} was late because {SLOT} had missed the bus.",
    f"The {{word}} said that {SLOT} would come back on Monday.",
    f"When the {{word}} came home, {SLOT} cooked some soup.",
    f"The {{word}} laughed when {SLOT} saw the dog.",
    f"Before the {{word}} went to bed, {SLOT} packed the bag.",
)


def female_share(lm: ClozeLM, texts: Sequence[str]) -> np.ndarray:
    """P(she) / (P(he) + P(she)) at the slot of each text."""
    share, _ = _pronouns(lm, texts)
    return share


def _pronouns(lm: ClozeLM, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """P(she) / (P(he) + P(she)) and P(he) + P(she) at the slot of each text."""
    scores = ClassProbabilities(lm, texts, {"he": {"he": 1.0}, "she": {"she": 1.0}})()
    said = scores["he"] + scores["she"]
    return scores["she"] / said, said


def man_or_woman(lm: ClozeLM, names: pd.DataFrame) -> pd.DataFrame:
    """P(man) and P(woman) for each name, mean over both orders of the question.

    ``names`` has the columns name, gender and split; the result adds P(man) and
    P(woman) (paper, appendix on over-fitting).
    """
    words = {"man": {"man": 1.0}, "woman": {"woman": 1.0}}
    total = {word: np.zeros(len(names)) for word in words}
    for probe in _NAME_PROBES:
        texts = [probe.format(name=name) for name in names["name"]]
        for word, values in ClassProbabilities(lm, texts, words)().items():
            total[word] += values / len(_NAME_PROBES)
    return names.assign(**{f"P({word})": values for word, values in total.items()})


def pronouns_by_frame(lm: ClozeLM, jobs: Sequence[str]) -> pd.DataFrame:
    """What pronoun a model expects of jobs in sentences that nothing was chosen on.

    A row a sentence and job: frame (``{word}`` stands for the job), word, share
    (P(she) / (P(he) + P(she))) and said (P(he) + P(she)). No job, no rows.
    """
    asked = pd.DataFrame(
        [(frame, job) for frame in _JOB_FRAMES for job in jobs],
        columns=["frame", "word"],
    )
    texts = [f.replace("{word}", w) for f, w in asked.itertuples(index=False)]
    share, said = _pronouns(lm, texts) if texts else ([], [])
    return asked.assign(share=share, said=said)


def gender_word_table(names: pd.DataFrame) -> pd.DataFrame:
    """Cloze rows that ask for other gender words, which training never saw.

    One row per name and pair: ``{name} is a [MASK].`` with, say, mother as the factual
    and father as the counterfactual word of a female name.
    """
    rows = []
    for female, male in GENDER_PAIRS:
        for name, gender, split in zip(
            names["name"], names["gender"], names["split"], strict=True
        ):
            words = (female, male) if gender == "female" else (male, female)
            rows.append(
                {
                    "masked": f"{name} is a {SLOT}.",
                    "factual": words[0],
                    "counterfactual": words[1],
                    "label": 1 if gender == "female" else -1,
                    "factual_class": gender,
                    "counterfactual_class": "male" if gender == "female" else "female",
                    "split": split,
                    "pair": f"{female}/{male}",
                }
            )
    return pd.DataFrame(rows)
