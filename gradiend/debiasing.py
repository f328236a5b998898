"""From a file and a model to a model that no longer prefers one class: one call.

Rows of the training split teach the feature, texts of the validation split choose the
candidate, texts of the test split say what became of it. ``probes``, sentences with a
slot that decide no class, take the place of both, one half each; what became of the
test texts is then told beside (:mod:`gradiend.probes`). The search begins where first
order predicts that the classes are level (:mod:`gradiend.evaluation.first_order`) and
ends where they are (:mod:`gradiend.evaluation.refinement`).

``closed-form`` learns in one pass (:mod:`gradiend.class_means`). ``train`` is the
paper's way, with ``training``: settings, or those that are to differ from what fits the
model's size and kind (:func:`gradiend.settings.fitting_settings`); the closed form
takes the batch size of them. h of a closed form is read from the factual gradient, of a
trained feature from the ``source`` of its training; its metadata say which.

The language-modelling score is asked on ``neutral`` texts, one half to choose by and
the other to report on, or on the file's own (of training and test). At most
``candidates`` rewritten models are measured, each on at most ``texts`` texts of a split
(0: all) and as many neutral ones (of a masked model four times as many).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import pandas as pd

from gradiend.answerable import answerable
from gradiend.autoencoder import Gradiend
from gradiend.class_means import closed_form
from gradiend.data import check_class_sizes, complete_table, read_cloze_table
from gradiend.debiased import Debiased
from gradiend.encoding import encode
from gradiend.errors import InputError, check_choice, check_count
from gradiend.evaluation.encoder import pearson
from gradiend.evaluation.levelling import (
    Levelling,
    cut_short,
    neutral_parts,
    words_of,
)
from gradiend.evaluation.refinement import select_centred
from gradiend.lm.cloze import ClozeLM
from gradiend.matching import source_of
from gradiend.probes import given_probes, probe_rows
from gradiend.progress import Progress
from gradiend.reading import counted, given_texts
from gradiend.remarks import remarks
from gradiend.settings import TrainingSettings, fitting_settings
from gradiend.training import fit

_log = logging.getLogger(__name__)

Method = Literal["closed-form", "train"]
Look = Callable[[pd.DataFrame], object]


def debias(
    model: str | Path | ClozeLM,
    rows: str | Path | pd.DataFrame,
    *,
    method: Method = "closed-form",
    neutral: Sequence[str] | None = None,
    probes: Sequence[str] | None = None,
    training: TrainingSettings | Mapping[str, float] | None = None,
    candidates: int = 24,
    texts: int = 60,
    max_tokens: int = 3,
    seed: int = 0,
    device: str = "auto",
    dtype: str = "float32",
    progress: Progress = iter,
    search_progress: Progress = iter,
    look: Look | None = None,
) -> Debiased:
    """Learn the feature that a cloze table describes, and level its classes.

    ``model`` is a folder, a hub name or a loaded one (``device`` and ``dtype`` are of
    the others; ``dtype`` "auto" is the checkpoint's own); ``rows`` a file for
    :func:`gradiend.read_cloze_table`, or a table. Words may have ``max_tokens`` tokens.
    ``method`` and ``training``, ``neutral``, ``probes``, ``candidates`` and ``texts``
    are told above. ``progress`` is of learning, ``search_progress`` of the candidates.
    ``look`` is given the rows that are used before anything is learned; their
    ``attrs["changed"]`` counts what was left out.

    Raises
    ------
    InputError
        for a mistake in the file, the model or the settings, in one line.
    """
    counts = {"candidates": candidates, "texts": texts, "seed": seed}
    _check_arguments(method, training, max_tokens=max_tokens, **counts)
    own_texts = None if neutral is None else given_texts(neutral, "neutral")
    own_probes = None if probes is None else given_probes(probes)
    clock = _Clock()
    with clock.part("load"):
        lm = _loaded(model, device, dtype)
        table = _table(lm, rows, seed, max_tokens, _least_rows(training))
        asked = _asked(lm, table, own_texts, own_probes, texts, seed)
    if look is not None:
        look(asked.table)
    with clock.part("learn"):
        gradiend, history = _learned(asked, method, training, progress)
    found = _levelled(asked, gradiend, method, candidates, clock, search_progress)
    return _remarked(replace(found, history=history))


def _check_arguments(
    method: Method,
    training: TrainingSettings | Mapping[str, float] | None,
    *,
    max_tokens: int,
    **counts: int,
) -> None:
    """Refuse mistakes before a model is loaded."""
    check_choice(method, get_args(Method), "method")
    check_count(max_tokens, "max_tokens", least=1)
    for name, value in counts.items():
        check_count(value, name)
    given = _changed(training) if isinstance(training, TrainingSettings) else training
    given = given or {}
    fitting_settings(0, given, causal=False)  # of any model: it refuses what is wrong
    unused = sorted({*given} - {"batch_size"})
    if method != "train" and unused:
        raise InputError(
            f"{', '.join(unused)} would change nothing: that is of training; add "
            "method='train' (--method train) or leave it out"
        )


def _changed(training: TrainingSettings) -> dict[str, object]:
    """The settings that are not the defaults."""
    usual = TrainingSettings()
    names = [setting.name for setting in fields(TrainingSettings)]
    return {
        name: getattr(training, name)
        for name in names
        if getattr(training, name) != getattr(usual, name)
    }


def _levelled(
    asked: Levelling,
    gradiend: Gradiend,
    method: Method,
    candidates: int,
    clock: _Clock,
    progress: Progress,
) -> Debiased:
    """The candidate that is chosen, and what it does to texts not chosen by."""
    with clock.part("choose"):
        found = asked.search(gradiend, candidates, progress=progress)
        best = select_centred(found)
    h, rate = (0.0, 0.0) if np.isnan(best["h"]) else best[["h", "learning_rate"]]
    with clock.part("report"):
        report, *beside = asked.report(gradiend, h, rate)
        encodings = _encodings(asked.lm, gradiend, asked.rows("test"))
    return Debiased(
        lm=asked.lm,
        gradiend=gradiend,
        words=asked.words,
        h=float(h),
        learning_rate=float(rate),
        method=method,
        correlation=pearson(encodings["h"].to_numpy(), encodings["label"].to_numpy()),
        before=report.before,
        after=report.after,
        probes=report.texts,
        beside=beside[0] if beside else None,
        encodings=encodings,
        history=None,
        candidates=found,
        seconds=clock.seconds,
        counts=asked.counts(),
    )


def _loaded(model: str | Path | ClozeLM, device: str, dtype: str) -> ClozeLM:
    if isinstance(model, ClozeLM):
        return model
    return ClozeLM.from_pretrained(model, device=device, dtype=dtype)


def _table(
    lm: ClozeLM,
    rows: str | Path | pd.DataFrame,
    seed: int,
    max_tokens: int,
    min_rows: int,
) -> pd.DataFrame:
    """The rows that the model can answer; ``attrs`` say how many it cannot."""
    options = {"seed": seed, "min_rows": min_rows}
    if isinstance(rows, pd.DataFrame):
        rows = complete_table(rows, source="rows", **options)
    else:
        rows = read_cloze_table(rows, **options)
    lm.check_targets(rows[rows["label"] != 0], max_tokens=max_tokens)
    table = answerable(lm, rows)
    check_class_sizes(table, min_rows=min_rows)
    return table


def _least_rows(training: TrainingSettings | Mapping[str, float] | None) -> int:
    """Training rows that a class needs."""
    if isinstance(training, TrainingSettings):
        return training.min_rows
    return (training or {}).get("min_rows", TrainingSettings.min_rows)


def _asked(
    lm: ClozeLM,
    table: pd.DataFrame,
    neutral: list[str] | None,
    probes: list[str] | None,
    texts: int,
    seed: int,
) -> Levelling:
    """What search and report ask; the table counts the texts cut or left out for it."""
    # A masked model is asked 15 % of a text's tokens, so it needs more texts.
    some = neutral_parts(table, neutral, texts if lm.causal else 4 * texts, seed)
    cut = sum(cut_short(lm, part) for part in some.values())
    table = counted(table, "neutral texts cut to the longest that the model reads", cut)
    words, own = words_of(table), None
    if probes is not None:
        own = probe_rows(lm, probes, table, seed)
        for why, number in own.attrs.get("changed", {}).items():
            table = counted(table, why, number)
    return Levelling(lm, table, words, some, texts, seed, own)


def _learned(
    asked: Levelling,
    method: Method,
    training: TrainingSettings | Mapping[str, float] | None,
    progress: Progress,
) -> tuple[Gradiend, pd.DataFrame | None]:
    """The feature and, if it was trained, the history of that."""
    lm, table, words = asked.lm, asked.table, asked.words
    if not isinstance(training, TrainingSettings):
        size = sum(parameter.numel() for parameter in lm.covered.values())
        training = fitting_settings(size, training, causal=lm.causal)
    history = None
    if method == "train":
        trained = fit(lm, table, training, seeds=(asked.seed,), progress=progress)
        found, history = trained.gradiend, trained.history
    else:
        train = table[table["split"] == "train"]
        rows = {label: lm.encode(train[train["label"] == label]) for label in (1, -1)}
        size = training.batch_size
        found = closed_form(lm, rows, batch_size=size, progress=progress)
    said = {
        "positive": words.positive,
        "negative": words.negative,
        "base_model": lm.name,
        "feature": f"{words.positive} / {words.negative}",
        "source": source_of(found),
    }
    return replace(found, metadata=found.metadata | said), history


def _remarked(found: Debiased) -> Debiased:
    """The same with what is to be remarked on, which is logged."""
    said = tuple(remarks(found))
    for remark in said:
        _log.warning(remark)
    return replace(found, remarks=said)


def _encodings(lm: ClozeLM, gradiend: Gradiend, rows: pd.DataFrame) -> pd.DataFrame:
    """h of rows, from the gradient that the feature reads."""
    kept = rows[["masked", "factual", "factual_class", "label"]]
    return kept.assign(h=encode(lm, gradiend, rows))


class _Clock:
    """Seconds of the parts of a call."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Time the block."""
        began = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - began, 2)
