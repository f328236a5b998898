"""The measured work of this package, one JSON line at a time (see ``speed.py``)."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from measuring import peak, timed
from torch.utils.flop_counter import FlopCounterMode

from gradiend.autoencoder import Gradiend
from gradiend.data import SLOT
from gradiend.encoding import encode
from gradiend.evaluation.decoder import DecoderMeasure, evaluate_grid
from gradiend.evaluation.indices import balanced_index
from gradiend.evaluation.scoring import ClassProbabilities, LanguageModelling
from gradiend.gradients import gradients
from gradiend.lm.cloze import ClozeLM
from gradiend.settings import TrainingSettings
from gradiend.update import Update

SOURCES = ("factual", "difference")


class Worker:
    """A model, its rows and a GRADIEND in training."""

    def __init__(self, model: Path, rows: pd.DataFrame) -> None:
        self.lm = ClozeLM.from_pretrained(model)
        self.table = rows
        self.rows = self.lm.encode(rows)
        self.gradiend = Gradiend.initialise(self.lm.covered, seed=0)
        self._update: Update | None = None
        self.turn = 0

    def step(self, batch: int) -> dict:
        """One training step: a batch, its two gradients, the update."""
        rows = self._draw(batch)
        gradient_seconds, found = timed(
            lambda: gradients(
                self.lm, self.lm.batch(rows, packed=True), sources=SOURCES
            )
        )
        update_seconds, _ = timed(lambda: self.update(*found.values()))
        return {
            "seconds": gradient_seconds + update_seconds,
            "gradient_seconds": gradient_seconds,
            "update_seconds": update_seconds,
        }

    @property
    def update(self) -> Update:
        """The optimiser, once training has begun."""
        if self._update is None:
            self._update = Update(self.gradiend, TrainingSettings())
        return self._update

    def encode(self, rows: int) -> dict:
        """h of the first rows."""
        table = self.table.head(rows)
        seconds, h = timed(lambda: encode(self.lm, self.gradiend, table))
        return {"seconds": seconds, "rows": len(h)}

    def candidate(self, texts: int, candidates: int = 1) -> dict:
        """Rewritten models, each asked for P(class) and LMS on some texts."""
        table = self.table.head(texts)
        filled = [
            masked.replace(SLOT, word)
            for masked, word in zip(table["masked"], table["factual"], strict=True)
        ]
        words = {
            name: {word: 1.0 for word in group.unique()}
            for name, group in self.table.groupby("factual_class")["factual"]
        }
        measure = DecoderMeasure(
            ClassProbabilities(self.lm, table["masked"].tolist(), words),
            LanguageModelling(self.lm, filled, seed=0),
            balanced_index,
        )
        rates = np.linspace(0.01, 0.02, candidates).tolist()
        seconds, every = grid_seconds(
            lambda progress: evaluate_grid(
                self.lm,
                self.gradiend,
                measure,
                feature_factors=(1.0,),
                learning_rates=rates,
                progress=progress,
            )
        )
        return {"seconds": seconds / candidates, "all_seconds": every}

    def limits(self, batch: int) -> dict:
        """Operations of a batch's gradients, and the machine's plain rates."""
        rows = self._draw(batch)
        with FlopCounterMode(display=False) as counter:
            gradients(self.lm, self.lm.batch(rows, packed=True), sources=SOURCES)
        square = torch.rand(2048, 2048)
        vector = torch.rand(1 << 27)
        target = torch.empty_like(vector)
        product = min(timed(lambda: square @ square)[0] for _ in range(5))
        copy = min(timed(lambda: target.copy_(vector))[0] for _ in range(5))
        return {
            "n": self.gradiend.size,
            "operations": counter.get_total_flops(),
            "matmul_rate": 2 * 2048**3 / product,
            "copy_rate": 2 * 4 * len(vector) / copy,
        }

    def _draw(self, batch: int) -> list:
        """Rows of one class; the classes take turns."""
        self.turn += 1
        label = 1 if self.turn % 2 else -1
        chosen = np.flatnonzero(self.table["label"] == label)
        return [self.rows[chosen[i % len(chosen)]] for i in range(batch)]


def grid_seconds(
    grid: Callable[[Callable[[Iterable], Iterator]], object],
) -> tuple[float, float]:
    """Seconds of a grid's candidates, and of the whole grid with the base model.

    The base comes first and is not rewritten, so it would make a candidate look fast.
    ``grid`` goes through its candidates by the function it gets.
    """
    begun: list[float] = []

    def watch(candidates: Iterable) -> Iterator:
        for candidate in candidates:
            begun.append(time.perf_counter())
            yield candidate

    grid(watch)
    end = time.perf_counter()
    return end - begun[1], end - begun[0]


def serve(worker: Worker) -> None:
    """Answer requests until the end of the input."""
    print(json.dumps({"ready": True, "n": worker.gradiend.size}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        work = request.pop("do")
        if work == "quit":
            return
        answer = peak() if work == "peak" else getattr(worker, work)(**request)
        print(json.dumps(answer), flush=True)


def main() -> None:
    """Command line of the script."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--rows", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    serve(Worker(options.model, pd.read_json(options.rows)))


if __name__ == "__main__":
    main()
