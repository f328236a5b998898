"""Reading what an earlier step has left, or saying in one line what makes it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from gradiend import files
from gradiend.errors import InputError
from study.results.files import MAKERS
from study.results.places import REPOSITORY, results_root


def made(path: Path) -> Path:
    """The path of a result file, if the file is there.

    Raises
    ------
    InputError
        naming the notebook to run first, and the command that runs it.
    """
    if not path.exists():
        raise InputError(f"{path}: not there yet; {_way_out(path)}")
    return path


def read_csv(path: Path) -> pd.DataFrame:
    """:func:`gradiend.files.read_csv` of a result that should have been made."""
    return files.read_csv(made(path))


def read_json(path: Path) -> dict:
    """:func:`gradiend.files.read_json` of a result that should have been made."""
    return files.read_json(made(path))


def _way_out(path: Path) -> str:
    """What makes a file in ``<results>/<profile>/<model>/``, or one of the figures."""
    if not path.is_relative_to(results_root()):
        return "run its profile first: ./run_all.sh PROFILE (mini, if it is left out)"
    profile, model, *_ = path.relative_to(results_root()).parts
    if not (REPOSITORY / "notebooks" / "profiles" / f"{profile}.yaml").exists():
        profile += ".yaml"  # a file of the user's own
    notebook = MAKERS.get(path.parent.name, MAKERS.get(path.name))
    if notebook is None:
        return f"run its profile first: ./run_all.sh {profile}"
    return f"run notebook {notebook} first, or ./run_all.sh {profile} --models {model}"
