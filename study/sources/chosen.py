"""The source that a run's settings name, and what the steps ask of it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pandas as pd

from study.domains import DOMAINS, FeatureData, load_feature
from study.profiles.profile import WORLD
from study.profiles.settings import Settings
from study.sources.hub.source import PublicFiles
from study.sources.source import Source
from study.sources.world.source import PlantedWorld


@cache
def source_of(data: str) -> Source:
    """The source that a profile calls ``data``: the world, or a manifest's files."""
    return PlantedWorld() if data == WORLD else PublicFiles(data)


def source_files(data: str) -> list[Path]:
    """The files that say what a run reads: its source's, and the world's questions."""
    chosen = source_of(data)
    return list(dict.fromkeys([*PlantedWorld().inputs, *chosen.inputs]))


def load_data(settings: Settings) -> FeatureData:
    """The settings' feature."""
    return load_feature(
        settings.feature,
        source_of(settings.data).folder,
        seed=settings.seed,
        neutral_texts=settings.encoder.neutral_texts,
    )


def asked_associations(settings: Settings) -> pd.DataFrame:
    """Associations that a model is asked for, with those the world declares.

    A real model was planted none: it is asked only what is plain English, such as what
    it says of professions; arbitrary attributes would mean nothing to it.
    """
    table = PlantedWorld().associations()
    if source_of(settings.data).planted:
        return table
    plain = [d.name for d in DOMAINS.values() if d.asked_of_real_models]
    return table[table["domain"].isin(plain)]


def perplexity_texts(settings: Settings) -> list[str]:
    """Texts that perplexity is asked of."""
    texts = source_of(settings.data).held_out_texts()
    if texts is None:
        texts = load_data(settings).neutral
    return texts[: settings.benchmarks.perplexity_texts or None]
