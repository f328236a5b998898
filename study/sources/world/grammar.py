"""From a sentence form to a sentence: draw the slots, then write them out.

Drawing and writing are two steps, so that a data set can write one draw twice, once
as a sentence and once with a placeholder in a slot. A draw begins with its *driver*:
a profession, pastime or attribute first, then the class by the declared strength,
then words of that class. So P(class | driver) is exactly what the files declare.
"""

from __future__ import annotations

import random
import re
from bisect import bisect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from gradiend.errors import InputError
from study.sources.world.spec import FormText, Spec

_PART = re.compile(r"\{([^}]*)\}|\[([^|\]]*)\|([^\]]*)\]")
_SLOT = re.compile(r"([a-z][a-z_ ]*?)(\d?)(?:\.([a-z]+))?")
_ARTICLE = re.compile(r'(?:^|(?<=[ "]))([Aa])( "?)$')
_SENTENCE_START = re.compile(r'(?:^|[.?!]"? )"?$')
_CONSONANT_SOUND = ("eu", "uni", "one")  # written with a vowel, spoken without
_VOWEL_SOUND = ("hour", "honest")

PERSON_SLOTS = {"person", "subject", "name", "noun", "the noun", "probe"}
PRONOUN_SLOTS = {"he", "him", "his", "himself"}


class Pick:
    """A weighted choice that costs one random number."""

    def __init__(self, items: Sequence[Any], weights: Sequence[float]) -> None:
        self.items = list(items)
        self._total = list(accumulate(weights))

    def __call__(self, rng: random.Random) -> Any:
        return self.items[bisect(self._total, rng.random() * self._total[-1])]


@dataclass(frozen=True)
class Part:
    """A literal, a slot or an agreeing verb of a form."""

    literal: str = ""
    slot: str = ""  # key into a draw
    column: str = "word"
    verbs: tuple[str, str] | None = None
    capital: bool = False
    article: bool = False  # the literal before ends in "a"


@dataclass(frozen=True)
class Form:
    """A compiled sentence form; ``uses`` are the kinds of slots it has."""

    source: FormText
    parts: tuple[Part, ...]
    slots: tuple[str, ...]
    uses: frozenset[str]


@dataclass
class Draw:
    """What stands in the slots of one sentence.

    ``words`` maps a slot to its text, or to a lexicon row of several columns.
    """

    form: Form
    words: dict[str, str | Mapping[str, str]]
    gender: str | None = None  # of the person: M or F (or N, "they")
    pronoun: str | None = None  # gender of the pronoun
    cls: str | None = None  # of the race or religion term
    plural: bool = False


def compile_form(form: FormText, spec: Spec) -> Form:
    """Cut a form into parts; an unknown slot raises :class:`InputError`."""
    known = (
        set(spec.lexicon)
        | PERSON_SLOTS
        | PRONOUN_SLOTS
        | set(_driver_slots(spec, form))
    )
    known |= {"probe_m", "probe_f"}
    parts: list[Part] = []
    end, before = 0, ""
    for match in _PART.finditer(form.text):
        literal = form.text[end : match.start()]
        before = literal if literal or not parts else ""
        if literal:
            parts.append(Part(literal=literal))
        end = match.end()
        if match[1] is None:
            parts.append(Part(verbs=(match[2], match[3])))
            continue
        slot = _SLOT.fullmatch(match[1])
        if slot is None or slot[1] not in known:
            raise InputError(
                f"forms.yaml, {form.id}: unknown slot {{{match[1]}}}; see the head of "
                "the file and lexicon.yaml for the ones there are"
            )
        parts.append(
            Part(
                slot=slot[1] + slot[2],
                column=slot[3] or "word",
                capital=bool(_SENTENCE_START.search(before))
                and not (parts and not literal),
                article=bool(_ARTICLE.search(before)),
            )
        )
    if form.text[end:]:
        parts.append(Part(literal=form.text[end:]))
    slots = tuple(dict.fromkeys(part.slot for part in parts if part.slot))
    return Form(form, tuple(parts), slots, _uses(slots, form, spec))


def _driver_slots(spec: Spec, form: FormText) -> tuple[str, ...]:
    if form.domain is None:
        return ("profession", "pastime")
    kinds = next(iter(spec.terms[form.domain].values()))
    return ("attribute", *kinds)


def _uses(slots: Sequence[str], form: FormText, spec: Spec) -> frozenset[str]:
    uses = set()
    for slot in slots:
        if slot in PERSON_SLOTS | PRONOUN_SLOTS:
            uses |= {"person", "pronoun" if slot in PRONOUN_SLOTS else slot}
        elif slot in ("profession", "pastime", "attribute"):
            uses.add(slot)
        elif form.domain is not None and slot in _driver_slots(spec, form):
            uses |= {"term", form.domain}
    return frozenset(uses)


def write(draw: Draw, replace: Mapping[str, str] | None = None) -> str:
    """The sentence of a draw; ``replace`` puts a placeholder into some slots."""
    replace = replace or {}
    out: list[str] = []
    for part in draw.form.parts:
        if part.literal:
            out.append(part.literal)
        elif part.verbs is not None:
            out.append(part.verbs[draw.plural])
        else:
            text = replace.get(part.slot)
            if text is None:
                value = draw.words[part.slot]
                text = value if isinstance(value, str) else value[part.column]
                if part.capital:
                    text = text[:1].upper() + text[1:]
            if part.article and needs_an(text):
                out[-1] = _ARTICLE.sub(r"\1n\2", out[-1])
            out.append(text)
    return "".join(out)


def needs_an(word: str) -> bool:
    """Whether "a" becomes "an" before a word, as it is spoken."""
    low = word.lower()
    if low.startswith(_VOWEL_SOUND):
        return True
    return low[:1] in "aeiou" and not low.startswith(_CONSONANT_SOUND)
