"""A cloze table out of plain texts: those in which one of two words stands, once."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator

import pandas as pd

from gradiend.data import REQUIRED, SLOT
from gradiend.errors import InputError
from gradiend.reading import counted, given_texts

_ARTICLE = re.compile(r"\b[Aa]n?\s+$")
_VOWELS = "aeiouAEIOU"


def rows_from_texts(texts: Iterable[str], positive: str, negative: str) -> pd.DataFrame:
    """One row a text that has exactly one of the two words, in exactly one place.

    The word becomes the slot, the other one its counterfactual; the classes are called
    like the words, and ``positive`` is class +1. Case counts. Where one word begins
    with a vowel and the other does not, texts with *a* or *an* before it are left out:
    the article would tell. Equal texts are taken once. ``attrs["changed"]`` counts the
    texts that were left out, by the reason.

    Raises
    ------
    InputError
        if the words are the same, one of them is empty or stands nowhere, or ``texts``
        are no texts.
    """
    texts = given_texts(texts, "texts")
    positive, negative = positive.strip(), negative.strip()
    if not positive or not negative:
        raise InputError("one of the two words is empty; give one of each class")
    if positive == negative:
        raise InputError(f"both words are {positive!r}; give one of each class")
    left_out: Counter[str] = Counter()
    rows = _rows(texts, positive, negative, left_out)
    taken = pd.DataFrame(rows, columns=list(REQUIRED))
    table = taken.drop_duplicates(["masked", "factual"], ignore_index=True)
    left_out["equal texts"] = len(taken) - len(table)
    for word in (positive, negative):
        if word not in set(table["factual"]):
            raise InputError(
                f"no text has {word!r} as the only one of the two words, once; give "
                "more texts or other words"
            )
    for why, number in left_out.items():
        table = counted(table, f"{why} left out", number)
    return table


def _rows(
    texts: Iterable[str], positive: str, negative: str, left_out: Counter[str]
) -> Iterator[tuple]:
    """The rows; ``left_out`` counts the other texts."""
    # The longer word first: one may be the beginning of the other.
    longer, shorter = sorted((positive, negative), key=len, reverse=True)
    # Not \b: a word may end in a full stop.
    word = re.compile(rf"(?<!\w)({re.escape(longer)}|{re.escape(shorter)})(?!\w)")
    told = (positive[0] in _VOWELS) != (negative[0] in _VOWELS)
    for text in texts:
        matches = list(word.finditer(text))
        if len(matches) != 1:
            several = "texts with the words in several places"
            left_out[several if matches else "texts without the words"] += 1
            continue
        (match,) = matches
        before, after = text[: match.start()], text[match.end() :]
        if SLOT in text:
            left_out[f"texts with {SLOT}"] += 1
            continue
        if told and _ARTICLE.search(before):
            left_out["texts with a or an before the word"] += 1
            continue
        found = match[1]
        other = negative if found == positive else positive
        label = 1 if found == positive else -1
        yield before + SLOT + after, found, other, label, found, other
