"""The paper's public data sets and benchmarks, in the files that the loaders read.

``python -m study.sources.hub files MANIFEST`` fetches what a manifest names, checks it,
and rebuilds from it the folder that :func:`public_folder` returns. Its files have the
schemas of the planted world's, so everything behind reads both. ``python -m
study.sources.hub model NAME MARK [REVISION]`` fetches a model, and notes in the file
MARK which one it was; ``published`` does so for a checkpoint that may not be there.
"""

from __future__ import annotations

from pathlib import Path

from gradiend.errors import InputError
from study.results.places import results_root
from study.sources.hub.manifest import read_manifest
from study.sources.source import code_of, digest_of

RECORD = "sources.json"  # written last: what is in the folder, and where it is from


def folder_of(data: str) -> Path:
    """Where the public files of a manifest are kept, whether or not they are there.

    The folder's name is a digest of what they are made from: manifest and code.
    """
    made_from = [*read_manifest(data).paths, *code_of(__file__)]
    return results_root() / "public" / digest_of(made_from)


def public_folder(data: str) -> Path:
    """Folder of a manifest's public files.

    Raises
    ------
    InputError
        if they have not been prepared.
    """
    folder = folder_of(data)
    if not (folder / RECORD).exists():
        raise InputError(
            f"{folder}: the public files are not prepared; run "
            "`python -m study.sources.hub files MANIFEST` first (run_all.sh does)"
        )
    return folder
