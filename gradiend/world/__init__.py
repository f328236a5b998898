"""The planted world: a made-up place in which the true strength of every bias is known.

``data/world`` declares it; this package draws from it: sentences
(:func:`gradiend.world.corpus.corpus`) and the paper's data sets in the public files'
schemas (:func:`ensure_world`).
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path

import pandas as pd

from gradiend.results import REPOSITORY, results_root
from gradiend.world.datasets import write_datasets
from gradiend.world.drawing import world_of

WORLD_FOLDER = REPOSITORY / "data" / "world"


def ensure_world() -> Path:
    """Folder of the world's data sets; writes them if they are not there yet.

    The folder's name is a digest of what they are made from, so a changed declaration
    gets a folder of its own, and a folder that exists is complete.
    """
    folder = results_root() / "world" / _digest()
    if folder.exists():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=folder.parent))
    try:
        write_datasets(world_of(), unfinished)
        os.rename(unfinished, folder)
    except OSError:
        # Another process may have been faster; its folder is as good as this one.
        if not folder.exists():
            raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return folder


def associations() -> pd.DataFrame:
    """Every declared association: domain, kind, word, class, probability, query, …"""
    return pd.read_csv(ensure_world() / "associations.csv")


@cache
def _digest() -> str:
    digest = hashlib.sha256()
    declared = sorted(WORLD_FOLDER.glob("*.*"))
    for path in [*declared, *sorted(Path(__file__).parent.glob("*.py"))]:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]
