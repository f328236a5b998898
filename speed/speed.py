"""Time and memory of GRADIEND: this package against the authors', side by side.

``./run_all.sh bench speed --peer ENV/bin/python``, where ENV is an environment of its
own with ``gradiend==0.2.3``::

    python3 -m venv ENV && ENV/bin/pip install torch==2.13.0 gradiend==0.2.3

The same random model, rows and batches go to both sides in turn, in two settings that
both sides have alike: ``kept``, where glibc keeps memory as run_all.sh tells it to
(GLIBC_TUNABLES), and ``plain``, where nobody told it anything. A turn is a process that
is alone on the machine; its first call is not counted. A figure is the median over all
calls. Without ``--peer`` this package is measured alone.

Each part is written as soon as it is measured and replaces its earlier figures, so a
stopped run goes on with the ``--parts`` and ``--settings`` that are missing.
``--check`` measures nothing: it fails if a bar is missed. ``--table`` writes the tables
of docs/speed.md.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import bars
import pandas as pd
import torch
import transformers
from measuring import RESULTS, TUNABLES, processor
from random_models import MODELS, save_random_model
from record import SETTINGS, Record, row_of, same
from table import DOCUMENT, LIMITS, fill
from workers import (
    OURS,
    Side,
    WorkerEnded,
    ask,
    peer,
    peer_versions,
    process,
    rows_for,
)

from gradiend.errors import InputError, check_choice, exit_status

STEPS = {"batch 1": 1, "batch 32": 32}
REAL_STEP = {"batch 16": 16}  # of a real model's training, for real.py
LIMITED = "batch 32"  # the part whose steps are compared with the machine's rates
TEXTS = 32
# What can be asked for, and the requests of it.
PARTS: dict[str, dict[str, dict]] = {
    part: {f"step, {part}": {"do": "step", "batch": batch}}
    for part, batch in (STEPS | REAL_STEP).items()
} | {
    "evaluation": {
        "encoding a row": {"do": "encode"},
        "a grid candidate": {"do": "candidate", "texts": TEXTS},
    },
}
CALLS = {"theirs": 1, "ours": 2}  # a repeat; ours are short
# How much of it a side is asked for at once. The authors' package encodes a row at a
# time: two of them tell what each takes.
AMOUNTS: dict[tuple[str, str], dict[str, int]] = {
    ("encode", "theirs"): {"rows": 2},
    ("encode", "ours"): {"rows": 32},
}


@dataclass(frozen=True)
class Measuring:
    """What is measured and how often; ``settings`` are values of GLIBC_TUNABLES."""

    sides: Mapping[str, Side]
    settings: Mapping[str, str]
    turns: int
    repeats: int
    threads: int


def measure_part(measuring: Measuring, part: str, model: Path, rows: Path) -> dict:
    """A part's rows of a record: each request to each side, in each setting and turn.

    Both sides of a setting run one after the other, so that a machine that becomes
    slower does so for both.
    """
    found: dict[tuple[str, str, str], list[list[dict]]] = {}
    for _ in range(measuring.turns):
        for setting, tunables in measuring.settings.items():
            for name, side in measuring.sides.items():
                try:
                    with process(
                        side, model, rows, threads=measuring.threads, tunables=tunables
                    ) as worker:
                        turn = _turn(worker, name, part, measuring.repeats)
                except WorkerEnded as error:
                    if name == "ours":
                        raise
                    print(f"{name}, {setting}, {part}: {error}", file=sys.stderr)
                    continue
                for measure, answers in turn.items():
                    found.setdefault((measure, setting, name), []).append(answers)
    return {key: _row(key[0], turns) for key, turns in found.items()}


def _turn(worker, side: str, part: str, repeats: int) -> dict[str, list[dict]]:
    """A process' answers by measure, those of its first calls aside."""
    found: dict[str, list[dict]] = {}
    for measure, request in PARTS[part].items():
        asked = request | AMOUNTS.get((request["do"], side), {})
        answers = [ask(worker, **asked) for _ in range(CALLS[side] * repeats + 1)]
        found[measure] = answers[1:]
    if part in STEPS | REAL_STEP:
        found[f"peak memory, {part}"] = [ask(worker, do="peak")]
    if (part, side) == (LIMITED, "ours"):
        limits = ask(worker, do="limits", batch=STEPS[part])
        shares = _shares(limits, found[f"step, {part}"])
        found |= {measure: [{"share": share}] for measure, share in shares.items()}
    return found


def _shares(limits: dict, steps: list[dict]) -> dict[str, float]:
    """How near the machine's own rates the steps come: of gradients and update."""
    gradient = statistics.median(step["gradient_seconds"] for step in steps)
    update = statistics.median(step["update_seconds"] for step in steps)
    rates = (
        limits["operations"] / gradient / limits["matmul_rate"],
        22 * 4 * limits["n"] / update / limits["copy_rate"],
    )
    return dict(zip(LIMITS, rates, strict=True))


