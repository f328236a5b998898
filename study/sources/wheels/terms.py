"""Race and religion: sentences with a single term of a domain, pair by pair.

Terms and their counterparts are in ``data/real/terms.yaml``. Where a term means people
only before certain words, it is one only there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import permutations
from pathlib import Path

import pandas as pd
import yaml

from gradiend.data import SLOT
from study.domains import DOMAINS
from study.results.places import REPOSITORY

TERMS = REPOSITORY / "data" / "real" / "terms.yaml"
LEFT_WORDS = 2  # before the term, so that a model reading from the left knows something


@dataclass(frozen=True)
class Term:
    """A word in a text: where it stands, its class, and its counterparts by class."""

    start: int
    end: int
    name: str
    counterparts: Mapping[str, str]


def read_groups(domain: str, path: Path = TERMS) -> list[dict[str, str]]:
    """Groups of counterparts: class → word, and perhaps ``before`` → a list's name."""
    return _content(path)[domain]


def terms_in(text: str, domain: str) -> list[Term]:
    """Every term of the domain in a text, whatever the case of its letters."""
    groups, pattern = _pattern(domain)
    found = []
    for match in pattern.finditer(text):
        if match.lastgroup is None:  # a phrase in which it is no term
            continue
        number, name = re.fullmatch(r"g(\d+)_(.+)", match.lastgroup).groups()
        group = groups[int(number)]
        others = {n: w for n, w in group.items() if n not in (name, "before")}
        found.append(Term(match.start(), match.end(), name, others))
    return found


def pair_tables(sentences: pd.DataFrame, domain: str) -> dict[str, pd.DataFrame]:
    """``<class>_to_<class>`` → rows in the public schema, for every ordered pair.

    ``sentences`` has the columns text and split.
    """
    classes = DOMAINS[domain].classes
    rows: dict[tuple[str, str], list[dict]] = {p: [] for p in permutations(classes, 2)}
    for text, split in zip(sentences["text"], sentences["split"], strict=True):
        for row in _rows(text, domain):
            rows[row["source_id"], row["target_id"]].append({**row, "split": split})
    return {"_to_".join(pair): pd.DataFrame(part) for pair, part in rows.items()}


def _rows(text: str, domain: str) -> Iterator[dict]:
    terms = terms_in(text, domain)
    words = {text[term.start : term.end] for term in terms}
    if len(words) != 1 or len(text[: terms[0].start].split()) < LEFT_WORDS:
        return
    (word,), term = words, terms[0]
    for name, counterpart in term.counterparts.items():
        other = cased(counterpart, word)
        yield {
            "text": text,
            "swapped": _replaced(text, terms, other),
            "masked": _replaced(text, terms, SLOT),
            "source": word,
            "target": other,
            "source_id": term.name,
            "target_id": name,
        }


def _replaced(text: str, terms: Sequence[Term], word: str) -> str:
    for term in reversed(terms):
        text = f"{text[: term.start]}{word}{text[term.end :]}"
    return text


def cased(word: str, like: str) -> str:
    """``word`` with a capital, or all capitals, where ``like`` has them."""
    if like.isupper() and len(like) > 1:
        return word.upper()
    if like[:1].isupper():
        return word[:1].upper() + word[1:]
    return word


@cache
def _pattern(domain: str) -> tuple[Sequence[Mapping[str, str]], re.Pattern]:
    content = _content(TERMS)
    groups = content[domain]
    alternatives = [rf"(?:{'|'.join(content['not_in'])})\b"]
    # The narrower ones first: where both stand, they say more.
    order = sorted(range(len(groups)), key=lambda n: "before" not in groups[n])
    for number in order:
        group, behind = groups[number], ""
        if "before" in group:
            behind = rf"(?=[ -](?:{'|'.join(content[group['before']])})\b)"
        for name, word in group.items():
            if name != "before":
                alternatives.append(
                    rf"(?P<g{number}_{name}>{re.escape(word)}\b{behind})"
                )
    return groups, re.compile(rf"\b(?:{'|'.join(alternatives)})", re.IGNORECASE)


@cache
def _content(path: Path) -> dict:
    return yaml.safe_load(path.read_text(encoding="utf-8"))
