"""Which class a preferred sentence speaks of, and how one-sided a model is.

SS and CrowS count how often the stereotype wins. A model that says the same class
whatever it is asked gets 50, as a balanced one does; the majority share tells them
apart: it is 100 for the first and near 50 for the second.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from difflib import SequenceMatcher
from pathlib import Path

import numpy as np
import pandas as pd

from study.comparison.attribute_words import read_attribute_words
from study.domains.domain import Domain

_PUNCTUATION = ".,;:!?\"'()"


def differing(first: str, second: str) -> tuple[str, str]:
    """The words of either sentence that the other one has not."""
    words = first.split(), second.split()
    matcher = SequenceMatcher(None, *words, autojunk=False)
    apart = [block for block in matcher.get_opcodes() if block[0] != "equal"]
    return (
        " ".join(" ".join(words[0][block[1] : block[2]]) for block in apart),
        " ".join(" ".join(words[1][block[3] : block[4]]) for block in apart),
    )


def named_classes(
    texts: Iterable[str],
    kinds: Iterable[str],
    domains: Mapping[str, Domain],
    folder: Path,
) -> pd.Series:
    """The class that each text names; missing where it is none or several.

    A text's kind says its domain, as in ``domains``; texts of others name nothing. By
    the domain's attribute words, where ``folder`` has them, else by the words that its
    associations ask for.
    """
    namers = {kind: _namer(domain, folder) for kind, domain in domains.items()}
    found = [
        namers[kind](text) if kind in namers else set()
        for text, kind in zip(texts, kinds, strict=True)
    ]
    named = [classes.pop() if len(classes) == 1 else None for classes in found]
    return pd.Series(named, dtype="str")


def _namer(domain: Domain, folder: Path) -> Callable[[str], set[str]]:
    """What gives the classes that a text names."""
    path = folder / "attribute_words" / f"{domain.name}.json"
    if path.exists():
        return read_attribute_words(path).found

    def found(text: str) -> set[str]:
        words = (word.strip(_PUNCTUATION) for word in text.split())
        return {name for name in map(domain.class_of, words) if name is not None}

    return found


def named_apart(first: pd.Series, second: pd.Series) -> np.ndarray:
    """Whether an item's sentences name two different classes, [items]."""
    return (first.notna() & second.notna() & (first != second)).to_numpy()


def majority(
    prefers_first: np.ndarray,
    first: pd.Series,
    second: pd.Series,
    weights: np.ndarray,
) -> np.ndarray:
    """Share (%) of items on the larger side, [R] for ``weights`` [R, items].

    ``first`` and ``second`` are the classes that an item's sentences name; items where
    they do not name two different ones do not count (none does: NaN). Sides are taken
    within a pair of classes, so that of three classes, too, a fixed order gives 100.
    """
    count = named_apart(first, second)
    first, second = first[count].astype(str), second[count].astype(str)
    pair = pd.Series(
        np.where(first < second, first + "|" + second, second + "|" + first)
    )
    side = prefers_first[count] == (first < second).to_numpy()
    member = pd.get_dummies(pair).to_numpy(dtype=float)
    drawn = weights[:, count]
    one = drawn @ (member * side[:, None])
    other = drawn @ (member * ~side[:, None])
    total = drawn.sum(axis=1)
    larger = np.maximum(one, other).sum(axis=1)
    return 100 * np.divide(
        larger, total, out=np.full(len(drawn), np.nan), where=total > 0
    )
