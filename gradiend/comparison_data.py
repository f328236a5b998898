"""What methods are fitted on and benchmarks asked of, from either source of data."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from gradiend.baselines.attributes import (
    AttributeWords,
    read_attribute_words,
    world_attribute_words,
)
from gradiend.benchmarks.zero_shot import WORLD_TASKS
from gradiend.profiles import Settings
from gradiend.sources import data_folder, is_made_up, load_data
from gradiend.world.corpus import corpus


def attribute_words(settings: Settings, domain: str) -> AttributeWords:
    """What names the classes of a domain outright."""
    if is_made_up(settings):
        return world_attribute_words(domain)
    return read_attribute_words(
        data_folder(settings) / "attribute_words" / f"{domain}.json"
    )


def baseline_texts(settings: Settings) -> list[str]:
    """The corpus that other methods are fitted on, at most ``baseline_texts``."""
    count = settings.baseline_texts
    if is_made_up(settings):
        return list(corpus(seed=settings.seed, sentences=count))
    return _texts(data_folder(settings) / "corpus.csv")[:count]


def perplexity_texts(settings: Settings) -> list[str]:
    """Texts that perplexity is asked of: neutral ones, or WikiText's."""
    if is_made_up(settings):
        texts = load_data(settings).neutral
    else:
        texts = _texts(data_folder(settings) / "perplexity.csv")
    return texts[: settings.perplexity_texts or None]


def task_folder(settings: Settings) -> Path:
    """The folder of the tasks' examples."""
    return data_folder(settings) / "capability"


def zero_shot_prompts(settings: Settings) -> Path | None:
    """The folder of the tasks' prompts; None: the library's own."""
    return WORLD_TASKS if is_made_up(settings) else None


def _texts(path: Path) -> list[str]:
    return pd.read_csv(path, keep_default_na=False)["text"].tolist()
