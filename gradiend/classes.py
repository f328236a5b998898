"""The two classes of a feature, and what a file may leave out about them.

Labels may be words or be missing, and so may the other class's word where there is one
answer. What contradicts itself is refused, with what to choose.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from gradiend.errors import InputError, check_choice
from gradiend.reading import counted, row_name

_NUMBERS = "write 1 and -1 for the two classes and 0 for neutral rows"
_LEAVE = "leave the column label out, and the classes name themselves"
LABELLED = "label filled in"  # what that is counted as
_ONE_LABEL = f"give a class one label, or {_LEAVE}"


def complete(
    table: pd.DataFrame,
    *,
    source: str,
    positive: str | None = None,
    pairs: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """``table`` with what it leaves out: label, counterfactual and its class.

    ``positive`` names the class with label +1 where labels are no numbers; without it,
    that is the class that comes first. ``pairs`` are words of the two classes, read in
    both directions, for a table without the column ``counterfactual``.
    """
    table = table.copy()
    if says_numbers(table):
        table["label"] = signs(table, source=source)
        _check_zero_and_one(table["label"], source)
        _check_positive(table, positive, source)
    else:
        table = _labelled(table, positive, source)
    if "counterfactual" not in table:
        table["counterfactual"] = _counterfactuals(table, pairs, source)
        counted(table, "counterfactual filled in", len(table))
    elif pairs:
        raise InputError(
            f"{source}: it has a column counterfactual; leave pairs or the column out"
        )
    if "counterfactual_class" not in table:
        table["counterfactual_class"] = _other_classes(table, source)
        counted(table, "counterfactual_class filled in", len(table))
    return table


def labels_of(table: pd.DataFrame) -> tuple[int, ...]:
    """The labels that a cloze table's classes must have, the first class first.

    Raises
    ------
    InputError
        if some are those of two classes and others those of more.
    """
    most, least = int(table["label"].max()), int(table["label"].min())
    if most <= 1:
        return 1, -1
    if least < 0:
        raise InputError(
            f"labels go from {least} to {most}; write 1 and -1 for two classes, or 1, "
            "2, 3, … for more"
        )
    return tuple(range(1, most + 1))


def says_numbers(table: pd.DataFrame) -> bool:
    """Whether any label is a number: then all have to be."""
    if "label" not in table:
        return False
    return bool(pd.to_numeric(table["label"], errors="coerce").notna().any())


def signs(table: pd.DataFrame, *, source: str) -> pd.Series:
    """The labels as the integers 1, -1 and 0."""
    numbers = pd.to_numeric(table["label"], errors="coerce")
    wrong = ~numbers.isin([-1, 0, 1])
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise InputError(
            f"{_where(table, row, source)}: label {table['label'].iloc[row]!r} is not "
            f"1, -1 or 0; {_NUMBERS}, or {_LEAVE}"
        )
    return numbers.astype(int)


def check_classes(table: pd.DataFrame, *, source: str) -> None:
    """Refuse rows (label ±1) that contradict each other about classes and words.

    A label is one class, a class has one label, the counterfactual's class is the
    other one, and a word (in any case) belongs to one class.
    """
    label_of = _Said(source, "class {!r} has label {}", _ONE_LABEL)
    class_of = _Said(
        source,
        "label {} is the class {!r}",
        "a feature has two classes: keep the rows of two, or give the others label 0",
    )
    word_of = _Said(
        source,
        "the word {!r} is of the class {!r}",
        "a word belongs to one class: change one, or leave these rows out",
    )
    columns = [
        "label",
        "factual",
        "factual_class",
        "counterfactual",
        "counterfactual_class",
    ]
    rows = table.loc[table["label"] != 0, columns].itertuples()
    for index, label, word, own, partner, other in rows:
        row = row_name(table, index)
        label_of.say(own, label, row)
        label_of.say(other, -label, row)
        class_of.say(label, own, row)
        class_of.say(-label, other, row)
        word_of.say(word.casefold(), own, row)
        word_of.say(partner.casefold(), other, row)


class _Said:
    """What rows said of a key first; a row that says another thing is refused."""

    def __init__(self, source: str, sentence: str, remedy: str) -> None:
        self.source = source
        self.sentence = sentence
        self.remedy = remedy
        self.first: dict[object, tuple[object, str]] = {}

    def say(self, key: object, value: object, row: str) -> None:
        """Remember what a row says of ``key``, or refuse it."""
        before, earlier = self.first.setdefault(key, (value, row))
        if before != value:
            raise InputError(
                f"{self.source}, {row}: {self.sentence.format(key, value)}, but "
                f"{before!r} in {earlier}; {self.remedy}"
            )


def _where(table: pd.DataFrame, row: int, source: str) -> str:
    return f"{source}, {row_name(table, table.index[row])}"


def _check_zero_and_one(labels: pd.Series, source: str) -> None:
    if set(labels) == {0, 1}:
        raise InputError(
            f"{source}: labels are 0 and 1, and 0 is for neutral rows; write -1 for "
            f"the other class, or {_LEAVE}"
        )


def _check_positive(table: pd.DataFrame, positive: str | None, source: str) -> None:
    named = set(table.loc[table["label"] == 1, "factual_class"])
    if positive is not None and named - {positive}:
        raise InputError(
            f"{source}: label 1 is the class {', '.join(sorted(named))}, but positive "
            f"is {positive!r}; leave positive or the column label out"
        )


def _labelled(table: pd.DataFrame, positive: str | None, source: str) -> pd.DataFrame:
    """Labels of a table whose classes name themselves, in ``label`` or alone."""
    if "label" in table:
        words = table["label"]
        table["factual_class"] = table.get("factual_class", words)
        _check_names(table, source)
    classes = list(dict.fromkeys(table["factual_class"]))
    if len(classes) == 1 and "counterfactual_class" in table:
        classes = list(dict.fromkeys([*classes, *table["counterfactual_class"]]))
    if len(classes) != 2:
        raise InputError(
            f"{source}: a feature has two classes, here are {len(classes)} "
            f"({_some(classes)}); keep the rows of two, or write a column label: 1 "
            "and -1 for two of them, 0 for the others"
        )
    if positive is not None:
        check_choice(positive, classes, f"class in {source}")
    first = table["factual_class"] == (positive or classes[0])
    table["label"] = np.where(first, 1, -1)
    return counted(table, LABELLED, len(table))


def _check_names(table: pd.DataFrame, source: str) -> None:
    """Labels in words have to tell the same rows apart as the classes do."""
    label_of = _Said(source, "class {!r} has label {!r}", _ONE_LABEL)
    class_of = _Said(source, "label {!r} is the class {!r}", _ONE_LABEL)
    for index, label, own in table[["label", "factual_class"]].itertuples():
        label_of.say(own, label, row_name(table, index))
        class_of.say(label, own, row_name(table, index))


def _counterfactuals(
    table: pd.DataFrame, pairs: Mapping[str, str] | None, source: str
) -> list[str]:
    partners = _partners(pairs or _only_words(table, source))
    found = []
    for row, word in enumerate(table["factual"]):
        others = _others(word, partners)
        if len(others) != 1:
            which = f"has {_some(others)}" if others else "has none"
            raise InputError(
                f"{_where(table, row, source)}: {word!r} needs one partner in pairs "
                f"and {which}; name its one there, or write the column counterfactual"
            )
        found.append(others[0])
    return found


def _only_words(table: pd.DataFrame, source: str) -> dict[str, str]:
    """The pair of a table in which either class has one word."""
    rows = table[table["label"] != 0]
    words = rows.groupby("label", sort=False)["factual"].unique()
    for label, own in words.items():
        if len(own) > 1:
            name = rows.loc[rows["label"] == label, "factual_class"].iloc[0]
            raise InputError(
                f"{source}: no column counterfactual, and class {name!r} has "
                f"{len(own)} words ({_some(own)}); write the column, or say "
                f"pairs={{{own[0]!r}: 'its counterpart', …}}"
            )
    if len(words) != 2:
        raise InputError(
            f"{source}: rows of one class alone, and no column counterfactual; add "
            "rows of the other class, or write the column"
        )
    return {words.iloc[0][0]: words.iloc[1][0]}


def _partners(pairs: Mapping[str, str]) -> dict[str, list[str]]:
    """Partners of each word: the one it is given, or all that it is given to."""
    backwards: dict[str, list[str]] = {}
    for word, other in pairs.items():
        backwards.setdefault(other, []).append(word)
    return backwards | {word: [other] for word, other in pairs.items()}


def _others(word: str, partners: Mapping[str, list[str]]) -> list[str]:
    """Partners of a word; of one that begins a sentence, with its capital."""
    if word in partners:
        return partners[word]
    small = word[:1].lower() + word[1:]
    return [other[:1].upper() + other[1:] for other in partners.get(small, [])]


def _other_classes(table: pd.DataFrame, source: str) -> pd.Series:
    """The class of each counterfactual; a neutral row's is its own."""
    named = table.groupby("label")["factual_class"].unique()
    for label in (1, -1):
        if len(named.get(label, ())) != 1:
            raise InputError(
                f"{source}: no column counterfactual_class, and label {label} is not "
                f"one class ({_some(named.get(label, ()))}); write the column, or keep "
                "the rows of two classes"
            )
    others = (-table["label"]).map({1: named[1][0], -1: named[-1][0]})
    return others.where(table["label"] != 0, table["factual_class"])


def _some(words) -> str:
    """The first few of some words."""
    words = list(words)
    return ", ".join(words[:5]) + (", …" if len(words) > 5 else "")
