"""Which command made gathered results, and on which devices, model by model.

The numbers say nothing of it, and figures are shown where nothing was run.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from gradiend.files import read_json, write_json
from study.profiles.profile import Profile
from study.results.reading import made

_FILE = "origin.json"  # beside the gathered tables


@dataclass(frozen=True)
class Made:
    """The name of each device that a step of a model ran on, and its settings."""

    devices: tuple[str, ...]
    settings: str  # their digest


@dataclass(frozen=True)
class Origin:
    """The command, and what it made of each model, by what tables call it."""

    command: str
    models: Mapping[str, Made]

    def __str__(self) -> str:
        """Devices are said once if they are the same of all models."""
        where = {name: ", ".join(of.devices) for name, of in self.models.items()}
        if len(set(where.values())) > 1:
            each = "; ".join(f"{name} on {at}" for name, at in where.items())
            return f"{self.command}: {each}"
        at = next(iter(where.values()), "")
        return f"{self.command} on {at}" if at else self.command

    def of(self, models: Collection[str]) -> Origin:
        """Of these models alone."""
        kept = {name: of for name, of in self.models.items() if name in models}
        return replace(self, models=kept)


def write_origin(
    profile: Profile, folder: Path, *, kept: Mapping[str, Made] | None = None
) -> None:
    """Say in ``folder`` where the results of a profile come from.

    Devices are those that its steps have noted (``study.results.making.measured``).
    ``kept`` are models whose results are not here: what was known of them stays.
    """
    path = profile.path
    own = path.name if profile.source.endswith(path.suffix) else profile.name
    kept = kept or {}
    models = {}
    for model in filter(profile.runs, profile.models):
        name = profile.entry(model).display
        found = kept.get(name) or Made(
            _devices(profile, model), settings_digest(profile, model)
        )
        models[name] = asdict(found)
    write_json(folder / _FILE, {"command": f"./run_all.sh {own}", "models": models})


def read_origin(folder: Path) -> Origin:
    """What :func:`write_origin` has written.

    Raises
    ------
    InputError
        if it is not there, with the way out.
    """
    content = read_json(made(folder / _FILE))
    models = {
        name: Made(tuple(of["devices"]), of["settings"])
        for name, of in content["models"].items()
    }
    return Origin(content["command"], models)


def settings_digest(profile: Profile, model: str) -> str:
    """A digest of what the profile asks of a model, but for what is as by default.

    Where its weights lie plays no part.
    """
    runs = [
        run.model_dump(mode="json", exclude_defaults=True, exclude={"path"})
        for run in profile.runs(model)
    ]
    entry = profile.entry(model)
    asked = [runs, entry.compares, sorted(entry.analyses)]
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:16]


def _devices(profile: Profile, model: str) -> tuple[str, ...]:
    notes = profile.runs(model)[0].model_folder.rglob("*.run.json")
    found = {read_json(note).get("device") for note in notes}
    return tuple(sorted(filter(None, found)))
