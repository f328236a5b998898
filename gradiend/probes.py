"""Questions put to a model besides the scores it is selected on."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import pandas as pd

from gradiend.cloze import ClozeLM
from gradiend.data import SLOT
from gradiend.scoring import ClassProbabilities

GENDER_PAIRS = (
    ("woman", "man"),
    ("girl", "boy"),
    ("mother", "father"),
    ("daughter", "son"),
)
PROFESSIONS = 20
_NAME_PROBES = (
    'Is {name} a "man" or a "woman"? {name} is a [MASK].',
    'Is {name} a "woman" or a "man"? {name} is a [MASK].',
)


def association_probabilities(lm: ClozeLM, associations: pd.DataFrame) -> np.ndarray:
    """P(word) in each query, normalised over the query's candidates, [rows].

    ``associations`` has the columns query (one slot), class (the word asked for) and
    candidates (JSON list of the words that compete).
    """
    found = np.empty(len(associations))
    for candidates, group in associations.groupby("candidates", sort=False):
        words = json.loads(candidates)
        queries = list(dict.fromkeys(group["query"]))
        scores = ClassProbabilities(lm, queries, {w: {w: 1.0} for w in words})()
        total = np.sum(list(scores.values()), axis=0)
        shares = {word: values / total for word, values in scores.items()}
        place = {query: index for index, query in enumerate(queries)}
        rows = associations.index.get_indexer(group.index)
        found[rows] = [
            shares[word][place[query]]
            for word, query in zip(group["class"], group["query"], strict=True)
        ]
    return found


def held_out_professions(planted: pd.DataFrame) -> list[str]:
    """The professions a spread is measured on: 20, the most male and female planted.

    ``planted`` has the columns word and probability, of ``she``. No candidate of a grid
    is ever selected on them.
    """
    words = planted.drop_duplicates("word")
    words = words.sort_values("probability", kind="stable")["word"]
    half = PROFESSIONS // 2
    return [*words.head(half), *words.tail(half)]


def female_share(lm: ClozeLM, texts: Sequence[str]) -> np.ndarray:
    """P(she) / (P(he) + P(she)) at the slot of each text."""
    scores = ClassProbabilities(lm, texts, {"he": {"he": 1.0}, "she": {"she": 1.0}})()
    return scores["she"] / (scores["he"] + scores["she"])


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
