"""GRADIENDs by name, each read from its file whenever it is asked for.

A dozen of a model of a hundred million parameters, of three and more numbers a
parameter each, do not fit in memory; one does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from gradiend.autoencoder import Gradiend
from gradiend.lm.cloze import ClozeLM


class KeptGradiends(Mapping[str, Gradiend]):
    """A mapping in the order of what was put in; what is made here lies in ``folder``.

    Files of a CPU's tensors are mapped: what is not read takes no memory.
    """

    def __init__(self, lm: ClozeLM, folder: Path) -> None:
        self.lm, self.folder = lm, folder
        self.paths: dict[str, Path] = {}

    def keep(self, name: str, gradiend: Gradiend) -> None:
        """Write a GRADIEND, and let go of it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.paths[name] = self.folder / f"{len(self.paths)}.safetensors"
        gradiend.save(self.paths[name])

    def __getitem__(self, name: str) -> Gradiend:
        return Gradiend.load(self.paths[name], like=self.lm.covered)

    def __iter__(self) -> Iterator[str]:
        return iter(self.paths)

    def __len__(self) -> int:
        return len(self.paths)
