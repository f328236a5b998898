"""What :func:`gradiend.debias` has found."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from gradiend.autoencoder import Gradiend
from gradiend.evaluation.levelling import Report, Words
from gradiend.lm.cloze import ClozeLM


@dataclass(frozen=True)
class Debiased:
    """A feature of a model and the candidate (h, α) that levels its two classes.

    ``before`` and ``after`` are of test texts: P of each class, ``gap``, ``share`` (of
    class +1), ``said`` (:func:`gradiend.evaluation.decoder.class_statistics`) and
    ``LMS``. ``probes`` has one row a test text: text, before and after (its share of
    class +1). Where probes of one's own were given, all three are of the half of them
    by which nothing was chosen, and ``beside`` has the same of the file's test texts.
    ``encodings`` has one row a test row: masked, factual, factual_class, label and h.
    ``history`` is that of training (:class:`gradiend.training.TrainingResult`); the
    closed form has none.
    """

    lm: ClozeLM = field(repr=False)
    gradiend: Gradiend = field(repr=False)
    words: Words
    h: float
    learning_rate: float
    method: str
    correlation: float  # Pearson of h and label on test rows
    before: dict[str, float]
    after: dict[str, float]
    probes: pd.DataFrame = field(repr=False)
    encodings: pd.DataFrame = field(repr=False)
    history: pd.DataFrame | None = field(repr=False)
    candidates: pd.DataFrame = field(repr=False)
    seconds: dict[str, float]  # of each part
    counts: dict[str, int]  # rows by split, and what was changed or left out
    remarks: tuple[str, ...] = ()  # what a user should know before using it
    beside: Report | None = field(default=None, repr=False)

    @property
    def asked(self) -> str:
        """Of what ``before`` and ``after`` are, in words."""
        return "test texts" if self.beside is None else "probes"

    @property
    def fallbacks(self) -> tuple[str, ...]:
        """In what this model's numbers come by plainer and slower ways than others'."""
        return tuple(plain for _, plain in self.lm.ways.without())

    def save(self, folder: str | Path, *, overwrite: bool = False) -> Path:
        """Write the rewritten model with its feature and a summary; see there."""
        from gradiend.summary import save_debiased

        return save_debiased(self, folder, overwrite=overwrite)
