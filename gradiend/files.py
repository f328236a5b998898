"""Files and folders that appear whole or not at all, and are refused when damaged."""

from __future__ import annotations

import errno
import glob
import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
from safetensors import SafetensorError

from gradiend.errors import InputError, need_columns

_UNFINISHED = ".unfinished-{}-{}"  # process, name
_ELSEWHERE = "write to another folder (the study's: set GRADIEND_RESULTS)"
_SPACE = f"free space, or {_ELSEWHERE}"
# What an operating system says of a disk that takes nothing more, and the way out.
_REMEDIES = {
    errno.ENOSPC: _SPACE,
    errno.EDQUOT: _SPACE,
    errno.EFBIG: _SPACE,
    errno.EROFS: _ELSEWHERE,
    errno.EACCES: _ELSEWHERE,
    errno.EPERM: _ELSEWHERE,
    errno.ENOTDIR: _ELSEWHERE,
    errno.EEXIST: _ELSEWHERE,
    errno.EISDIR: "a folder stands there: give the name of a file",
}


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """A temporary path beside ``path`` that replaces it when the block ends well.

    Raises
    ------
    InputError
        if the folder cannot be written to (read-only, full); other errors of the block
        stay what they are.
    """
    path = Path(path)
    unfinished = path.with_name(_UNFINISHED.format(os.getpid(), path.name))
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield unfinished
            os.replace(unfinished, path)
        finally:
            unfinished.unlink(missing_ok=True)


def remove_unfinished(path: Path) -> None:
    """Remove what processes that were killed left of ``path``; nobody may write it."""
    for left in path.parent.glob(_UNFINISHED.format("*", glob.escape(path.name))):
        left.unlink(missing_ok=True)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Errors of a disk that cannot be written to, as one line with the way out."""
    try:
        yield
    except (OSError, SafetensorError) as error:
        remedy = _REMEDIES.get(_errno(error))
        if remedy is None:
            raise
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{path} cannot be written ({reason}); {remedy}") from error


def _errno(error: Exception) -> int | None:
    """The number of an operating system's error; safetensors has it in its text."""
    found = re.search(r"os error (\d+)", str(error))
    return int(found[1]) if found else getattr(error, "errno", None)


@contextmanager
def atomic_folder(folder: str | Path, *, replace: bool = False) -> Iterator[Path]:
    """A temporary folder that becomes ``folder`` when the block ends well.

    With ``replace`` an earlier folder of that name makes room, and goes once the new
    one stands in its place; else, if somebody else was faster, theirs stays. Of a link
    it is the folder that it leads to.

    Raises
    ------
    InputError
        if it cannot be written (read-only, full); other errors stay what they are.
    """
    with writing(Path(folder)):
        folder = Path(folder).resolve()
        folder.parent.mkdir(parents=True, exist_ok=True)
        unfinished = tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent)
        unfinished = Path(unfinished)
        try:
            yield unfinished
            unfinished.chmod(0o755)
            with _aside(folder, unfinished, replace):
                _take_place(unfinished, folder)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)


@contextmanager
def _aside(folder: Path, unfinished: Path, replace: bool) -> Iterator[None]:
    """An earlier folder, out of the way; back again if nothing takes its place."""
    if not (replace and folder.is_dir()):
        yield
        return
    earlier = unfinished.with_name(f"{unfinished.name}-earlier")
    try:
        os.rename(folder, earlier)
        yield
    finally:
        if earlier.exists() and not folder.exists():
            os.rename(earlier, folder)
        shutil.rmtree(earlier, ignore_errors=True)


def _take_place(unfinished: Path, folder: Path) -> None:
    try:
        os.rename(unfinished, folder)
    except OSError:
        if not folder.is_dir():
            raise


def need_new_file(
    path: Path, *, overwrite: bool, reads: Iterable[Path], remedy: str
) -> None:
    """Refuse a file that is taken, unless to ``overwrite`` it; one it reads never.

    That is one of ``reads``, or in a folder among them. A folder is refused too.
    """
    if path.is_dir():
        raise InputError(f"{path} is a folder; give the name of a file in it")
    for read in reads:
        inside = read.is_dir() and path.resolve().is_relative_to(read.resolve())
        if path.resolve() == read.resolve() or (inside and path.exists()):
            raise InputError(f"{path} is what is read; write to another file")
    if path.exists() and not overwrite:
        raise InputError(f"{path} exists; {remedy}")


def sha256(path: str | Path) -> str:
    """Digest of a file's bytes."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest(*values: object) -> str:
    """Short digest of numbers, texts and lists of them, by what Python writes."""
    return hashlib.sha256(repr(values).encode()).hexdigest()[:16]


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


def read_table(
    path: Path, columns: Iterable[str] = (), *, remedy: str = "check the path"
) -> pd.DataFrame:
    """A table that somebody else wrote: Parquet, JSON Lines or, else, CSV.

    Words such as "None" or "NA" are text in it, not missing values.

    Raises
    ------
    InputError
        if it is not there, cannot be read, or lacks one of ``columns``; ``remedy`` says
        the way out.
    """
    if not path.is_file():
        raise InputError(f"{path}: not there; {remedy}")
    try:
        if path.suffix == ".parquet":
            table = pd.read_parquet(path)
        elif path.suffix in (".json", ".jsonl"):
            # Not splitlines: JSON's texts may hold what Unicode calls a line end.
            lines = path.read_text(encoding="utf-8").split("\n")
            table = pd.DataFrame([json.loads(line) for line in lines if line.strip()])
        else:
            table = pd.read_csv(path, keep_default_na=False)
    except (ValueError, OSError) as error:
        raise InputError(f"{path}: not readable ({error}); {remedy}") from error
    need_columns(table.columns, columns, str(path), remedy)
    return table


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
