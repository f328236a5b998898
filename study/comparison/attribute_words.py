"""Attribute words: what names a class outright, aligned across the classes of a domain.

``he`` is to ``she`` what ``church`` is to ``synagogue`` and ``mosque``. CDA swaps such
words, SentenceDebias compares a sentence with its swapped versions, INLP sorts
sentences by them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from gradiend.data import SLOT
from gradiend.errors import InputError
from study.comparison.benchmarks.files import need, read_json


@dataclass(frozen=True)
class AttributeWords:
    """Groups of counterparts, one word a class and group.

    Matching is case-sensitive; a word in small letters is also found where a sentence
    begins with it. A word of several groups (``her``: ``him`` or ``his``) belongs to
    the first.
    """

    classes: tuple[str, ...]
    groups: tuple[tuple[str, ...], ...]

    def found(self, text: str) -> set[str]:
        """The classes that a text names."""
        return {self._place[match][1] for match in self._pattern.findall(text)}

    def swapped(self, text: str, classes: Mapping[str, str]) -> str:
        """The text with every word of a class replaced by that of ``classes[class]``.

        Words of other classes stay.
        """

        def counterpart(match: re.Match) -> str:
            word = match[0]
            group, name = self._place[word]
            if name not in classes:
                return word
            other = group[self.classes.index(classes[name])]
            return other[:1].upper() + other[1:] if word[:1].isupper() else other

        return self._pattern.sub(counterpart, text)

    def counterfactual(self, text: str, generator: np.random.Generator) -> str | None:
        """The text with each class it names mapped to a random other one.

        With two classes they change places. None if the text names no class.
        """
        named = self.found(text)
        if not named:
            return None
        others = {
            name: generator.choice([c for c in self.classes if c != name])
            for name in self.classes
            if name in named
        }
        return self.swapped(text, others)

    def cloze(self, text: str) -> tuple[str, str, str]:
        """The text with a slot for its first attribute word, that word, a counterpart.

        The counterpart is of the class that follows the word's own. The text names a
        class.
        """
        match = self._pattern.search(text)
        _, name = self._place[match[0]]
        follows = self.classes.index(name) + 1
        other = self.classes[follows % len(self.classes)]
        masked = text[: match.start()] + SLOT + text[match.end() :]
        return masked, match[0], self.swapped(match[0], {name: other})

    @cached_property
    def _place(self) -> dict[str, tuple[tuple[str, ...], str]]:
        """Every form of every word → its group and class."""
        places: dict[str, tuple[tuple[str, ...], str]] = {}
        for group in self.groups:
            for word, name in zip(group, self.classes, strict=True):
                for form in (word, word[:1].upper() + word[1:]):
                    places.setdefault(form, (group, name))
        return places

    @cached_property
    def _pattern(self) -> re.Pattern:
        longest_first = sorted(self._place, key=len, reverse=True)
        return re.compile(
            rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)"
        )


def read_attribute_words(path: str | Path) -> AttributeWords:
    """Attribute words of one's own: {"classes": […], "groups": [[…], …]}, as JSON.

    Raises
    ------
    InputError
        for a missing key, fewer than two classes, or a group without exactly one word
        a class.
    """
    path = Path(path)
    content = read_json(path)
    need(content, ("classes", "groups"), str(path))
    classes, groups = content["classes"], content["groups"]
    if not (_words(classes) and len(set(classes)) == len(classes) > 1):
        raise InputError(
            f"{path}: classes {classes!r} must be a list of two different names or more"
        )
    if not isinstance(groups, list) or not groups:
        raise InputError(f"{path}: groups must be a list with a group of words or more")
    for number, group in enumerate(groups, start=1):
        if not _words(group) or len(group) != len(classes):
            raise InputError(
                f"{path}, group {number}: {group!r} must have one word for each of "
                f"{', '.join(classes)}; mend it or leave the group out"
            )
    return AttributeWords(tuple(classes), tuple(map(tuple, groups)))


def _words(value: object) -> bool:
    """Whether a value of a JSON file is a list of words."""
    return isinstance(value, list) and all(
        isinstance(word, str) and word.strip() for word in value
    )
