"""A real model from a file to a levelled model: this package against the authors'.

``./run_all.sh bench real [--peer ENV/bin/python]`` (ENV: the head of ``speed.py`` says
how to make it) takes SmolLM2-135M-Instruct and gender rows of the real texts. Ours are
whole runs of ``gradiend debias``, by the closed form and by training, with their parts.
Theirs are made up of what was measured here of each part: its steps times as many as
ours takes, and its package's own grid. Loading, and whatever else its trainer does
between steps, is not counted. Both sides have the same rows, threads and memory
setting, one process at a time. Theirs needs 20 GB.

``--check`` measures nothing: it fails if a bar is missed.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import bars
import pandas as pd
import transformers
from bars import CHOSEN, CLOSED_FORM_SECONDS, REAL_MODEL, TRAINED
from measuring import RESULTS, TUNABLES
from record import Record, row_of
from workers import OURS, Side, peer

import speed
from gradiend.errors import InputError, exit_status
from gradiend.files import read_json, write_csv
from gradiend.sampling import balanced_sample
from study.domains import load_feature
from study.models.smollm2 import dequantised
from study.profiles.profile import CARRIED
from study.results.places import results_root
from study.sources.chosen import source_of

LONGEST = 64  # tokens of a row
ROWS = 600  # of all splits
BATCH = 16
PARTS = ("batch 16", "evaluation")  # of speed.py
# gradiend 0.2.3 asks each class' factor with 16 rates, 100 to .001.
PEER_CANDIDATES = 32
METHODS = {"closed form": "closed-form", "trained": "train"}
SETTING = "kept"
PEAKED = Path(__file__).with_name("peaked.py")


def real_rows(model: Path) -> pd.DataFrame:
    """Gender rows of the real texts with their splits, as many a class."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(model)
    table = load_feature("gender_MF", source_of(CARRIED).folder).table
    one = table["masked"].str.count(r"\[MASK\]") == 1
    inside = ~table["masked"].str.startswith("[")
    short = table["masked"].map(lambda t: len(tokenizer(t)["input_ids"]) <= LONGEST)
    return balanced_sample(
        table[one & inside & short], ROWS, by=["split", "label"], seed=0
    )


def debias_rows(
    model: Path, rows: Path, options: argparse.Namespace, folder: Path
) -> Iterator[tuple[tuple[str, str, str], dict]]:
    """Rows of a record: whole runs of ``gradiend debias``, with their parts."""
    for called, method in METHODS.items():
        command = ["gradiend", "debias", str(model), str(rows)]
        command += ["--out", str(folder / method), "--method", method]
        if method == "train":
            command += ["--steps", str(options.steps), "--batch-size", str(BATCH)]
        seconds, peak = process(command, options.threads)
        parts = read_json(folder / method / "debiased.json")["seconds"]
        total = row_of([[seconds]], parts=parts)
        yield (f"{CHOSEN}, {called}", SETTING, "ours"), total
        yield (
            (f"peak memory, {called}", SETTING, "ours"),
            row_of([[peak]], largest=True),
        )
        if method == "train":
            yield (TRAINED, SETTING, "ours"), row_of([[parts["learn"]]])


def process(command: list[str], threads: int) -> tuple[float, float]:
    """Seconds and peak memory (MiB) of a module and its arguments, in a process alone.

    Raises
    ------
    InputError
        with the last line that it said, if it fails.
    """
    environment = os.environ | {"OMP_NUM_THREADS": str(threads), "TQDM_DISABLE": "1"}
    environment[TUNABLES] = speed.settings_of([SETTING])[SETTING]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "peak.json"
        began = time.perf_counter()
        done = subprocess.run(
            [sys.executable, str(PEAKED), str(path), *command],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        seconds = time.perf_counter() - began
        if done.returncode:
            last = done.stdout.strip().splitlines()[-1:]
            raise InputError(f"{' '.join(command[:2])} failed: {''.join(last)}")
        return seconds, read_json(path)["peak_MiB"]


def assembled(record: Record, steps: int) -> Record:
    """With what a user of the authors' package waits for, made up of its parts."""
    step = record.value("step, batch 16", SETTING, "theirs")
    candidate = record.value("a grid candidate", SETTING, "theirs")
    rows = {}
    if step is not None:
        of = f"{steps} steps of {BATCH} rows at {step:.1f} s"
        rows[TRAINED, SETTING, "theirs"] = row_of([[steps * step]], made_of=of)
    if step is not None and candidate is not None:
        of = f"{steps} steps at {step:.1f} s, {PEER_CANDIDATES} candidates at "
        value = steps * step + PEER_CANDIDATES * candidate
        of += f"{candidate:.1f} s"
        rows[CHOSEN, SETTING, "theirs"] = row_of([[value]], made_of=of)
    ours = record.rows.get((f"{CHOSEN}, closed form", SETTING, "ours"))
    if ours:
        rows[CHOSEN, SETTING, "ours"] = ours
    return record.added(rows)


def figures(record: Record) -> dict[str, float | None]:
    """What the bars are about."""
    seconds = record.value(f"{CHOSEN}, closed form", SETTING, "ours")
    return record.figures() | {CLOSED_FORM_SECONDS: seconds}


def measure(options: argparse.Namespace) -> Record:
    """Measure part after part; each is written as soon as it is there."""
    model = results_root() / "models" / "smollm2-135m-instruct"
    if not model.exists():
        dequantised(model)
    theirs: dict[str, Side] = {"theirs": peer(options.peer)} if options.peer else {}
    measuring = speed.Measuring(
        sides={**theirs, "ours": OURS},
        settings=speed.settings_of([SETTING]),
        turns=1,
        repeats=options.repeats,
        threads=options.threads,
    )
    asked = argparse.Namespace(**vars(options), settings=[SETTING])
    record = Record.read(REAL_MODEL, options.out).begun(speed.conditions(asked))
    with tempfile.TemporaryDirectory() as folder:
        table = real_rows(model)
        every, train = Path(folder) / "rows.csv", Path(folder) / "train.json"
        write_csv(every, table)
        table[table["split"] == "train"].to_json(train, orient="records")
        for key, row in debias_rows(model, every, options, Path(folder)):
            record = record.added({key: row})
            record.write(options.out)
        for part in PARTS:
            record = record.added(speed.measure_part(measuring, part, model, train))
            record.write(options.out)
    record = assembled(record, options.steps)
    record.write(options.out)
    return record


def run(options: argparse.Namespace) -> None:
    """Measure and show, or check."""
    if options.check:
        bars.hold(bars.REAL, figures(Record.read(REAL_MODEL, options.out)))
        return
    record = measure(options)
    table = speed.summary(record)
    table = table[table["setting"] == SETTING].drop(columns="setting")
    print(table.to_string(index=False, float_format="{:.2f}".format))
    for called in METHODS:
        row = record.rows[f"{CHOSEN}, {called}", SETTING, "ours"]
        parts = ", ".join(
            f"{part} {value:.0f} s" for part, value in row["parts"].items()
        )
        print(f"ours, {called}: {row['value']:.0f} s ({parts})")


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    add = parser.add_argument
    add("--peer", help="interpreter of the environment with the peer")
    add("--steps", type=int, default=100, help="of training (default: %(default)s)")
    add("--repeats", type=int, default=1, help="calls of theirs a measure")
    add("--threads", type=int, default=2)
    add("--out", type=Path, default=RESULTS, help="folder of the JSON")
    add("--check", action="store_true", help="measure nothing; fail if a bar is missed")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    chosen = parse()
    sys.exit(exit_status(lambda: run(chosen)))
