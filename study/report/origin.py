"""Which command made gathered results, and on which devices.

The numbers say nothing of it, and figures are shown where nothing was run.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gradiend.files import read_json, write_json
from study.profiles.profile import Profile
from study.results.reading import made

_FILE = "origin.json"  # beside the gathered tables


@dataclass(frozen=True)
class Origin:
    """The command, and the name of each device that a step ran on."""

    command: str
    devices: tuple[str, ...]

    def __str__(self) -> str:
        where = f" on {', '.join(self.devices)}" if self.devices else ""
        return f"{self.command}{where}"


def write_origin(profile: Profile, folder: Path) -> None:
    """Say in ``folder`` where the results of a profile come from.

    Devices are those that its steps have noted (``study.results.making.measured``).
    """
    path = profile.path
    own = path.name if profile.source.endswith(path.suffix) else profile.name
    notes = [
        read_json(note).get("device")
        for model in profile.models
        for note in _folder(profile, model).rglob("*.run.json")
    ]
    devices = sorted(filter(None, set(notes)))
    content = {"command": f"./run_all.sh {own}", "devices": devices}
    write_json(folder / _FILE, content)


def read_origin(folder: Path) -> Origin:
    """What :func:`write_origin` has written.

    Raises
    ------
    InputError
        if it is not there, with the way out.
    """
    content = read_json(made(folder / _FILE))
    return Origin(content["command"], tuple(content["devices"]))


def _folder(profile: Profile, model: str) -> Path:
    return profile.runs(model)[0].model_folder
