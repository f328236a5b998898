"""A cloze table out of plain texts: those in which one of two words stands, once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import pandas as pd

from gradiend.data import REQUIRED, SLOT
from gradiend.errors import InputError

_ARTICLE = re.compile(r"\b[Aa]n?\s+$")
_VOWELS = "aeiouAEIOU"


def rows_from_texts(texts: Iterable[str], positive: str, negative: str) -> pd.DataFrame:
    """One row a text that has exactly one of the two words, in exactly one place.

    The word becomes the slot, the other one its counterfactual; the classes are called
    like the words, and ``positive`` is class +1. Case counts. Where one word begins
    with a vowel and the other does not, texts with *a* or *an* before it are left out:
    the article would tell. Equal texts are taken once.

    Raises
    ------
    InputError
        if the words are the same, or one of them is empty or stands nowhere.
    """
    if not positive.strip() or not negative.strip():
        raise InputError("one of the two words is empty; give one of each class")
    if positive == negative:
        raise InputError(f"both words are {positive!r}; give one of each class")
    table = pd.DataFrame(_rows(texts, positive, negative), columns=list(REQUIRED))
    table = table.drop_duplicates(["masked", "factual"], ignore_index=True)
    for word in (positive, negative):
        if word not in set(table["factual"]):
            raise InputError(
                f"no text has {word!r} as the only one of the two words, once; give "
                "more texts or other words"
            )
    return table


def _rows(texts: Iterable[str], positive: str, negative: str) -> Iterator[tuple]:
    word = re.compile(rf"\b({re.escape(positive)}|{re.escape(negative)})\b")
    told = (positive[0] in _VOWELS) != (negative[0] in _VOWELS)
    for text in texts:
        matches = list(word.finditer(text))
        if len(matches) != 1 or SLOT in text:
            continue
        (match,) = matches
        before, after = text[: match.start()], text[match.end() :]
        if told and _ARTICLE.search(before):
            continue
        found = match[1]
        other = negative if found == positive else positive
        label = 1 if found == positive else -1
        yield before + SLOT + after, found, other, label, found, other
