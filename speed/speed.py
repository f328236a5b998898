"""Time and memory of GRADIEND: this package against the authors', side by side.

``./run_all.sh bench speed --peer ENV/bin/python``, where ENV is an environment of its
own with ``gradiend==0.2.3``::

    python3 -m venv ENV && ENV/bin/pip install torch==2.13.0 gradiend==0.2.3

The same random model, rows and batches go to both sides in turn. A turn is a process
that is alone on the machine; its first call is not counted. A figure is the median over
all turns. Each side runs as its users run it: run_all.sh tells glibc how to keep memory
(GLIBC_TUNABLES), and ``--kept`` tells the peer, too. Without ``--peer`` this package is
measured alone.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import psutil
import torch
import transformers
from measuring import RESULTS, machine
from random_models import MODELS, save_random_model

from gradiend.errors import InputError, exit_status
from gradiend.files import write_json
from study.domains import load_feature
from study.sources.world import ensure_world

HERE = Path(__file__).resolve().parent
BATCHES = (1, 32)
TEXTS = 32
STEPS = {
    f"batch {batch}": {f"step, batch {batch}": {"do": "step", "batch": batch}}
    for batch in BATCHES
}
# What can be asked for, and the requests of it; limits are this package's alone.
PARTS: dict[str, dict[str, dict]] = STEPS | {
    "evaluation": {
        "encoding a row": {"do": "encode"},
        "a grid candidate": {"do": "candidate", "texts": TEXTS},
    },
    "limits": {},
}
TURNS = 2
CALLS = {"theirs": 1, "ours": 3}  # ours are short
# The authors' package encodes a row at a time: a few of them tell what each takes.
ENCODED = {"theirs": 4, "ours": 32}
CANDIDATES = 4
LONGEST = 32  # tokens of a row
# What must hold, as ratios theirs / ours.
BARS = {
    ("BERT-base size", "step, batch 32"): 25,
    ("BERT-base size", "step, batch 1"): 6,
    ("BERT-base size", "encoding a row"): 30,
    ("BERT, 4 layers of 256", "encoding a row"): 20,
    ("BERT-base size", "a grid candidate"): 5,
    ("BERT-base size", "peak memory, batch 32"): 2.5,
    ("BERT-base size", "peak memory, batch 1"): 1 / 0.65,
}


def rows_for(model: Path, count: int = 256) -> pd.DataFrame:
    """Gender rows of the planted world, as many a class, of 32 tokens at most."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(model)
    table = load_feature("gender_MF", ensure_world()).table
    table = table[(table["split"] == "train") & ~table["masked"].str.startswith("[")]
    one = table["masked"].str.count(r"\[MASK\]") == 1
    short = table["masked"].map(lambda t: len(tokenizer(t)["input_ids"]) <= LONGEST)
    return table[one & short].groupby("label").head(count // 2)


@dataclass(frozen=True)
class Side:
    """A package: its interpreter, its worker, variables its users do not have."""

    python: str
    script: str
    without: tuple[str, ...] = ()


OURS = Side(sys.executable, "our_worker.py")


class WorkerEnded(InputError):
    """A worker ended, most likely because its memory did."""


@contextmanager
def process(
    side: Side, model: Path, rows: Path, threads: int
) -> Iterator[subprocess.Popen]:
    """A worker that answers JSON lines and gets the memory there is, not more."""
    environment = {k: v for k, v in os.environ.items() if k not in side.without}
    environment |= {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": str(threads)}
    command = [side.python, str(HERE / side.script), "--threads", str(threads)]
    command += ["--model", str(model), "--rows", str(rows)]
    memory = psutil.virtual_memory().available
    worker = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (memory, memory)),
    )
    try:
        _answer(worker, command)
        yield worker
    finally:
        worker.kill()
        worker.wait()


def ask(worker: subprocess.Popen, **request) -> dict:
    """One request and its answer."""
    worker.stdin.write(json.dumps(request) + "\n")
    worker.stdin.flush()
    return _answer(worker, request)


def _answer(worker: subprocess.Popen, asked: object) -> dict:
    line = worker.stdout.readline()
    if not line:
        raise WorkerEnded(f"the worker ended at {asked}; run it by hand to see why")
    return json.loads(line)


def measure(name: str, sides: Mapping[str, Side], options) -> list[dict]:
    """A model's measures of ``options.parts``, a row each: measure, side, median."""
    found: list[dict] = []
    with tempfile.TemporaryDirectory() as folder:
        like, kind, sizes = MODELS[name]
        model = save_random_model(Path(folder) / "model", like, kind, **sizes)
        rows = Path(folder) / "rows.json"
        rows_for(model).to_json(rows, orient="records")
        for part in options.parts:
            if part == "limits":
                found += _limits(model, rows, options)
            else:
                found += _by_turns(sides, model, rows, options, part)
    return [{"model": name, **row} for row in found]


