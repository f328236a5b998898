"""Settings and profiles that differ from given ones."""

from __future__ import annotations

from pathlib import Path

import yaml

from study.profiles.profile import merged
from study.profiles.settings import Settings


def changed(settings: Settings, **changes) -> Settings:
    """The settings with other values, group by group, checked as any others are."""
    return Settings(**merged(settings.model_dump(), changes))


def own_profile(folder: Path, **content) -> str:
    """A profile file of one's own, to be loaded by the path returned."""
    path = folder / "own.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return str(path)
