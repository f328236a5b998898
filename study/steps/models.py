"""The model that a run's settings name."""

from __future__ import annotations

from gradiend.lm.cloze import ClozeLM
from study.profiles.settings import Settings
from study.results import files
from study.results.published import fetched_revision


def load_model(settings: Settings) -> ClozeLM:
    """The settings' model, as they say it is loaded; of the hub what was fetched."""
    loading = settings.load.model_dump()
    return ClozeLM.from_pretrained(
        settings.path, revision=_revision(settings), **loading
    )


def _revision(settings: Settings) -> str | None:
    """The commit that the run's first step fetched: a branch may have moved since."""
    mark = settings.model_folder / files.FETCHED
    path, commit = fetched_revision(mark) if mark.exists() else (None, None)
    return commit if path == settings.path else settings.revision
