"""The planted world as a source of data."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from study.comparison.attribute_words import AttributeWords
from study.domains import DOMAINS
from study.sources.source import Source
from study.sources.world import WORLD_FOLDER, associations, ensure_world
from study.sources.world.capability import TASKS
from study.sources.world.corpus import corpus
from study.sources.world.drawing import world_of


class PlantedWorld(Source):
    """Made up: every association has a declared strength."""

    planted = True

    @property
    def folder(self) -> Path:
        """See :class:`Source`; written if it is not there yet."""
        return ensure_world()

    @property
    def inputs(self) -> list[Path]:
        """See :class:`Source`: the declaration."""
        return sorted(WORLD_FOLDER.rglob("*.*"))

    @property
    def prompts(self) -> Path:
        """See :class:`Source`: the world's own words."""
        return WORLD_FOLDER / "zero_shot"

    def associations(self) -> pd.DataFrame:
        """Every declared association with the query that asks it back."""
        return associations()

    def corpus(self, count: int, *, seed: int) -> list[str]:
        """See :class:`Source`."""
        return list(corpus(seed=seed, sentences=count))

    def tasks(self, *, zero_shot: bool) -> list[str]:
        """See :class:`Source`."""
        return list(TASKS)

    def attribute_words(self, domain: str) -> AttributeWords:
        """See :class:`Source`."""
        spec = world_of().spec
        if domain not in spec.terms:
            pronouns = [(p["M"], p["F"]) for p in spec.gender["pronouns"].values()]
            nouns = [(noun["M"], noun["F"]) for noun in spec.gender["nouns"]]
            return AttributeWords(("male", "female"), (*pronouns, *nouns))
        classes = DOMAINS[domain].classes
        terms = spec.terms[domain]
        kinds = terms[classes[0]]
        groups = tuple(tuple(terms[name][kind] for name in classes) for kind in kinds)
        return AttributeWords(classes, groups)
