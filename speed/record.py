"""The results file of a model: what was measured, in which setting, where.

Settings say how glibc takes memory, for both sides alike: ``kept`` is run_all.sh's
GLIBC_TUNABLES, ``plain`` is none.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gradiend.errors import InputError
from gradiend.files import read_json, write_json

SETTINGS = ("kept", "plain")
SIDES = ("theirs", "ours")
# How each package's own users run it: ours start run_all.sh, theirs plain python.
USERS = {"theirs": "plain", "ours": "kept"}


def ratio_name(model: str, measure: str, setting: str) -> str:
    """Name of the figure theirs / ours, both sides in one setting."""
    return f"{model}, {measure}, {setting}, theirs / ours"


def path_of(model: str, folder: Path) -> Path:
    """The file of a model."""
    return folder / f"speed_{re.sub(r'[^a-z0-9]+', '_', model.lower())}.json"


@dataclass(frozen=True)
class Record:
    """Rows of a model's measures by (measure, setting, side); empty before the first.

    A row has ``value`` (the median of all calls; of peak memory the largest; seconds,
    MiB or a share) and ``turns``, a list of values for each process that was asked.
    ``conditions`` hold for all rows: processor, threads, versions.
    """

    model: str
    conditions: Mapping[str, object]
    rows: Mapping[tuple[str, str, str], dict]

    @classmethod
    def read(cls, model: str, folder: Path) -> Record:
        """What the model's file has; nothing, if there is none."""
        path = path_of(model, folder)
        if not path.exists():
            return cls(model, {}, {})
        content = read_json(path)
        keys = ("measure", "setting", "side")
        rows = {tuple(row[key] for key in keys): row for row in content["measures"]}
        return cls(model, content["conditions"], rows)

    def begun(self, conditions: Mapping[str, object]) -> Record:
        """This record, to be added to under ``conditions``.

        Raises
        ------
        InputError
            if its rows were measured under others: they would not be comparable.
        """
        for key, value in conditions.items():
            old = self.conditions.get(key, value)
            if self.rows and old != value:
                raise InputError(
                    f"{self.model}: measured before with {key} {old!r}, now {value!r}; "
                    "write elsewhere (--out), or delete the model's file and measure "
                    "all parts again"
                )
        return Record(self.model, {**self.conditions, **conditions}, self.rows)

    def added(self, rows: Mapping[tuple[str, str, str], dict]) -> Record:
        """With newer rows in place of the older ones of the same key."""
        return Record(self.model, self.conditions, {**self.rows, **rows})

    def write(self, folder: Path) -> None:
        """Write the model's file."""
        write_json(
            path_of(self.model, folder),
            {
                "model": self.model,
                "conditions": self.conditions,
                "measures": [
                    {"measure": measure, "setting": setting, "side": side, **row}
                    for (measure, setting, side), row in sorted(self.rows.items())
                ],
            },
        )

    def value(self, measure: str, setting: str, side: str) -> float | None:
        """A measure of a side; None if it was not measured."""
        row = self.rows.get((measure, setting, side))
        return row and row["value"]

    def ratio(self, measure: str, settings: Mapping[str, str]) -> float | None:
        """theirs / ours, each in its setting; None if one was not measured."""
        theirs, ours = (self.value(measure, settings[side], side) for side in SIDES)
        return theirs / ours if theirs and ours else None

    def figures(self) -> dict[str, float | None]:
        """theirs / ours of each measure, both sides in one setting, by its name."""
        return {
            ratio_name(self.model, measure, setting): self.ratio(measure, same(setting))
            for measure in {key[0] for key in self.rows}
            for setting in SETTINGS
        }


def same(setting: str) -> dict[str, str]:
    """Both sides in one setting."""
    return dict.fromkeys(SIDES, setting)


def row_of(turns: list[list[float]], *, largest: bool = False, **more: object) -> dict:
    """A row: the median over all calls of all turns, or the largest."""
    every = [value for turn in turns for value in turn]
    value = max(every) if largest else statistics.median(every)
    return {"value": value, "turns": turns, **more}
