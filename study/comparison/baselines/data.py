"""What the methods are fitted on."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from gradiend.data import SLOT
from gradiend.errors import InputError
from study.comparison.attribute_words import AttributeWords
from study.domains import Domain

NEUTRAL = "neutral"


@dataclass(frozen=True)
class BaselineData:
    """A domain's attribute words, a corpus, and texts labelled with a class.

    ``labelled`` has the columns text and label; ``seed`` is of every draw of a fit.
    """

    domain: Domain
    words: AttributeWords
    texts: list[str]
    labelled: pd.DataFrame
    seed: int = 0


def filled_texts(table: pd.DataFrame) -> pd.DataFrame:
    """Texts of a cloze table with their factual word in place, and their class."""
    texts = [
        masked.replace(SLOT, word)
        for masked, word in zip(table["masked"], table["factual"], strict=True)
    ]
    return pd.DataFrame({"text": texts, "label": table["factual_class"].to_numpy()})


def sentences_by_class(data: BaselineData, limit: int) -> dict[str, list[str]]:
    """At most ``limit`` texts of each class and as many that name none.

    A text that names several classes is left out. The classes stand apart where the
    domain sorts by class, elsewhere they are one, biased (paper, Appendix).

    Raises
    ------
    InputError
        if a class has no text.
    """
    own = data.words.classes if data.domain.sorted_by_class else ("biased",)
    found: dict[str, list[str]] = {name: [] for name in (*own, NEUTRAL)}
    for text in data.texts:
        named = data.words.found(text)
        if len(named) > 1:
            continue
        name = next(iter(named), NEUTRAL)
        group = found.get(name, found.get("biased"))
        if len(group) < limit:
            group.append(text)
    for name, texts in found.items():
        if not texts:
            raise InputError(
                f"{data.domain.name}: none of {len(data.texts):,} texts is {name}; "
                f"give more texts, or other attribute words ({_some(data.words)})"
            )
    return found


def matching_texts(data: BaselineData, limit: int) -> list[str]:
    """At most ``limit`` texts that name a class.

    Raises
    ------
    InputError
        if there is none.
    """
    texts = [text for text in data.texts if data.words.found(text)][:limit]
    if not texts:
        raise InputError(
            f"{data.domain.name}: no attribute word ({_some(data.words)}) is in any of "
            f"{len(data.texts):,} texts; give other words or other texts"
        )
    return texts


def _some(words: AttributeWords) -> str:
    return ", ".join(words.groups[0]) + ", …"
