"""The planted world: a made-up place in which the true strength of every bias is known.

``data/world`` declares it; this package draws from it: sentences
(``corpus``), and the paper's data sets in the public schemas (:func:`ensure_world`).
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pandas as pd

from gradiend.files import atomic_folder
from study.results.places import results_root
from study.sources.source import code_of, digest_of
from study.sources.world.datasets import write_datasets
from study.sources.world.drawing import world_of
from study.sources.world.spec import WORLD_FOLDER


def ensure_world() -> Path:
    """Folder of the world's data sets; writes them if they are not there yet.

    The folder's name is a digest of what they are made from, so a changed declaration
    gets a folder of its own, and a folder that exists is complete.
    """
    folder = results_root() / "world" / _digest()
    if folder.exists():
        return folder
    with atomic_folder(folder) as unfinished:
        write_datasets(world_of(), unfinished)
    return folder


def associations() -> pd.DataFrame:
    """Every declared association: domain, kind, word, class, probability, query, …"""
    return pd.read_csv(ensure_world() / "associations.csv")


@cache
def _digest() -> str:
    return digest_of([*sorted(WORLD_FOLDER.glob("*.*")), *code_of(__file__)])
