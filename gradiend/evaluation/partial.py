"""Candidates of a grid on disk, so that a killed call goes on where it was.

The first line says of what the grid is; a line a candidate follows.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gradiend.autoencoder import Gradiend
from gradiend.errors import InputError
from gradiend.identity import bits_of, model_identity
from gradiend.lm.cloze import ClozeLM

# Share of what is measured of the base: another device, or number of threads, rounds
# otherwise; other texts move it farther.
_MOVED = 1e-3

Place = tuple[float, float] | tuple[None, None]  # h and α
BASE = None, None  # the model as it is


@dataclass(frozen=True)
class Partial:
    """The rows of candidates that are done; without a path they are in memory only."""

    path: Path | None
    rows: dict[Place, dict] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        path: Path | None,
        lm: ClozeLM,
        gradiend: Gradiend,
        base: Mapping[str, float],
        *,
        asked: str | None = None,
    ) -> Partial:
        """Read the file, or begin it; ``base`` is what is measured of the base model.

        ``asked`` is a digest of the texts it is measured on, where that is known.

        Raises
        ------
        InputError
            if it is of another model, feature or measure (other texts, another seed),
            or a line is damaged.
        """
        found = cls(path)
        if path is not None:
            found._read(path, _whose(lm, gradiend, base, asked))
        if BASE in found.rows:
            found._compare(base)
            found.rows[BASE] = _row(BASE, base)
        else:
            found.add(BASE, base)
        return found

    def _compare(self, base: Mapping[str, float]) -> None:
        """Refuse other numbers of the base: the candidates would not go with them."""
        for name, value in base.items():
            if not _alike(self.rows[BASE][name], value):
                raise InputError(
                    f"{self.path}: {name} of the base model is {value:.6g} now and "
                    f"{self.rows[BASE][name]:.6g} in it, so it was measured on other "
                    "texts; delete it or give another file"
                )

    def _read(self, path: Path, whose: dict) -> None:
        text = path.read_text("utf-8", errors="replace") if path.exists() else ""
        *whole, rest = text.split("\n")
        lines = [_decoded(path, *line) for line in enumerate(whole, start=1)]
        ours = lines[0] == whose if lines else json.dumps(whose).startswith(rest)
        if not ours:
            raise InputError(
                f"{path}: of another model, feature or measure than the grid asked "
                "for, or of an earlier version; delete it or give another file"
            )
        if rest:  # it was being written when the run was killed
            path.write_text("".join(f"{line}\n" for line in whole), encoding="utf-8")
        if not lines:
            path.parent.mkdir(parents=True, exist_ok=True)
            _append(path, whose)
        needed = {"h", "learning_rate", *whose["measures"]}
        for number, row in enumerate(lines[1:], start=2):
            if not needed <= row.keys():
                raise _damaged(path, number)
            self.rows[row["h"], row["learning_rate"]] = row

    def add(self, place: Place, measured: Mapping[str, float]) -> None:
        """Keep what was measured of a candidate."""
        self.rows[place] = _row(place, measured)
        if self.path is not None:
            _append(self.path, self.rows[place])


def _row(place: Place, measured: Mapping[str, float]) -> dict:
    h, rate = place
    return {"h": h, "learning_rate": rate, **measured}


def _whose(
    lm: ClozeLM, gradiend: Gradiend, base: Mapping[str, float], asked: str | None
) -> dict:
    return {
        "model": lm.name,
        "identity": model_identity(lm),
        "feature": bits_of(gradiend.tensors()),
        "measures": list(base),
        "asked": asked,
    }


def _alike(found: float, value: float) -> bool:
    return (math.isnan(found) and math.isnan(value)) or math.isclose(
        found, value, rel_tol=_MOVED, abs_tol=1e-9
    )


def _decoded(path: Path, number: int, line: str) -> dict:
    try:
        found = json.loads(line)
    except json.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise _damaged(path, number)
    return found


def _damaged(path: Path, number: int) -> InputError:
    return InputError(
        f"{path}, line {number}: damaged, or no file of a grid; delete it or give "
        "another file"
    )


def _append(path: Path, row: dict) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")
