"""The manifest of carriers, ``data/wheels.yaml``: packages, their files and hashes."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from gradiend.errors import InputError, check_choice
from study.results.places import REPOSITORY

MANIFEST = REPOSITORY / "data" / "wheels.yaml"
LOCK = "requirements-wheels.lock"


class Package(BaseModel):
    """A package at one version; ``files`` are those that are read, by their sha256."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str
    version: str
    sha256: str  # of the wheel
    licence: str
    use: str
    files: dict[str, str]  # path in the wheel → sha256
    hub: str | None = None  # where the hub has the same files

    @property
    def requirement(self) -> str:
        """As ``pip`` calls it."""
        return f"{self.name}=={self.version}"

    @property
    def locked(self) -> str:
        """Its line in ``requirements-wheels.lock``."""
        return f"{self.requirement} --hash=sha256:{self.sha256}"


@cache
def read_packages(path: Path = MANIFEST) -> dict[str, Package]:
    """The packages of a manifest, by name.

    Raises
    ------
    InputError
        for a file that is not such a manifest, or an unknown or missing key.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))["packages"]
        return {name: Package(name=name, **entry) for name, entry in content.items()}
    except (yaml.YAMLError, TypeError, KeyError, AttributeError) as error:
        raise InputError(f"{path}: not a manifest of packages ({error})") from error
    except ValidationError as error:
        faults = [f"{one['loc'][0]}: {one['msg']}" for one in error.errors()]
        raise InputError(f"{path}: {error.title}: {'; '.join(faults)}") from error


def package(name: str) -> Package:
    """The package of that name."""
    packages = read_packages()
    check_choice(name, packages, f"package of {MANIFEST.name}")
    return packages[name]