def _row(measure: str, turns: list[list[dict]]) -> dict:
    """A record's row of a measure's answers."""
    if measure.startswith("peak memory"):
        values = [[answer["peak_MiB"] for answer in turn] for turn in turns]
        return row_of(values, largest=True)
    if measure in LIMITS:
        return row_of([[answer["share"] for answer in turn] for turn in turns])
    return row_of([[a["seconds"] / a.get("rows", 1) for a in turn] for turn in turns])


def summary(record: Record) -> pd.DataFrame:
    """A row a measure and setting: both sides and their ratio."""
    every = dict.fromkeys(key[0] for key in record.rows)
    rows = [
        {
            "measure": measure,
            "setting": setting,
            "theirs": record.value(measure, setting, "theirs"),
            "ours": record.value(measure, setting, "ours"),
            "theirs / ours": record.ratio(measure, same(setting)),
        }
        for measure in every
        for setting in SETTINGS
    ]
    return pd.DataFrame(rows).astype({"theirs": float, "theirs / ours": float})


def measure(name: str, options: argparse.Namespace) -> None:
    """Measure a model, part after part; write and show what there is."""
    theirs = {"theirs": peer(options.peer)} if options.peer else {}
    measuring = Measuring(
        sides={**theirs, "ours": OURS},
        settings=settings_of(options.settings),
        turns=options.turns,
        repeats=options.repeats,
        threads=options.threads,
    )
    record = Record.read(name, options.out).begun(conditions(options))
    with tempfile.TemporaryDirectory() as folder:
        like, kind, sizes = MODELS[name]
        model = save_random_model(Path(folder) / "model", like, kind, **sizes)
        rows = Path(folder) / "rows.json"
        rows_for(model).to_json(rows, orient="records")
        for part in options.parts:
            record = record.added(measure_part(measuring, part, model, rows))
            record.write(options.out)
    print(name)
    print(summary(record).to_string(index=False, float_format="{:.3f}".format))


def settings_of(names: list[str]) -> dict[str, str]:
    """GLIBC_TUNABLES of each setting; ``kept`` has what run_all.sh set."""
    kept = os.environ.get(TUNABLES, "")
    if "kept" in names and not kept:
        raise InputError(
            f"{TUNABLES} is not set, so nothing is kept; start ./run_all.sh bench speed"
        )
    return {name: kept if name == "kept" else "" for name in names}


def conditions(options: argparse.Namespace) -> dict[str, object]:
    """Under what is measured; figures under others are not comparable."""
    found = processor() | {
        "threads": options.threads,
        "torch": torch.__version__,
        "transformers": transformers.__version__,
    }
    if options.peer:
        found["peer"] = peer_versions(options.peer)
    settings = settings_of(options.settings)
    return found | ({TUNABLES: settings["kept"]} if "kept" in settings else {})


def run(options: argparse.Namespace) -> None:
    """Measure, or check, or fill the tables."""
    if options.table:
        fill(options.table, options.out)
    elif options.check:
        figures: dict[str, float | None] = {}
        for name in options.models:
            figures |= Record.read(name, options.out).figures()
        bars.hold(bars.of_speed(options.models), figures)
    else:
        for name in options.models:
            measure(name, options)


def _settings(text: str) -> list[str]:
    """The settings of ``--settings kept,plain``."""
    names = text.split(",")
    try:
        for name in names:
            check_choice(name, SETTINGS, "setting")
    except InputError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return names


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text}: give 1 or more")
    return int(text)


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="GRADIEND's speed, side by side")
    add = parser.add_argument
    add("--peer", help="interpreter of the environment with the peer")
    text = "both sides' memory settings, by a comma (default: %(default)s)"
    add("--settings", type=_settings, default=",".join(SETTINGS), help=text)
    add("--models", nargs="+", choices=MODELS, default=list(MODELS))
    asked = [part for part in PARTS if part not in REAL_STEP]
    add("--parts", nargs="+", choices=asked, default=asked)
    add("--turns", type=_positive, default=1, help="processes a side and setting")
    text = "calls of theirs in a turn; of ours twice as many (default: %(default)s)"
    add("--repeats", type=_positive, default=2, help=text)
    add("--threads", type=_positive, default=2)
    add("--out", type=Path, default=RESULTS, help="folder of the JSON")
    text = "measure nothing; fail if a bar is missed"
    add("--check", action="store_true", help=text)
    text = "measure nothing; write the tables of docs/speed.md (or of this file)"
    add("--table", nargs="?", type=Path, const=DOCUMENT, help=text)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    chosen = parse()
    sys.exit(exit_status(lambda: run(chosen)))
