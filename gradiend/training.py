"""Training GRADIEND: from batch gradients to the encoder–decoder."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from gradiend.autoencoder import Gradiend
from gradiend.checkpoints import checkpoint_path, read_checkpoint, write_checkpoint
from gradiend.classes import labels_of
from gradiend.data import check_class_sizes
from gradiend.encoding import encode
from gradiend.errors import InputError, check_seeds, need_columns
from gradiend.evaluation.contrasts import told_apart, weakest
from gradiend.gradients import gradients
from gradiend.lm.checks import known_rows
from gradiend.lm.cloze import ClozeLM
from gradiend.progress import Progress
from gradiend.sampling import balanced_sample
from gradiend.settings import TrainingSettings
from gradiend.update import Update, copied, overwrite

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrainingResult:
    """The kept GRADIEND and how training went.

    ``history`` has one row per validation: step, loss (mean squared error since the
    one before) and Pearson correlation of h with the label.
    """

    gradiend: Gradiend
    history: pd.DataFrame
    seed: int
    best_step: int
    correlation: float  # of the kept checkpoint, after sign normalisation
    seeds: dict[int, float] = field(default_factory=dict)  # |Pearson| of every run


def fit(
    lm: ClozeLM,
    table: pd.DataFrame,
    settings: TrainingSettings | None = None,
    *,
    seeds: Sequence[int] = (0,),
    checkpoints: Path | None = None,
    progress: Progress = iter,
    each: Callable[[TrainingResult], None] | None = None,
) -> TrainingResult:
    """Train once per seed and keep the run with the highest validation |Pearson|.

    Runs that have not converged are made up for by further seeds, as far as the
    settings have ``retries``; that none has is logged. ``each`` is given every run as
    it ends; none but the best is held on to. ``checkpoints`` names a folder in which
    every validation leaves the state of the run; a killed call with the same arguments
    goes on from there.

    Raises
    ------
    InputError
        if a class of ``table`` has too few rows, its tokenizer does not know a word,
        the model is in float16, or there is no seed.
    """
    settings = settings or TrainingSettings()
    check_seeds(seeds)
    best: TrainingResult | None = None
    reached: dict[int, float] = {}

    # A function, so that nothing holds on to a run while the next one trains.
    def better(best: TrainingResult | None, seed: int) -> TrainingResult:
        trainer = Trainer(lm, table, settings, seed=seed, checkpoints=checkpoints)
        run = trainer.run(progress)
        reached[seed] = run.correlation
        if each is not None:
            each(run)
        return best if best and best.correlation >= run.correlation else run

    for seed in _tried(seeds, settings, reached):
        best = better(best, seed)
    if best.correlation < settings.converged:
        _log.warning(
            "training has not converged: |Pearson| of h and the label reached %.2f on "
            "validation rows (seeds: %s; learning rate: %g); try a larger learning "
            "rate, more steps or other seeds (retries)",
            best.correlation,
            ", ".join(map(str, reached)),
            settings.learning_rate,
        )
    return replace(best, gradiend=best.gradiend.placed(lm.covered), seeds=reached)


def _tried(
    seeds: Sequence[int], settings: TrainingSettings, reached: Mapping[int, float]
) -> Iterator[int]:
    """The seeds and, while fewer runs than these have converged, the numbers behind.

    ``reached`` (|Pearson| of each seed) fills while this goes on.
    """
    yield from seeds
    for further in range(1, settings.retries + 1):
        if sum(value >= settings.converged for value in reached.values()) >= len(seeds):
            return
        yield max(seeds) + further


class Trainer:
    """One training run of ``settings.steps`` optimisation steps (paper, Sec. 3).

    A step encodes the batch-averaged gradient of 32 texts of one class and decodes
    ∇±W of the same batch; the classes take turns. The base model never changes. Two
    classes make one neuron, as in the paper; k + 1 classes make k. It begins at random.

    Raises
    ------
    InputError
        if a class of ``table`` has too few rows, its tokenizer does not know a word, or
        the model is in float16.
    """

    def __init__(
        self,
        lm: ClozeLM,
        table: pd.DataFrame,
        settings: TrainingSettings | None = None,
        *,
        seed: int = 0,
        checkpoints: Path | None = None,
    ) -> None:
        self.settings = settings or TrainingSettings()
        self.lm = lm
        self.seed = seed
        remedy = "gradiend.data.complete_table gives a table all that it needs"
        need_columns(table.columns, ("masked", "label", "split"), "table", remedy)
        table = lm.usable(table)
        check_class_sizes(
            table, min_rows=max(1, self.settings.min_rows), held_out=("validation",)
        )
        train = table[table["split"] == "train"]
        self.labels = labels_of(table)
        self.rows = {
            label: known_rows(lm, train[train["label"] == label])
            for label in self.labels
        }
        validation = self._validation(table)
        self.validation_labels = validation["label"].to_numpy()
        self.validation_rows = known_rows(lm, validation)
        neurons = len(self.labels) - 1
        self.gradiend = Gradiend.initialise(lm.covered, seed=seed, neurons=neurons)
        self.update = Update(self.gradiend, self.settings)
        self.step = 0
        self.history: list[dict] = []
        self.best: tuple[np.ndarray, int, Gradiend] | None = None
        self.checkpoint: Path | None = None
        if checkpoints is not None:
            self.checkpoint = checkpoint_path(
                checkpoints, lm, table, self.settings, seed=seed
            )

    def run(self, progress: Progress = iter) -> TrainingResult:
        """Train to the end (from the last checkpoint, if there is one)."""
        self._resume()
        losses: list[float] = []
        for step in progress(range(self.step + 1, self.settings.steps + 1)):
            losses.append(self._train_step(step - 1))
            self.step = step
            if self._validates_at(self.step):
                self._validate(float(np.mean(losses)))
                losses.clear()
        return self._result()

    def _train_step(self, number: int) -> float:
        """Step ``number``, counted from 0; returns its loss."""
        turn, place = divmod(number, len(self.labels))
        batch = self.lm.batch(self._draw(self.labels[place], turn), packed=True)
        source = self.settings.source
        found = gradients(
            self.lm, batch, sources=tuple(dict.fromkeys((source, "difference")))
        )
        loss = self.update(found[source], found["difference"])
        self._refuse_infinite(loss, "loss", number + 1)
        return loss

    def _refuse_infinite(self, value: float, what: str, step: int) -> None:
        """A run that has left the finite numbers never comes back."""
        if not np.isfinite(value):
            raise InputError(
                f"the {what} is {value} at step {step} (learning rate "
                f"{self.settings.learning_rate:g}, seed {self.seed}); train with a "
                "smaller learning rate"
            )

    def _draw(self, label: int, turn: int) -> list:
        """The class's ``turn``-th batch: seeded passes over its rows, without state."""
        rows, size = self.rows[label], self.settings.batch_size
        picked = []
        for place in range(turn * size, (turn + 1) * size):
            epoch, index = divmod(place, len(rows))
            picked.append(rows[_order(self.seed, label, epoch, len(rows))[index]])
        return picked

    def _validates_at(self, step: int) -> bool:
        every = self.settings.evaluate_every
        return step == 1 or step % every == 0 or step == self.settings.steps

    def _validate(self, loss: float) -> None:
        h = encode(
            self.lm, self.gradiend, self.validation_rows, source=self.settings.source
        )
        correlations = told_apart(h, self.validation_labels)
        correlation = weakest(correlations)
        self._refuse_infinite(correlation, "correlation", self.step)
        self.history.append({"step": self.step, "loss": loss, "pearson": correlation})
        if self.best is None or abs(correlation) > abs(weakest(self.best[0])):
            self.best = (correlations, self.step, self._kept())
        self._save()

    def _kept(self) -> Gradiend:
        """A copy of the GRADIEND, in the place of the one kept before.

        It is in main memory: a GPU that trains has no room for another one.
        """
        if self.best is None:
            return copied(self.gradiend, "cpu")
        overwrite(self.best[2].tensors(), self.gradiend.tensors())
        return self.best[2]

    def _result(self) -> TrainingResult:
        correlations, step, gradiend = self.best
        if (correlations < 0).any():
            gradiend = gradiend.flipped(np.where(correlations < 0, -1, 1))
        metadata = {
            "base_model": self.lm.name,
            "settings": asdict(self.settings),
            "seed": self.seed,
            "best_step": step,
        }
        return TrainingResult(
            replace(gradiend, metadata=metadata),
            pd.DataFrame(self.history),
            self.seed,
            step,
            abs(weakest(correlations)),
        )

    def _validation(self, table: pd.DataFrame) -> pd.DataFrame:
        rows = table[(table["split"] == "validation") & (table["label"] != 0)]
        limit = self.settings.validation_rows
        return balanced_sample(rows, limit, by="label", seed=self.seed)

    def _save(self) -> None:
        if self.checkpoint is None:
            return
        correlations, step, best = self.best
        header = {
            "step": self.step,
            "history": self.history,
            "best": [correlations.tolist(), step],
        }
        kinds = self.update.state() | {"best": best.tensors()}
        write_checkpoint(self.checkpoint, kinds, header)

    def _resume(self) -> None:
        found = None if self.checkpoint is None else read_checkpoint(self.checkpoint)
        if found is None:
            return
        kinds, header = found
        best = copied(self.gradiend, "cpu")
        overwrite(best.tensors(), kinds.pop("best"))
        self.update.load(kinds, steps=header["step"])
        correlations, step = header["best"]
        self.best = (np.array(correlations), step, best)
        self.history = header["history"]
        self.step = header["step"]


@lru_cache(maxsize=8)
def _order(seed: int, label: int, epoch: int, rows: int) -> np.ndarray:
    return np.random.default_rng([seed, label + 1, epoch]).permutation(rows)
