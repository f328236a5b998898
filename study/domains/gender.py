"""Gender: female (+1) and male (−1), he and she after first names."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from gradiend.data import SLOT, SPLITS
from gradiend.errors import InputError
from gradiend.evaluation.indices import gender_indices
from gradiend.sampling import balanced_sample, drawn
from study.domains.domain import (
    BALANCED,
    OURS,
    Domain,
    Feature,
    FeatureData,
    SlotQuestion,
)
from study.domains.reading import read_columns, sampled_texts

PRONOUNS = {"female": "she", "male": "he"}
NAME_GROUPS = ("gender", "split")  # columns by which a sample of names is balanced
PROFESSIONS = 20  # that a spread is measured on
_GENDER_OF = {"F": "female", "M": "male"}
_INSTRUCTION = "Complete the sentence with a first name."
_NAME_FIRST = re.compile(r"^My friend, \[MASK\], (?P<rest>.+?)\.?$")
# Words that carry gender without being names; never a neutral target.
_GENDER_WORDS = """
    he she him his her hers himself herself man woman men women boy girl boys girls
    father mother son daughter brother sister uncle aunt husband wife king queen
    grandfather grandmother nephew niece prince princess gentleman lady mr mrs ms
    actor actress male female dad mom papa mama lord duke duchess sir madam bride
    groom widow widower
"""
GENDER_WORDS = frozenset(_GENDER_WORDS.split())


@dataclass(frozen=True, kw_only=True)
class GenderDomain(Domain):
    """The domain whose examples are made of templates and first names."""

    def row_names(self, feature: Feature) -> dict[str, str]:
        """See :class:`Domain`; every variant has a row of its own."""
        return {variant: f"{OURS}-{variant}" for variant in self.variants}

    def load(
        self, feature: Feature, folder: Path, *, seed: int, neutral_texts: int
    ) -> FeatureData:
        """See :class:`Domain`: GENTER × NAMEXACT, NAMEXTEND's weights, GENTYPES."""
        names = read_names(folder)
        extended = read_columns(folder / "namextend.csv", ["name", "prob_F", "prob_M"])
        gentypes = read_columns(folder / "gentypes.csv", ["text"])["text"]
        weights = {
            "female": dict(zip(extended["name"], extended["prob_F"], strict=True)),
            "male": dict(zip(extended["name"], extended["prob_M"], strict=True)),
        }
        return FeatureData(
            feature,
            gender_table(folder, names, seed=seed),
            sampled_texts(folder / "geneutral.csv", neutral_texts, seed=seed),
            GENDER_WORDS | frozenset(extended["name"].str.casefold()),
            _slot_texts([t.replace("[NAME]", SLOT) for t in gentypes], seed=seed),
            weights,
        )

    def question(
        self,
        data: FeatureData,
        slot: str,
        *,
        limit: int,
        seed: int,
        held_out: bool,
        causal: bool,
        chat: bool,
        associations: Callable[[], pd.DataFrame],
    ) -> SlotQuestion:
        """See :class:`Domain`: names, or pronouns after professions."""
        if slot == "pronoun":
            asked = profession_texts(associations(), held_out=held_out)
            words = {name: {pronoun: 1.0} for name, pronoun in PRONOUNS.items()}
            return SlotQuestion(drawn(asked, limit, seed=seed), words, True)
        rows = data.slot_texts[data.slot_texts["held_out"] == held_out]
        texts = balanced_sample(rows, limit, by="class", seed=seed)["text"].tolist()
        if not causal:
            return SlotQuestion(texts, data.words, single_tokens=True)
        texts = [name_last(text) for text in texts]
        instruction = _INSTRUCTION if chat else None
        return SlotQuestion(texts, data.words, True, instruction)

    def held_out(self, associations: pd.DataFrame) -> pd.Series:
        """See :class:`Domain`: all but the professions that variants are refined on."""
        professions = associations["kind"] == "profession"
        she = associations[professions & (associations["class"] == PRONOUNS["female"])]
        return ~professions | associations["word"].isin(held_out_professions(she))

    def class_of(self, word: str) -> str | None:
        """See :class:`Domain`; *they* is of no class."""
        return {pronoun: name for name, pronoun in PRONOUNS.items()}.get(word)


GENDER = GenderDomain(
    name="gender",
    classes=("female", "male"),
    features=(Feature("gender_MF", "gender", "female", "male"),),
    variants={BALANCED: "BPI", "F": "FPI", "M": "MPI"},
    indices=gender_indices,
    slots=("name", "pronoun"),
    balanced_slot="pronoun",
    crows="gender",
    seat=tuple(f"sent-weat{n}" for n in ("6", "6b", "7", "7b", "8", "8b")),
    called="gender",
    # The paper's: a method that changes weights, then a projection.
    combinations=tuple(
        (first, second)
        for first in (f"{OURS}-{BALANCED}", "CDA", "Dropout")
        for second in ("INLP", "SentenceDebias")
    ),
    sorted_by_class=True,
    asked_of_real_models=True,
    examples=("The woman worked as a [MASK].", "The man worked as a [MASK]."),
    has_names=True,
)


def read_names(folder: Path) -> pd.DataFrame:
    """NAMEXACT: columns name, gender (female | male), split."""
    names = read_columns(folder / "namexact.csv", ["name", "gender", "split"])
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
    table = read_columns(folder / "genter" / f"{split}.csv", ["masked"])
    return table["masked"].tolist()


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


def name_last(text: str) -> str:
    """A name-slot text with its name at the end, where a causal model can fill it."""
    match = _NAME_FIRST.match(text)
    if match is None:
        raise InputError(
            f"{text!r} does not read 'My friend, [NAME], …', so it cannot be rephrased "
            "for a causal model"
        )
    return f"The person, who {match['rest']}, has the first name {SLOT}."


def held_out_professions(planted: pd.DataFrame) -> list[str]:
    """The professions a spread is measured on: 20, the most male and female planted.

    ``planted`` has the columns word and probability, of ``she``. No candidate of a grid
    is ever selected on them.
    """
    words = planted.drop_duplicates("word")
    words = words.sort_values("probability", kind="stable")["word"]
    half = PROFESSIONS // 2
    return [*words.head(half), *words.tail(half)]


def profession_texts(associations: pd.DataFrame, *, held_out: bool) -> list[str]:
    """Texts with a profession and a pronoun's slot, of held-out professions or not."""
    asked = associations["kind"].eq("profession") & associations["class"].eq("she")
    return associations.loc[
        asked & associations["held_out"].eq(held_out), "query"
    ].tolist()


def _slot_texts(texts: list[str], *, seed: int) -> pd.DataFrame:
    """Half of the texts held out; they are written of nobody."""
    kept = drawn(texts, len(texts) // 2, seed=seed)
    return pd.DataFrame(
        {"text": texts, "class": "", "held_out": ~pd.Series(texts).isin(kept)}
    )


def _dealt(
    names: Sequence[str], count: int, generator: np.random.Generator
) -> list[str]:
    passes = -(-count // len(names))
    return np.concatenate([generator.permutation(names) for _ in range(passes)])[
        :count
    ].tolist()
