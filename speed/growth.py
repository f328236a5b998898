"""How time and memory grow: with n, the batch, the rows and the candidates.

``./run_all.sh bench growth`` measures this package on random models of BERT's kind,
writes growth.json and draws growth.svg and growth.png. Time is linear in each of them
as soon as a model keeps the cores busy: a step is 22n numbers moved and some 10n
operations a token, an encoding two forward passes a row, a candidate one rewriting (3n
numbers) and its forward passes. ``--check`` fails if the file's figures do not hold.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import bars
import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure
from measuring import RESULTS, TUNABLES, machine
from random_models import save_random_model
from workers import OURS, ask, process, rows_for

from gradiend.errors import exit_status
from gradiend.files import atomic_path, read_json, write_json
from study.report.plots import PALETTE

WIDTHS = (256, 384, 512, 768)  # of 12 layers: n from 17 to 108 million
BASE = 384
BATCHES = (1, 4, 8, 16, 32, 64)
ROWS = (16, 32, 64, 128, 256)
CANDIDATES = (1, 2, 4, 8, 16)
REPEATS = 3
GROWING = ("seconds", "peak_MiB")


def build(width: int, folder: Path) -> Path:
    """A BERT of 12 layers of ``width``, its weights random."""
    return save_random_model(
        folder,
        "standin-bert-base",
        "Bert",
        vocab_size=28_996,
        hidden_size=width,
        num_attention_heads=width // 64,
        intermediate_size=4 * width,
    )


def measures(width: int, requests: Mapping[str, list[dict]], threads: int) -> Iterator:
    """(axis, what is asked, answer) of a model; n and the peak memory with it.

    Each axis has a process of its own, so that its peak is its own.
    """
    with tempfile.TemporaryDirectory() as folder:
        model, rows = build(width, Path(folder) / "m"), Path(folder) / "rows.json"
        rows_for(model).to_json(rows, orient="records")
        for axis, asked in requests.items():
            for request in asked:
                tunables = os.environ.get(TUNABLES, "")
                with process(
                    OURS, model, rows, threads=threads, tunables=tunables
                ) as worker:
                    ask(worker, **request)  # warm
                    answers = [ask(worker, **request) for _ in range(REPEATS)]
                    peak = ask(worker, do="peak")["peak_MiB"]
                yield (
                    axis,
                    request,
                    {
                        "seconds": statistics.median(a["seconds"] for a in answers),
                        "all_seconds": [a.get("all_seconds") for a in answers],
                        "peak_MiB": peak,
                    },
                )


def collect(threads: int) -> pd.DataFrame:
    """One row a measure: axis, size, seconds, peak memory."""
    step = {"do": "step", "batch": 16}
    found = []
    for width in WIDTHS:
        for _, _, answer in measures(width, {"n": [step]}, threads):
            found.append(
                {"axis": "n (million)", "size": size_of(width) / 1e6, **answer}
            )
    axes = {
        "batch": [{"do": "step", "batch": size} for size in BATCHES],
        "rows": [{"do": "encode", "rows": size} for size in ROWS],
        "candidates": [
            {"do": "candidate", "texts": 32, "candidates": size} for size in CANDIDATES
        ],
    }
    for axis, request, answer in measures(BASE, axes, threads):
        size = [value for key, value in request.items() if key not in ("do", "texts")]
        if axis == "candidates":  # with the base model, which is measured, too
            answer["seconds"] = statistics.median(answer["all_seconds"])
            size = [size[0] + 1]
        found.append({"axis": axis, "size": size[0], **answer})
    return pd.DataFrame(found).drop(columns="all_seconds")


def size_of(width: int) -> int:
    """n of a BERT of 12 layers, without pooler and head."""
    embeddings = (28_996 + 512 + 2) * width + 2 * width
    layer = 4 * (width * width + width) + 2 * 4 * width * width + 5 * width + 4 * width
    return embeddings + 12 * layer


def draw(found: pd.DataFrame) -> Figure:
    """Time above, peak memory below, one column an axis."""
    axes = list(found["axis"].unique())
    base = f"n = {size_of(BASE) / 1e6:.0f} million"
    titles = {
        "n (million)": "training step, batch 16",
        "batch": f"training step, {base}",
        "rows": f"encoding, {base}",
        "candidates": f"grid, {base}",
    }
    figure, panels = plt.subplots(
        2, len(axes), figsize=(11, 4.8), sharex="col", layout="constrained"
    )
    for column, axis in enumerate(axes):
        part = found[found["axis"] == axis]
        for row, (values, label) in enumerate(
            ((part["seconds"], "seconds"), (part["peak_MiB"] / 1024, "peak GiB"))
        ):
            panel = panels[row, column]
            panel.plot(part["size"], values, "o-", color=PALETTE[row], markersize=4)
            panel.set_ylim(0, 1.1 * values.max())
            panel.set_xlim(left=0)
            panel.grid(alpha=0.3)
            if column == 0:
                panel.set_ylabel(label)
        panels[0, column].set_title(titles[axis], fontsize=10)
        panels[1, column].set_xlabel(axis)
    return figure


def figures(found: pd.DataFrame) -> dict[str, float]:
    """What the bars are about: an axis' largest size over its smallest."""
    grown = {}
    for axis, part in found.groupby("axis"):
        ends = part.set_index("size").sort_index().iloc[[0, -1]]
        size = ends.index[1] / ends.index[0]
        seconds, memory = (ends[key].iloc[1] / ends[key].iloc[0] for key in GROWING)
        grown[f"{axis}: growth of seconds / growth of size"] = seconds / size
        grown[f"{axis}: growth of peak memory / growth of size"] = memory / size
        grown[f"{axis}: growth of peak memory"] = memory
    return grown


def run(options: argparse.Namespace) -> None:
    """Measure, write and draw; or check what was written."""
    if options.check:
        found = pd.DataFrame(read_json(options.out / "growth.json")["measures"])
        bars.hold(bars.GROWTH, figures(found))
        return
    found = collect(options.threads)
    print(found.to_string(index=False, float_format="{:.3f}".format))
    options.out.mkdir(parents=True, exist_ok=True)
    write_json(
        options.out / "growth.json",
        {
            "threads": options.threads,
            "machine": machine(),
            "measures": found.to_dict("records"),
        },
    )
    figure = draw(found)
    for suffix in ("svg", "png"):
        with atomic_path(options.out / f"growth.{suffix}") as unfinished:
            figure.savefig(unfinished, format=suffix, dpi=150)


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="How time and memory grow")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path, default=RESULTS)
    text = "measure nothing; fail if a bar is missed"
    parser.add_argument("--check", action="store_true", help=text)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    chosen = parse()
    sys.exit(exit_status(lambda: run(chosen)))
