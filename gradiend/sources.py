"""Where a run's data come from: the planted world, or the public files.

Both are folders of files in the public schemas. Behind this module nothing knows which
one it reads, except for what only a made-up world has: associations of declared
strength.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from gradiend import world
from gradiend.domains import FeatureData, load_feature
from gradiend.profiles import WORLD, Settings
from gradiend.public import public_folder


def data_folder(settings: Settings) -> Path:
    """The folder of data sets and benchmarks."""
    if is_made_up(settings):
        return world.ensure_world()
    return public_folder(settings.data)


def load_data(settings: Settings) -> FeatureData:
    """The settings' feature."""
    return load_feature(
        settings.feature,
        data_folder(settings),
        seed=settings.seed,
        neutral_texts=settings.neutral_texts,
    )


def asked_associations(settings: Settings) -> pd.DataFrame:
    """Associations that a model is asked for, with those the world declares.

    A real model was planted none: it is asked what it says of the professions and
    pastimes, whose sentences are plain English; the arbitrary attributes of race and
    religion would mean nothing to it.
    """
    table = world.associations()
    return table if is_made_up(settings) else table[table["domain"] == "gender"]


def is_made_up(settings: Settings) -> bool:
    """Whether the data are the planted world's."""
    return settings.data == WORLD
