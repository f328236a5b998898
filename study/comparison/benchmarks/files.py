"""Reading benchmark files: every refusal names the file, the example and a remedy."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from gradiend.errors import InputError


def read_json(path: Path) -> dict:
    """A benchmark's JSON file."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"{path}: not there; check the path") from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not valid JSON ({error}); fetch it again") from error
    if not isinstance(content, dict):
        raise InputError(f"{path}: holds a {type(content).__name__}, not an object")
    return content


def need(mapping: Mapping, keys: Iterable[str], where: str) -> None:
    """Refuse an example without one of ``keys``."""
    for key in keys:
        if key not in mapping:
            raise InputError(f"{where}: no {key!r}; add it or leave the example out")
