"""Sentences with a pronoun of three: she, he or they."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import pandas as pd

from gradiend.data import SLOT, deal_splits
from gradiend.errors import InputError

PRONOUN_TRIO = "pronouns"  # the three classes that no domain has
PRONOUNS = ("she", "he", "they")  # in the order of gender_MF: she is its class +1
# Other forms of a pronoun would say which of the three the slot has.
_FORMS = """
    he she they him her hers his them their theirs himself herself themselves
"""
_ANY_FORM = re.compile(rf"\b(?:{'|'.join(_FORMS.split())})\b", re.IGNORECASE)
_CONTEXT = 3  # words before the slot, for models that read from the left


def pronoun_rows(texts: Iterable[str], *, per_class: int, seed: int) -> pd.DataFrame:
    """Sentences with one *she*, *he* or *they* and no other form of one, as a table.

    Each sentence stands twice, against either other word. ``texts`` are read until
    each class has ``per_class``.

    Raises
    ------
    InputError
        if they hold too few.
    """
    found: dict[str, dict[str, str]] = {word: {} for word in PRONOUNS}
    for text in texts:
        forms = list(_ANY_FORM.finditer(text))
        word = forms[0].group() if len(forms) == 1 else ""
        if word not in found or len(found[word]) == per_class:
            continue
        before = text[: forms[0].start()]
        if len(before.split()) >= _CONTEXT:
            found[word][before + SLOT + text[forms[0].end() :]] = text
        if all(len(rows) == per_class for rows in found.values()):
            break
    _check_counts(found)
    rows = [
        {
            "masked": masked,
            "factual": word,
            "counterfactual": other,
            "label": PRONOUNS.index(word) + 1,
            "factual_class": word,
            "counterfactual_class": other,
        }
        for word, sentences in found.items()
        for masked in sentences
        for other in PRONOUNS
        if other != word
    ]
    table = pd.DataFrame(rows)
    table["split"] = deal_splits(table["masked"], seed=seed)
    return table


def _check_counts(found: Mapping[str, Mapping[str, str]], least: int = 40) -> None:
    for word, sentences in found.items():
        if len(sentences) < least:
            raise InputError(
                f"{len(sentences)} sentences with {word!r} and no other pronoun, fewer "
                f"than {least}; raise classes: {{texts: …}}"
            )
