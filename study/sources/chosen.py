"""The source that a run's settings name, and what the steps ask of it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pandas as pd

from gradiend.sampling import drawn
from study.domains import DOMAINS, FeatureData, load_feature
from study.profiles.profile import CARRIED, WORLD
from study.profiles.settings import Settings
from study.sources.hub.source import PublicFiles
from study.sources.source import Source
from study.sources.wheels.source import CarriedFiles
from study.sources.world.source import PlantedWorld

_NAMED: dict[str, type[Source]] = {WORLD: PlantedWorld, CARRIED: CarriedFiles}


@cache
def source_of(data: str) -> Source:
    """The source that a profile calls ``data``; else the name is a manifest's."""
    return _NAMED[data]() if data in _NAMED else PublicFiles(data)


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
        neutral_texts=max(settings.encoder.neutral_texts, 2 * _half(settings)),
    )


def neutral_parts(
    settings: Settings, texts: Sequence[str]
) -> tuple[list[str], list[str]]:
    """Of a feature's neutral texts those to select by, and as many others."""
    half = min(len(texts) // 2, _half(settings))
    return list(texts[:half]), list(texts[half : 2 * half])


def asked_associations(settings: Settings) -> pd.DataFrame:
    """Associations that a model is asked for, with those the world declares.

    A real model was planted none: it is asked only what is plain English, such as what
    it says of professions; arbitrary attributes would mean nothing to it. A column
    says which are ``held_out``: no candidate is selected on them.
    """
    source = source_of(settings.data)
    table = source.associations()
    if table is not None and "held_out" in table:
        return table
    table = PlantedWorld().associations()
    held_out = pd.Series(True, index=table.index)  # other domains' are not asked of
    for domain in DOMAINS.values():
        own = table[table["domain"] == domain.name]
        held_out[own.index] = domain.held_out(own)
    table = table.assign(held_out=held_out)
    if source.planted:
        return table
    plain = [d.name for d in DOMAINS.values() if d.asked_of_real_models]
    return table[table["domain"].isin(plain)]


def has_associations(settings: Settings) -> bool:
    """Whether :func:`asked_associations` asks any of the settings' own domain."""
    return source_of(settings.data).planted or settings.domain.asked_of_real_models


def perplexity_texts(settings: Settings) -> list[str]:
    """Texts that perplexity is asked of, a seeded draw; none is selected by."""
    texts = source_of(settings.data).held_out_texts()
    if texts is None:
        _, texts = neutral_parts(settings, load_data(settings).neutral)
    return drawn(texts, settings.benchmarks.perplexity_texts, seed=settings.seed)


def _half(settings: Settings) -> int:
    """How many neutral texts the larger of the two selections asks for."""
    asked = settings.decoder
    return max(asked.lms_texts, asked.refinement.lms_texts)
