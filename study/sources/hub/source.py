"""The public files of a manifest as a source of data."""

from __future__ import annotations

from pathlib import Path, PurePath

from study.sources.hub import RECORD, folder_of, public_folder
from study.sources.hub.manifest import read_manifest
from study.sources.hub.suites import SUITES, task_name
from study.sources.source import TextFiles


class PublicFiles(TextFiles):
    """What ``python -m study.sources.hub files MANIFEST`` has fetched and checked."""

    def __init__(self, manifest: str) -> None:
        self.manifest = manifest

    @property
    def folder(self) -> Path:
        """See :class:`Source`."""
        return public_folder(self.manifest)

    def check(self) -> None:
        """See :class:`Source`: refuse a manifest from which nothing can be made."""
        # Imported here: it takes seconds, and plans do not need it.
        from study.sources.hub.prepare import parts_of

        parts_of(read_manifest(self.manifest))

    def tasks(self, *, zero_shot: bool) -> list[str]:
        """See :class:`Source`: those whose files the manifest names."""
        sources = read_manifest(self.manifest).sources
        return [
            task_name(PurePath(pattern).parent.name, suite)
            for name, suite in SUITES.items()
            if name in sources
            for pattern in sources[name].files
        ]

    @property
    def declared(self) -> list[Path]:
        """See :class:`Source`: the manifest's file, and that of the one it is like."""
        return list(read_manifest(self.manifest).paths)

    @property
    def preparation(self) -> tuple[str, ...]:
        """See :class:`Source`."""
        return ("study.sources.hub", "files", self.manifest)

    @property
    def inputs(self) -> list[Path]:
        """See :class:`Source`: the record of what was fetched."""
        return [folder_of(self.manifest) / RECORD]
