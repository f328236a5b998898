"""Domains whose examples are sentences with exactly one term of a class in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import permutations
from pathlib import Path

import pandas as pd
import yaml

from gradiend.data import COLUMNS, SLOT
from gradiend.evaluation.indices import balanced_index
from gradiend.sampling import balanced_sample
from study.domains.domain import BALANCED, Domain, Feature, FeatureData, SlotQuestion
from study.domains.gender import GENDER_WORDS
from study.domains.reading import read_columns, sampled_texts
from study.results.places import REPOSITORY


@dataclass(frozen=True, kw_only=True)
class TermDomain(Domain):
    """Race and religion; files hold one ordered pair of classes each."""

    def load(
        self, feature: Feature, folder: Path, *, seed: int, neutral_texts: int
    ) -> FeatureData:
        """See :class:`Domain`."""
        pairs = {
            pair: _pair(folder / self.name, *pair)
            for pair in permutations(self.classes, 2)
        }
        trained = (feature.classes, feature.classes[::-1])
        table = pd.concat([pairs[pair] for pair in trained], ignore_index=True)
        table["label"] = table["factual_class"].map({feature.positive: 1}).fillna(-1)
        table["label"] = table["label"].astype(int)
        others = [part for pair, part in pairs.items() if pair not in trained]
        everything = pd.concat([table, *others], ignore_index=True)
        words = {
            name: dict.fromkeys(sorted(group.unique()), 1.0)
            for name, group in everything.groupby("factual_class")["factual"]
        }
        return FeatureData(
            feature,
            table[list(COLUMNS)],
            sampled_texts(folder / "biasneutral.csv", neutral_texts, seed=seed),
            GENDER_WORDS
            | frozenset(w.casefold() for group in words.values() for w in group),
            _slot_texts(table),
            {name: words[name] for name in feature.classes},
            _tested(others),
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
        """See :class:`Domain`: the terms, in sentences of the validation split."""
        rows = data.slot_texts[data.slot_texts["held_out"] == held_out]
        if causal:
            rows = rows[~rows["text"].str.startswith(SLOT)]
        texts = balanced_sample(rows, limit, by="class", seed=seed)["text"]
        return SlotQuestion(texts.tolist(), data.words)

    def class_of(self, word: str) -> str | None:
        """See :class:`Domain`, by the terms in ``data/world/terms.yaml``."""
        return _classes_of_terms(self.name).get(word)


def term_domain(
    name: str,
    classes: tuple[str, ...],
    pairs: Mapping[str, tuple[str, str]],
    *,
    crows: str,
    seat: tuple[str, ...],
    called: str,
) -> TermDomain:
    """A domain with a feature for each of ``pairs``: suffix → (class +1, class −1)."""
    return TermDomain(
        name=name,
        classes=classes,
        features=tuple(
            Feature(f"{name}_{suffix}", name, *pair) for suffix, pair in pairs.items()
        ),
        variants={BALANCED: "BalancedBS"},
        indices=balanced_index,
        slots=("term",),
        balanced_slot="term",
        crows=crows,
        seat=seat,
        called=called,
        # The paper fits these on texts that say whom they are about (gender alone);
        # the others contrast two classes, of which here there are three.
        without=frozenset({"RLACE", "LEACE", "SteeringVector", "TaskVector", "DPO"}),
    )


def _slot_texts(table: pd.DataFrame) -> pd.DataFrame:
    """Texts of the validation split and, held out, of the test split."""
    rows = table[table["split"] != "train"].drop_duplicates("masked")
    return pd.DataFrame(
        {
            "text": rows["masked"],
            "class": rows["factual_class"],
            "held_out": rows["split"] == "test",
        }
    ).reset_index(drop=True)


def _tested(pairs: list[pd.DataFrame]) -> pd.DataFrame | None:
    """The test rows of the pairs that are not trained; two classes have none.

    The paper counts all of them, though half have a trained class as the factual one:
    :mod:`study.report.tables.encodings` tells the halves apart.
    """
    if not pairs:
        return None
    rows = pd.concat(pairs, ignore_index=True)
    return rows[rows["split"] == "test"].reset_index(drop=True)


def _pair(folder: Path, source: str, target: str) -> pd.DataFrame:
    """One ordered pair of the race or religion data as a cloze table (label unset)."""
    rows = read_columns(
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


@cache
def _classes_of_terms(domain: str) -> dict[str, str]:
    path = REPOSITORY / "data" / "world" / "terms.yaml"
    classes = yaml.safe_load(path.read_text(encoding="utf-8"))[domain]
    return {word: name for name, terms in classes.items() for word in terms.values()}
