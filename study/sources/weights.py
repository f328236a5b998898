"""The files that hold a checkpoint's weights."""

from __future__ import annotations

from pathlib import Path

from gradiend.files import read_json

_ONE, _INDEX = "model.safetensors", "model.safetensors.index.json"


def weight_files(folder: Path) -> list[Path]:
    """Where a checkpoint's weights are, whether they are there or not.

    Of a checkpoint in several parts: its index, then what that names.
    """
    index = folder / _INDEX
    if not index.is_file():
        return [folder / _ONE]
    parts = sorted(set(read_json(index)["weight_map"].values()))
    return [index, *(folder / name for name in parts)]
