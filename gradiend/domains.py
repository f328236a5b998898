"""The paper's seven features, as cloze tables, from files of the public schemas.

| domain   | feature: class +1 / class −1                                           |
|----------|------------------------------------------------------------------------|
| gender   | ``gender_MF`` female / male                                            |
| race     | ``race_AB`` asian / black, ``race_AW`` asian / white, ``race_BW`` …     |
| religion | ``religion_CJ`` christian / jewish, ``religion_CM`` …, ``religion_MJ`` … |
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import permutations
from pathlib import Path

import numpy as np
import pandas as pd

from gradiend.data import COLUMNS, SLOT, SPLITS
from gradiend.errors import InputError, known, need_columns

PRONOUNS = {"female": "she", "male": "he"}
_GENDER_OF = {"F": "female", "M": "male"}
# Words that carry gender without being names; never a neutral target.
_GENDER_WORDS = """
    he she him his her hers himself herself man woman men women boy girl boys girls
    father mother son daughter brother sister uncle aunt husband wife king queen
    grandfather grandmother nephew niece prince princess gentleman lady mr mrs ms
    actor actress male female dad mom papa mama lord duke duchess sir madam bride
    groom widow widower
"""
GENDER_WORDS = frozenset(_GENDER_WORDS.split())


@dataclass(frozen=True)
class Feature:
    """A feature of the paper: its domain and the classes encoded +1 and −1."""

    name: str
    domain: str
    positive: str
    negative: str

    @property
    def classes(self) -> tuple[str, str]:
        """(class +1, class −1)."""
        return self.positive, self.negative


@dataclass(frozen=True)
class FeatureData:
    """Everything one feature's notebooks read.

    ``words`` maps each class to its words and weights, ``slot_texts`` are the texts
    whose slot they compete for in the decoder evaluation; ``excluded`` words are never
    the target of a neutral row.
    """

    feature: Feature
    table: pd.DataFrame  # cloze table
    neutral: list[str]
    excluded: frozenset[str]
    slot_texts: list[str]
    words: dict[str, dict[str, float]]
    untrained: pd.DataFrame | None = field(default=None, repr=False)


DOMAIN_CLASSES = {
    "race": ("asian", "black", "white"),
    "religion": ("christian", "jewish", "muslim"),
}
FEATURES = {
    feature.name: feature
    for feature in (
        Feature("gender_MF", "gender", "female", "male"),
        Feature("race_AB", "race", "asian", "black"),
        Feature("race_AW", "race", "asian", "white"),
        Feature("race_BW", "race", "black", "white"),
        Feature("religion_CJ", "religion", "christian", "jewish"),
        Feature("religion_CM", "religion", "christian", "muslim"),
        Feature("religion_MJ", "religion", "muslim", "jewish"),
    )
}


def load_feature(
    name: str, folder: str | Path, *, seed: int = 0, neutral_texts: int = 1_000
) -> FeatureData:
    """Load a feature from a folder of files in the public data sets' schemas.

    ``neutral_texts`` caps the neutral texts kept (a seeded sample).
    """
    known(name, FEATURES, "feature")
    feature, folder = FEATURES[name], Path(folder)
    if feature.domain == "gender":
        return _gender(feature, folder, seed, neutral_texts)
    return _term_feature(feature, folder, seed, neutral_texts)


def _gender(feature: Feature, folder: Path, seed: int, texts: int) -> FeatureData:
    names = read_names(folder)
    extended = _read(folder / "namextend.csv", ["name", "prob_F", "prob_M"])
    gentypes = _read(folder / "gentypes.csv", ["text"])["text"]
    weights = {
        "female": dict(zip(extended["name"], extended["prob_F"], strict=True)),
        "male": dict(zip(extended["name"], extended["prob_M"], strict=True)),
    }
    return FeatureData(
        feature,
        gender_table(folder, names, seed=seed),
        _sample(_read(folder / "geneutral.csv", ["text"])["text"], texts, seed),
        GENDER_WORDS | frozenset(extended["name"].str.casefold()),
        [text.replace("[NAME]", SLOT) for text in gentypes],
        weights,
    )


def read_names(folder: Path) -> pd.DataFrame:
    """NAMEXACT: columns name, gender (female | male), split."""
    names = _read(folder / "namexact.csv", ["name", "gender", "split"])
    return pd.DataFrame(
        {
            "name": names["name"],
            "gender": names["gender"].map(_GENDER_OF),
            "split": names["split"].replace({"val": "validation"}),
        }
    )


def gender_table(folder: Path, names: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """GENTER templates × names of the same split: each template once a gender."""
    parts = []
    for number, split in enumerate(SPLITS):
        templates = read_templates(folder, split)
        rows = crossed(templates, names[names["split"] == split], seed=[seed, number])
        parts.append(rows.assign(split=split))
    return pd.concat(parts, ignore_index=True)


def read_templates(folder: Path, split: str) -> list[str]:
    """GENTER's masked texts of a split, with [NAME] and [PRONOUN]."""
    return _read(folder / "genter" / f"{split}.csv", ["masked"])["masked"].tolist()


