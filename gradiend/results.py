"""Result files: written whole or not at all, and refused by name when damaged."""

from __future__ import annotations

import json
import os
import platform
import resource
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import pandas as pd
from safetensors import SafetensorError

from gradiend.errors import InputError

REPOSITORY = Path(__file__).resolve().parent.parent


def results_root() -> Path:
    """``$GRADIEND_RESULTS``, or ``results/`` of the repository."""
    return Path(os.environ.get("GRADIEND_RESULTS") or REPOSITORY / "results")


def resolved(path: str) -> str:
    """Paths in the repository and in the results as such, anything else as it is."""
    if path.startswith("results:"):
        return str(results_root() / path.removeprefix("results:"))
    there = REPOSITORY / path
    return str(there) if there.exists() else path


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """A temporary path beside ``path`` that replaces it when the block ends well.

    Raises
    ------
    InputError
        if the folder cannot be written to (read-only, full).
    """
    path = Path(path)
    unfinished = path.with_name(f".unfinished-{os.getpid()}-{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield unfinished
        os.replace(unfinished, path)
    except (OSError, SafetensorError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(
            f"{path} cannot be written ({reason}); free space, or set GRADIEND_RESULTS "
            "to a folder that can be written to"
        ) from error
    finally:
        if unfinished.exists():
            unfinished.unlink()


def write_json(path: Path, content: Mapping) -> None:
    """Write JSON with sorted keys."""
    text = json.dumps(content, indent=1, sort_keys=True, allow_nan=False)
    with atomic_path(path) as unfinished:
        unfinished.write_text(text + "\n", encoding="utf-8")


def write_csv(path: Path, table: pd.DataFrame) -> None:
    """Write a table in full precision."""
    with atomic_path(path) as unfinished:
        table.to_csv(unfinished, index=False)


def read_json(path: Path) -> dict:
    """Read a result file of :func:`write_json`."""
    with reading(path, json.JSONDecodeError, UnicodeDecodeError):
        return json.loads(path.read_text(encoding="utf-8"))


def read_csv(path: Path) -> pd.DataFrame:
    """Read a result file of :func:`write_csv`."""
    damage = (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError)
    with reading(path, *damage):
        return pd.read_csv(path, keep_default_na=False, na_values=[""])


@contextmanager
def reading(path: str | Path, *damage: type[Exception]) -> Iterator[None]:
    """Reading a result file; what ``damage`` says of it becomes one clear message.

    Raises
    ------
    InputError
        if the file is not there or one of ``damage`` is raised.
    """
    try:
        yield
    except FileNotFoundError as error:
        raise InputError(
            f"{path}: not there yet; run the step that makes it"
        ) from error
    except damage as error:
        raise InputError(
            f"{path}: damaged ({error}); delete it and run again"
        ) from error


def provenance() -> dict[str, str]:
    """Versions of what computed a result."""
    packages = ("torch", "transformers", "numpy", "pandas")
    return {"python": platform.python_version()} | {
        package: version(package) for package in packages
    }


@contextmanager
def measured(path: Path) -> Iterator[None]:
    """Write wall time (s) and peak memory (MiB) of the block to ``path``.

    They differ from run to run, so they live in a file of their own.
    """
    start = time.perf_counter()
    yield
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    cost = {"seconds": round(time.perf_counter() - start, 2), "peak_MiB": round(peak)}
    write_json(path, cost)
