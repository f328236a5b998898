"""What a result was computed from."""

from __future__ import annotations

from study.profiles.settings import Settings
from study.results.making import provenance


def described(settings: Settings, part: str, values: dict) -> dict:
    """``values`` with the settings and versions that they were computed with."""
    return {
        "settings": settings.part(part),
        "versions": provenance(),
        "values": values,
    }