def crossed(
    templates: list[str], names: pd.DataFrame, *, seed: int | list[int]
) -> pd.DataFrame:
    """Cloze rows: every template once a gender, with a name of that gender.

    Names are dealt to templates in seeded passes, so that all are used about equally
    often.
    """
    generator = np.random.default_rng(seed)
    parts = []
    for gender, other in (("female", "male"), ("male", "female")):
        chosen = names.loc[names["gender"] == gender, "name"].to_numpy()
        dealt = _dealt(chosen, len(templates), generator)
        parts.append(
            pd.DataFrame(
                {
                    "masked": list(map(fill_template, templates, dealt)),
                    "factual": PRONOUNS[gender],
                    "counterfactual": PRONOUNS[other],
                    "label": 1 if gender == "female" else -1,
                    "factual_class": gender,
                    "counterfactual_class": other,
                    "name": dealt,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def fill_template(template: str, name: str) -> str:
    """A GENTER template with ``name`` in it and its pronouns as slots."""
    return template.replace("[NAME]", name).replace("[PRONOUN]", SLOT)


def _dealt(names: np.ndarray, count: int, generator) -> list[str]:
    passes = -(-count // len(names))
    return np.concatenate([generator.permutation(names) for _ in range(passes)])[
        :count
    ].tolist()


def _term_feature(feature: Feature, folder: Path, seed: int, texts: int) -> FeatureData:
    pairs = {
        pair: _pair(folder / feature.domain, *pair)
        for pair in permutations(DOMAIN_CLASSES[feature.domain], 2)
    }
    trained = (feature.classes, feature.classes[::-1])
    table = pd.concat([pairs[pair] for pair in trained], ignore_index=True)
    table["label"] = table["factual_class"].map({feature.positive: 1}).fillna(-1)
    table["label"] = table["label"].astype(int)
    untrained = pd.concat(
        [part for pair, part in pairs.items() if pair not in trained],
        ignore_index=True,
    )
    everything = pd.concat([table, untrained], ignore_index=True)
    words = {
        name: dict.fromkeys(sorted(group.unique()), 1.0)
        for name, group in everything.groupby("factual_class")["factual"]
    }
    held_out = table[table["split"] == "validation"]
    return FeatureData(
        feature,
        table[list(COLUMNS)],
        _sample(_read(folder / "biasneutral.csv", ["text"])["text"], texts, seed),
        GENDER_WORDS
        | frozenset(w.casefold() for group in words.values() for w in group),
        list(dict.fromkeys(held_out["masked"])),
        {name: words[name] for name in feature.classes},
        untrained[untrained["split"] == "test"].reset_index(drop=True),
    )


def _pair(folder: Path, source: str, target: str) -> pd.DataFrame:
    """One ordered pair of the race or religion data as a cloze table (label unset)."""
    rows = _read(
        folder / f"{source}_to_{target}.csv", ["masked", "source", "target", "split"]
    )
    return pd.DataFrame(
        {
            "masked": rows["masked"],
            "factual": rows["source"],
            "counterfactual": rows["target"],
            "label": 0,
            "factual_class": source,
            "counterfactual_class": target,
            "split": rows["split"].replace({"val": "validation"}),
        }
    )


def _sample(texts: pd.Series, count: int, seed: int) -> list[str]:
    if len(texts) > count:
        texts = texts.sample(count, random_state=seed)
    return texts.tolist()


def _read(path: Path, columns: list[str]) -> pd.DataFrame:
    remedy = "make the data sets again (notebook 00)"
    if not path.is_file():
        raise InputError(f"{path}: missing; {remedy}")
    table = pd.read_csv(path, keep_default_na=False)
    need_columns(table.columns, columns, str(path), remedy)
    return table