def _by_turns(
    sides: Mapping[str, Side], model: Path, rows: Path, options, part: str
) -> list[dict]:
    """Each request of a part to each side, in each of its turns."""
    requests, peak = PARTS[part], f"peak memory, {part}"
    found: dict[tuple[str, str], list[dict]] = {}
    peaks: dict[str, list[float]] = {}
    for name, side in list(sides.items()) * TURNS:
        try:
            with process(side, model, rows, options.threads) as worker:
                for number in range(options.repeats * CALLS[name] + 1):
                    for measure_name, request in requests.items():
                        answer = ask(worker, **request, **_amount(request["do"], name))
                        if number:  # the first call of a process is slow
                            found.setdefault((measure_name, name), []).append(answer)
                if part in STEPS:
                    largest = ask(worker, do="peak")["peak_MiB"]
                    peaks.setdefault(name, []).append(largest)
        except WorkerEnded as error:
            if side is OURS:
                raise
            print(f"{name}: {error}")
    rows_found = []
    for (measure_name, side), answers in found.items():
        times = [answer["seconds"] / answer.get("rows", 1) for answer in answers]
        row = {"measure": measure_name, "side": side, "value": statistics.median(times)}
        for part in ("gradient_seconds", "update_seconds"):
            if part in answers[0]:
                row[part] = statistics.median(a[part] for a in answers)
        rows_found.append(row | {"all": times})
    return rows_found + [
        {"measure": peak, "side": side, "value": max(values), "all": values}
        for side, values in peaks.items()
    ]


def _amount(work: str, side: str) -> dict[str, int]:
    """How much of it a side is asked for at once."""
    if work == "encode":
        return {"rows": ENCODED[side]}
    return {"candidates": CANDIDATES} if (work, side) == ("candidate", "ours") else {}


def _limits(model: Path, rows: Path, options) -> list[dict]:
    """How near the machine's own rates a step comes."""
    batch = BATCHES[-1]
    with process(OURS, model, rows, options.threads) as worker:
        ask(worker, do="step", batch=batch)
        limits = ask(worker, do="limits", batch=batch)
        calls = range(options.repeats * CALLS["ours"])
        steps = [ask(worker, do="step", batch=batch) for _ in calls]
    gradient = statistics.median(step["gradient_seconds"] for step in steps)
    update = statistics.median(step["update_seconds"] for step in steps)
    return [
        {
            "measure": "operations a second of the gradients, share of a matmul's",
            "side": "ours",
            "value": limits["operations"] / gradient / limits["matmul_rate"],
        },
        {
            "measure": "bytes a second of the update, share of a copy's",
            "side": "ours",
            "value": 22 * 4 * limits["n"] / update / limits["copy_rate"],
        },
    ]


def summary(found: list[dict]) -> pd.DataFrame:
    """A row a model and measure: both sides, their ratio, and what must hold."""
    table = pd.DataFrame(found)
    wide = table.pivot_table(
        index=["model", "measure"], columns="side", values="value", sort=False
    ).reset_index()
    if "theirs" in wide:
        wide["theirs / ours"] = wide["theirs"] / wide["ours"]
        keys = zip(wide["model"], wide["measure"], strict=True)
        wide["must be at least"] = [BARS.get(key) for key in keys]
    return wide


def run(options: argparse.Namespace) -> None:
    """Measure, show and write."""
    sides = {"ours": OURS}
    if options.peer:
        without = ("PYTHONPATH",) if options.kept else ("PYTHONPATH", "GLIBC_TUNABLES")
        sides = {"theirs": Side(options.peer, "peer_worker.py", without), **sides}
    for name in options.models:
        slug = re.sub(r"[^a-z0-9]+", "_", name.lower()) + "_kept" * options.kept
        path = options.out / f"speed_{slug}.json"
        found = measure(name, sides, options)
        found = _of_other_parts(path, found) + found
        print(summary(found).to_string(index=False, float_format="{:.3f}".format))
        write_json(
            path,
            {
                "turns": TURNS,
                "calls_a_turn": {k: v * options.repeats for k, v in CALLS.items()},
                "peer_has_tunables": options.kept,
                "threads": options.threads,
                "rows_encoded": ENCODED,
                "texts_of_a_candidate": TEXTS,
                "machine": machine(),
                "torch": torch.__version__,
                "transformers": transformers.__version__,
                "measures": found,
            },
        )


def _of_other_parts(path: Path, found: list[dict]) -> list[dict]:
    """What an earlier run measured of other parts."""
    if not path.exists():
        return []
    new = {(row["measure"], row["side"]) for row in found}
    old = json.loads(path.read_text(encoding="utf-8"))["measures"]
    return [row for row in old if (row["measure"], row["side"]) not in new]


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="GRADIEND's speed, side by side")
    parser.add_argument("--peer", help="interpreter of the environment with the peer")
    parser.add_argument(
        "--kept", action="store_true", help="the peer has GLIBC_TUNABLES, too"
    )
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS))
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--repeats", type=int, default=3, help="in each of two turns")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the JSON")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    chosen = parse()
    sys.exit(exit_status(lambda: run(chosen)))
