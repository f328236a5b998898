"""What the methods are fitted on."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from gradiend.data import SLOT
from gradiend.errors import InputError
from gradiend.sampling import balanced_sample
from study.comparison.attribute_words import AttributeWords
from study.comparison.baselines.selection import Validation
from study.domains import Domain

NEUTRAL = "neutral"


@dataclass(frozen=True)
class BaselineData:
    """A domain's attribute words, a corpus, and cloze rows.

    ``seed`` is of every draw of a fit.
    ``rows`` are the training rows of two classes, GRADIEND's own; with ``validation``,
    methods that can be taken more or less far choose how far.
    """

    domain: Domain
    words: AttributeWords
    texts: list[str]
    seed: int = 0
    rows: pd.DataFrame | None = None
    validation: Validation | None = None

    def contrasts(self) -> tuple[pd.DataFrame, Validation]:
        """The rows, and what to choose by.

        Raises
        ------
        InputError
            if they are not there.
        """
        if self.rows is None or self.validation is None:
            raise InputError(
                f"{self.domain.name}: methods that contrast two classes need cloze "
                "rows and a validation; give both"
            )
        return self.rows, self.validation


def filled_texts(table: pd.DataFrame) -> pd.DataFrame:
    """Texts of a cloze table with their factual word in place, and their class."""
    texts = [
        masked.replace(SLOT, word)
        for masked, word in zip(table["masked"], table["factual"], strict=True)
    ]
    return pd.DataFrame({"text": texts, "label": table["factual_class"].to_numpy()})


def sentences_by_class(data: BaselineData, limit: int) -> dict[str, list[str]]:
    """As many texts of each class as of the others and as name none, ≤ ``limit`` each.

    A seeded draw. A text that names several classes is left out. The classes stand
    apart where the domain sorts by class, elsewhere they are one, biased (paper,
    Appendix), with as many texts of each as there are.

    Raises
    ------
    InputError
        if a class has no text.
    """
    table = _named(data)
    table = table[table["classes"] < 2]
    group = table["named"].where(table["classes"] == 1, NEUTRAL)
    names = (*data.words.classes, NEUTRAL)
    if not data.domain.sorted_by_class:
        group = group.where(group == NEUTRAL, "biased")
        names = ("biased", NEUTRAL)
    sizes = group.value_counts().reindex(names, fill_value=0)
    if not sizes.all():
        raise InputError(
            f"{data.domain.name}: none of {len(data.texts):,} texts is "
            f"{sizes.idxmin()}; give more texts, or other attribute words "
            f"({_some(data.words)})"
        )
    size = min(limit, int(sizes.min()))
    return {name: _sample(table[group == name], size, data.seed) for name in names}


def texts_that_name(data: BaselineData, limit: int) -> list[str]:
    """At most ``limit`` texts that name a class, in the corpus's order.

    A seeded draw, as evenly from the classes named as there are texts; texts that name
    the same several are a class of their own.
    """
    table = _named(data)
    return _sample(table[table["classes"] > 0], limit, data.seed)


def matching_texts(data: BaselineData, limit: int) -> list[str]:
    """The same, where at least one is needed.

    Raises
    ------
    InputError
        if there is none.
    """
    texts = texts_that_name(data, limit)
    if not texts:
        raise InputError(
            f"{data.domain.name}: no attribute word ({_some(data.words)}) is in any of "
            f"{len(data.texts):,} texts; give other words or other texts"
        )
    return texts


def _named(data: BaselineData) -> pd.DataFrame:
    """The texts, the classes that each names and how many those are."""
    found = [sorted(data.words.found(text)) for text in data.texts]
    return pd.DataFrame(
        {
            "text": data.texts,
            "named": [" and ".join(classes) for classes in found],
            "classes": [len(classes) for classes in found],
        }
    )


def _sample(table: pd.DataFrame, count: int, seed: int) -> list[str]:
    return balanced_sample(table, count, by="named", seed=seed)["text"].tolist()


def _some(words: AttributeWords) -> str:
    return ", ".join(words.groups[0]) + ", …"
