"""What every source of data gives: files in the public schemas, and some texts."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from study.comparison.attribute_words import AttributeWords, read_attribute_words
from study.comparison.tasks.registry import TASKS
from study.results.places import REPOSITORY

# Of gradiend: how rows are read, dealt and drawn.
_SHARED = ("data", "sampling", "slots", "splits")


def digest_of(paths: Iterable[Path]) -> str:
    """What tells a folder from one that is made of other files: 12 hex digits."""
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


def code_of(package: str) -> list[Path]:
    """The modules that a source's folder is made by: its own, and what they share.

    ``package`` is the path of the source's package.
    """
    shared = [REPOSITORY / "gradiend" / f"{name}.py" for name in _SHARED]
    domains = REPOSITORY / "study" / "domains"
    own = Path(package).parent
    return [*shared, *sorted(domains.glob("*.py")), *sorted(own.glob("*.py"))]


class Source(ABC):
    """A folder of data sets and benchmarks in the schemas of the public files."""

    planted: bool  # whether the true strength of its associations is known

    @property
    @abstractmethod
    def folder(self) -> Path:
        """The folder.

        Raises
        ------
        InputError
            if it is not there and cannot be made at once.
        """

    @property
    @abstractmethod
    def inputs(self) -> list[Path]:
        """The files that say what is in the folder: a change of them changes it."""

    @property
    def preparation(self) -> tuple[str, ...] | None:
        """The module that makes :attr:`inputs`, and its arguments; None: no need."""
        return None

    @property
    def declared(self) -> list[Path]:
        """What :attr:`preparation` reads."""
        return []

    def check(self) -> None:  # noqa: B027 (most have nothing to check)
        """Raise InputError if what :attr:`folder` is made from is not there."""

    def associations(self) -> pd.DataFrame | None:
        """What models are asked back, in the schema of the world's; None: the world's.

        A column ``held_out`` may say which no candidate is selected on.
        """
        return None

    @abstractmethod
    def corpus(self, count: int, *, seed: int) -> list[str]:
        """At most ``count`` texts to go on training on."""

    def attribute_words(self, domain: str) -> AttributeWords:
        """What names the classes of a domain outright."""
        return read_attribute_words(self.folder / "attribute_words" / f"{domain}.json")

    def held_out_texts(self) -> list[str] | None:
        """Texts that perplexity is asked of; None: a feature's neutral ones."""
        return None

    def tasks(self, *, zero_shot: bool) -> list[str]:
        """Tasks that it has examples of, to ask or else to fine-tune on.

        One that does not say it is found to lack them once they are read.
        """
        return list(TASKS)

    @property
    def task_folder(self) -> Path:
        """The folder of the tasks' examples."""
        return self.folder / "capability"

    @property
    def prompts(self) -> Path | None:
        """The folder of the zero-shot tasks' prompts; None: the library's own."""
        return None


class TextFiles(Source):
    """A source whose folder holds its plain texts, drawn when they were prepared."""

    planted = False

    def corpus(self, count: int, *, seed: int) -> list[str]:
        """See :class:`Source`."""
        return self._texts("corpus.csv")[:count]

    def held_out_texts(self) -> list[str]:
        """See :class:`Source`."""
        return self._texts("perplexity.csv")

    def _texts(self, name: str) -> list[str]:
        return pd.read_csv(self.folder / name, keep_default_na=False)["text"].tolist()
