"""What packages carry, as a source of data."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pandas as pd

from gradiend.files import atomic_folder
from study.results.places import REPOSITORY, results_root
from study.sources.source import TextFiles, code_of, digest_of
from study.sources.wheels.capability import TASKS
from study.sources.wheels.carried import carried_files
from study.sources.wheels.manifest import MANIFEST
from study.sources.wheels.prepare import CARRIERS, DECLARED, write_files


class CarriedFiles(TextFiles):
    """Real text and the public benchmarks, of the packages in ``data/wheels.yaml``."""

    @property
    def folder(self) -> Path:
        """See :class:`Source`; written if it is not there yet.

        The folder's name is a digest of what it is made from: manifest, words and code.
        """
        folder = results_root() / "carried" / _digest()
        if not folder.exists():
            with atomic_folder(folder) as unfinished:
                write_files(unfinished)
        return folder

    @property
    def inputs(self) -> list[Path]:
        """See :class:`Source`."""
        return [MANIFEST, *DECLARED, *sorted(self.prompts.iterdir())]

    @property
    def prompts(self) -> Path:
        """See :class:`Source`."""
        return REPOSITORY / "data" / "real" / "zero_shot"

    def check(self) -> None:
        """See :class:`Source`."""
        for name in CARRIERS:
            carried_files(name)

    def tasks(self, *, zero_shot: bool) -> list[str]:
        """See :class:`Source`: all are there to be asked alone."""
        return list(TASKS) if zero_shot else []

    def associations(self) -> pd.DataFrame:
        """See :class:`Source`: jobs, and how male or female people rate them."""
        return pd.read_csv(self.folder / "associations.csv", keep_default_na=False)


@cache
def _digest() -> str:
    return digest_of([MANIFEST, *DECLARED, *code_of(__file__)])
