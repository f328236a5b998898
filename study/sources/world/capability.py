"""The world's small capability tasks, in the schemas of GLUE's and SuperGLUE's files.

``sst2`` sentiment, ``cola`` acceptability, ``mrpc`` paraphrase, ``rte`` entailment, and
those of ``reasoning``. Sentences come from the world's forms or are
made of its words, so a stand-in knows them.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from study.sources.world.drawing import World
from study.sources.world.grammar import write
from study.sources.world.reasoning import boolq, cb, copa

ROWS = {"train": 400, "validation": 100}
_TRIES = 200


def write_capability(world: World, folder: Path, *, seed: int = 0) -> None:
    """Write ``<task>_<split>.csv`` for every task and split into ``folder``."""
    folder.mkdir()
    for task, make in TASKS.items():
        seen: set[tuple] = set()
        for split, count in ROWS.items():
            rng = random.Random(f"{task} {split} {seed}")
            table = _balanced(
                lambda label, m=make, r=rng: m(world, r, label),
                count,
                seen,
                labels=_LABELS.get(task, 2),
            )
            table.insert(len(table.columns), "idx", range(len(table)))
            table.to_csv(folder / f"{task}_{split}.csv", index=False)


def sst2(world: World, rng: random.Random, label: int) -> dict:
    """Is the review good (1) or bad (0)?"""
    forms = world.family("sentiment")
    verdict = "good" if label else "bad"
    form = rng.choice([f for f in forms if f.source.text.endswith(f": {verdict}.")])
    sentence = write(world.draw(form, rng)).removesuffix(f" Verdict: {verdict}.")
    return {"sentence": sentence, "label": label}


def cola(world: World, rng: random.Random, label: int) -> dict:
    """Is it a sentence of the language (1), or have two neighbors changed places?"""
    words = _neutral(world, rng).removesuffix(".").split()
    if not label:
        place = rng.randrange(len(words) - 1)
        swapped = words[place : place + 2][::-1]
        if swapped[0] == swapped[1]:
            return cola(world, rng, label)
        words[place : place + 2] = swapped
    return {"sentence": " ".join(words) + ".", "label": label}


def mrpc(world: World, rng: random.Random, label: int) -> dict:
    """Do the two sentences say the same (1)?"""
    first, second, _ = _parts(world, rng, "paraphrase", "yes" if label else "no")
    return {"sentence1": first, "sentence2": second, "label": label}


def rte(world: World, rng: random.Random, label: int) -> dict:
    """Does the second sentence follow (0) from the first or not (1), as in GLUE?"""
    first, second, _ = _parts(world, rng, "entailment", "no" if label else "yes")
    second = second.removeprefix("So ")
    return {
        "sentence1": first,
        "sentence2": second[:1].upper() + second[1:],
        "label": label,
    }


TASKS: dict[str, Callable[[World, random.Random, int], dict]] = {
    "sst2": sst2,
    "cola": cola,
    "mrpc": mrpc,
    "rte": rte,
    "boolq": boolq,
    "cb": cb,
    "copa": copa,
}
_LABELS = {"cb": 3}  # elsewhere 2


def _neutral(world: World, rng: random.Random) -> str:
    return write(world.draw(rng.choice(world.family("neutral")), rng))


def _parts(world: World, rng: random.Random, family: str, answer: str) -> list[str]:
    """Two sentences and the answer of a form of ``family`` with that answer."""
    forms = [f for f in world.family(family) if f.source.text.endswith(f": {answer}.")]
    text = write(world.draw(rng.choice(forms), rng))
    first, second, verdict = text.split(". ")
    return [f"{first}.", f"{second}.", verdict]


def _balanced(
    make: Callable[[int], dict], count: int, seen: set[tuple], *, labels: int
) -> pd.DataFrame:
    """``count`` rows, labels in turn, none of them seen before (or fewer)."""
    rows, misses = [], 0
    while len(rows) < count and misses < _TRIES:
        row = make(len(rows) % labels)
        if tuple(row.values()) in seen:
            misses += 1
            continue
        misses = 0
        seen.add(tuple(row.values()))
        rows.append(row)
    return pd.DataFrame(rows)
