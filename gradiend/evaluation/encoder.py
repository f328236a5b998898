"""Encoder evaluation: does h tell the classes apart and stay at 0 elsewhere?

Rows of four kinds (paper, Sec. 4):

=====================  ==========================================================
``feature``            test examples of the feature, label ±1
``neutral``            neutral texts, a random neutral token as target, label 0
``feature-neutral``    the feature texts, a random neutral token as target, label 0
``untrained``          other class pairs of the domain, label 0
=====================  ==========================================================

The factual class of an untrained pair may be one of the feature's. An encoder of the
factual gradient then reads a row like its own; Cor and Acc count it as 0 all the same.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd

from gradiend.data import SLOT
from gradiend.errors import InputError
from gradiend.evaluation.kinds import (
    FEATURE,
    FEATURE_NEUTRAL,
    NEUTRAL,
    UNTRAINED,
    mean_size,
)
from gradiend.lm.cloze import ClozeLM


def _characters(*categories: str) -> str:
    """The characters of these categories of Unicode in its first two planes."""
    every = map(chr, range(0x20000))
    return "".join(c for c in every if unicodedata.category(c) in categories)


# Letters of any alphabet, each with its marks: vowel signs, points, accents.
_WORD = re.compile(
    rf"(?:[^\W\d_{_characters('No', 'Nl')}][{_characters('Mn', 'Mc', 'Me')}]*)+"
)


def neutral_rows(
    lm: ClozeLM, texts: Sequence[str], *, excluded: Collection[str], seed: int
) -> pd.DataFrame:
    """One cloze row per text: a random word that is a single token becomes the slot.

    ``excluded`` words (the feature's own, names, …; any case) are never the target.
    The counterfactual is the target of another row. Texts without a fitting word are
    left out.
    """
    excluded = {word.casefold() for word in excluded}
    generator = np.random.default_rng(seed)
    rows = []
    for text in texts:
        places = [
            match
            for match in _WORD.finditer(text)
            if match.group().casefold() not in excluded
            and not (lm.causal and not text[: match.start()].strip())
        ]
        match = _first_single_token(lm, text, places, generator)
        if match is not None:
            masked = text[: match.start()] + SLOT + text[match.end() :]
            rows.append({"masked": masked, "factual": match.group()})
    if not rows:
        raise InputError("no neutral text has a single-token word to mask")
    table = pd.DataFrame(rows)
    table["counterfactual"] = _other_words(table["factual"].tolist(), generator)
    return table.assign(
        label=0, factual_class="neutral", counterfactual_class="neutral", split="test"
    )


def evaluation_table(
    lm: ClozeLM,
    features: pd.DataFrame,
    neutral: Sequence[str],
    *,
    excluded: Collection[str],
    seed: int,
    untrained: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """All rows of the encoder evaluation, with their ``kind``."""
    features = lm.usable(features)
    filled = [
        masked.replace(SLOT, factual)
        for masked, factual in zip(features["masked"], features["factual"], strict=True)
    ]
    parts = {
        FEATURE: features,
        NEUTRAL: neutral_rows(lm, neutral, excluded=excluded, seed=seed),
        FEATURE_NEUTRAL: neutral_rows(
            lm, list(dict.fromkeys(filled)), excluded=excluded, seed=seed + 1
        ),
    }
    if untrained is not None:
        parts[UNTRAINED] = lm.usable(untrained).assign(label=0)
    return pd.concat(
        [part.assign(kind=kind) for kind, part in parts.items()], ignore_index=True
    )


def encoder_statistics(rows: pd.DataFrame) -> dict[str, float]:
    """Cor/Acc over all rows and over the feature rows, and mean |h| per kind.

    ``rows`` has columns h, label, kind and factual_class. Accuracy is balanced: the
    mean over labels of the share of rows put right (h ≥ 0.5 → +1, h ≤ −0.5 → −1, else
    0); on feature rows alone it is the sign that counts.
    """
    feature = rows[rows["kind"] == FEATURE]
    signs = np.where(feature["h"] >= 0, 1, -1)
    guess = np.select([rows["h"] >= 0.5, rows["h"] <= -0.5], [1, -1], default=0)
    right = pd.Series(guess == rows["label"].to_numpy()).groupby(
        rows["label"].to_numpy()
    )
    statistics = {
        "Cor_Enc": pearson(rows["h"].to_numpy(), rows["label"].to_numpy()),
        "Acc_Enc": float(right.mean().mean()),
        "Cor_feature": pearson(feature["h"].to_numpy(), feature["label"].to_numpy()),
        "Acc_feature": float((signs == feature["label"].to_numpy()).mean()),
    }
    for kind, part in rows.groupby("kind"):
        statistics[mean_size(kind)] = float(part["h"].abs().mean())
    for name, of in class_spread(feature, ["factual_class"]).iterrows():
        statistics[f"mean_h[{name}]"] = float(of["mean"])
        statistics[f"sd_h[{name}]"] = float(of["std"])
    return statistics


def class_spread(rows: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Mean and standard deviation of h, and the number of rows, of each group.

    The deviation is that of the rows at hand (ddof 0), not of what they are drawn from.
    """
    # Group by group: pandas' own sums over groups end in other last digits.
    groups = rows.groupby(by)["h"]
    return pd.DataFrame(
        {
            "mean": groups.agg(lambda h: h.mean()),
            "std": groups.agg(lambda h: h.std(ddof=0)),
            "rows": groups.size(),
        }
    )


def pearson(values: np.ndarray, labels: np.ndarray) -> float:
    """Pearson correlation; 0 where one side is constant."""
    if np.std(values) == 0 or np.std(labels) == 0:
        return 0.0
    return float(np.corrcoef(values, labels)[0, 1])


def _first_single_token(lm: ClozeLM, text: str, places: list, generator):
    """A random match among ``places`` that is exactly one token of ``text``."""
    if not places:
        return None
    encoding = lm.tokenizer(text, return_offsets_mapping=True)
    offsets = encoding["offset_mapping"]
    trimmed = {
        (first + len(text[first:last]) - len(text[first:last].lstrip()), last)
        for first, last in offsets
    }
    single = [match for match in places if match.span() in trimmed]
    return single[generator.integers(len(single))] if single else None


def _other_words(words: list[str], generator) -> list[str]:
    """For each word, another one drawn from the list."""
    choices = sorted(set(words))
    if len(choices) == 1:
        raise InputError(f"every neutral target is {choices[0]!r}; give more texts")
    found = []
    for word in words:
        other = word
        while other == word:
            other = choices[generator.integers(len(choices))]
        found.append(other)
    return found
