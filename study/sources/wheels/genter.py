"""GENTER-like templates: one person, named once, then meant by a pronoun.

The rules are the paper's (Sec. 3): one name whose gender is clear, later its pronoun,
no other name, no word that tells the gender otherwise. Two of them are loosened, and
neither lets a second person in: capitalised words right behind the name are the same
person's surname, and a sentence may be cut before the clause that breaks a rule.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from study.domains.gender import GENDER_WORDS
from study.sources.wheels.sentences import MIN_LENGTH

_SURE = 0.9  # of a name's people are of the pronoun's gender; other names replace it
# So many people have a name: such a word may be one, even if it is an ordinary word.
_POSSIBLE, _COMMON = 200, 20_000
_PRONOUNS = {"he": "M", "she": "F"}
_WORD = re.compile(r"[A-Za-z]+(?:-[A-Za-z]+)*")
_BEHIND = 2  # words behind the last pronoun, at least
_NO_PERSON = re.compile(r"(?:\bSt\.?\s|\w['’])$")  # St. John's, O'Brien
_MONTHS = {"April", "May", "June", "July", "August"}
_CLAUSE_END = re.compile(r"[,;:—–]|\s-\s|\s(?=(?:and|but|who|which|while|when|as)\s)")
# Besides those that are never a neutral target.
_MORE_GENDERED = """
    mrs miss ms ladies gentlemen lords dames dame nun monk priest bishop pope waitress
    hostess heroine goddess mothers fathers sons daughters brothers sisters wives
    husbands kings queens uncles aunts girlfriend boyfriend mum mom mums moms dads
    grandson granddaughter stepfather stepmother fiance fiancee guy guys businessman
    businesswoman businessmen spokesman spokeswoman chairman chairwoman policeman
    congressman congresswoman salesman sportsman statesman cameraman craftsman fireman
    freshman gunman batsman baseman defenseman midwife maternal paternal maiden
    pregnant feminine masculine womanhood manhood sorority fraternity
"""
_COLUMNS = ("index", "split", "text", "masked", "label", "name", "pronoun",
            "pronoun_count")  # fmt: skip
_GENDERED = GENDER_WORDS | frozenset(_MORE_GENDERED.split())


def templates(sentences: pd.DataFrame, people: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """GENTER's rows by split, of ``sentences`` (text, split) in their order.

    Columns: index (of the sentence), text, masked, label, name, pronoun and
    pronoun_count.
    """
    known = _Names(people)
    rows = []
    for index, text, split in zip(
        sentences.index, sentences["text"], sentences["split"], strict=True
    ):
        found = next(filter(None, map(known.template, _versions(text))), None)
        if found is not None:
            rows.append({"index": index, "split": split, **found})
    table = pd.DataFrame(rows, columns=_COLUMNS).drop_duplicates("masked")
    return {
        split: part.drop(columns="split").reset_index(drop=True)
        for split, part in table.groupby("split")
    }


def _versions(text: str) -> Iterator[str]:
    """A sentence that has he or she, and what it begins with, the longest first."""
    if not any(word.casefold() in _PRONOUNS for word in _WORD.findall(text)):
        return
    yield text
    for match in reversed(list(_CLAUSE_END.finditer(text))):
        shorter = f"{text[: match.start()].rstrip(' ,;:—–-')}."
        if len(shorter) >= MIN_LENGTH:
            yield shorter


def told(text: str) -> bool:
    """Whether a word of the text tells a gender; names are not looked at."""
    return not _GENDERED.isdisjoint(m[0].casefold() for m in _WORD.finditer(text))


class _Names:
    def __init__(self, people: pd.DataFrame) -> None:
        names = people[~people["ordinary"] & ~people["name"].isin(_MONTHS)]
        names = names[names["count"] >= _POSSIBLE]
        self.female: Mapping[str, float] = dict(
            zip(names["name"], names["prob_F"], strict=True)
        )
        both = people[people["ordinary"] & (people["count"] >= _COMMON)]
        self.ordinary = frozenset(both["name"])

    def template(self, text: str) -> dict | None:
        """The row of a text that follows the rules; else None."""
        words = [_Word(m[0], m.start(), m.end()) for m in _WORD.finditer(text)]
        small = [word.text.casefold() for word in words]
        pronouns = _PRONOUNS.keys() & set(small)
        if len(pronouns) != 1 or (_GENDERED - _PRONOUNS.keys()) & set(small):
            return None
        (pronoun,) = pronouns
        if pronoun in small[-_BEHIND:]:
            return None
        name = self._only_name(text, words[: small.index(pronoun)], words)
        if name is None or self._gender(name) != _PRONOUNS[pronoun]:
            return None
        masked = re.sub(rf"\b{name}\b", "[NAME]", text)
        masked, count = re.subn(rf"\b{pronoun}\b", "[PRONOUN]", masked, flags=re.I)
        return {
            "text": text,
            "masked": masked,
            "label": _PRONOUNS[pronoun],
            "name": name,
            "pronoun": pronoun,
            "pronoun_count": count,
        }

    def _only_name(
        self, text: str, before: Sequence[_Word], words: Sequence[_Word]
    ) -> str | None:
        """The name before the pronoun, if there is no other one in the text."""
        named = [i for i, word in enumerate(before) if word.text in self.female]
        if not named or _NO_PERSON.search(text[: before[named[0]].start]):
            return None
        place = named[0]
        # A capital before it, and it is a surname.
        if place > 1 and words[place - 1].joined(text, words[place]):
            return None
        end = place + 1
        while end < len(words) and words[end - 1].joined(text, words[end]):
            end += 1
        person = {word.text for word in words[place:end]}
        possible = {word.text for word in words if word.text in self.female}
        possible |= {word.text for word in words if word.text in self.ordinary}
        return None if possible - person else words[place].text

    def _gender(self, name: str) -> str | None:
        female = self.female[name]
        if min(female, 1 - female) > 1 - _SURE:
            return None
        return "F" if female > 0.5 else "M"


class _Word(NamedTuple):
    text: str
    start: int
    end: int

    def joined(self, text: str, after: _Word) -> bool:
        """Whether both have a capital and nothing but a space between them."""
        between = text[self.end : after.start]
        return self.text[0].isupper() and after.text[0].isupper() and between == " "
