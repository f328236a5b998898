"""What profiles and their models may be called: results lie under these names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from gradiend.errors import InputError
from study.profiles.profile import Profile

# Folders beside the profiles' results, and beside a profile's models.
_OF_ALL = ("models", "world", "carried", "public", "standins")
_OF_A_PROFILE = ("notebooks", "figures")
_NAME = re.compile(r"\w[\w .+-]*")


def check_profile_name(path: Path, shipped: Iterable[str]) -> None:
    """Refuse a profile of one's own whose results would take the place of others.

    Raises
    ------
    InputError
        for the name of one of the ``shipped`` profiles, or of a folder of the results.
    """
    if path.stem in (*shipped, *_OF_ALL):
        raise InputError(
            f"{path}: its results would lie in results/{path.stem}, where others are; "
            "give the file another name"
        )


def check_model_names(profile: Profile, file: str) -> None:
    """Refuse models whose files, jobs or rows would be one another's.

    Raises
    ------
    InputError
        naming file and model.
    """
    jobs: dict[str, str] = {}
    rows: dict[str, str] = {}
    for name, entry in profile.entries.items():
        where = f"{file}, models.{name}"
        if not _NAME.fullmatch(name) or name in _OF_A_PROFILE:
            raise InputError(
                f"{where}: a model is called by letters, digits and . _ + - alone, and "
                f"not {' or '.join(_OF_A_PROFILE)}; what it is on the hub stands in hub"
            )
        other = jobs.setdefault(re.sub("[- ]", "_", name), name)
        if other != name:
            raise InputError(f"{where}: too like {other!r}; call it otherwise")
        other = rows.setdefault(entry.display, name)
        if other != name:
            raise InputError(
                f"{where}.display: {entry.display!r} is how {other} is shown, too; "
                "their rows would be one model's"
            )
