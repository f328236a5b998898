"""The model that a run's settings name."""

from __future__ import annotations

from gradiend.lm.cloze import ClozeLM
from study.profiles.settings import Settings


def load_model(settings: Settings) -> ClozeLM:
    """The settings' model, as they say it is loaded."""
    loading = settings.load.model_dump()
    return ClozeLM.from_pretrained(settings.path, revision=settings.revision, **loading)
