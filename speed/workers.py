"""The processes that do the measured work, and the rows they get."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import psutil
import transformers
from measuring import TUNABLES

from gradiend.errors import InputError
from study.domains import load_feature
from study.sources.world import ensure_world

HERE = Path(__file__).resolve().parent
ROWS, LONGEST = 256, 32  # rows; tokens of one
VERSIONS = """
from importlib.metadata import version
print(f"gradiend {version('gradiend')}, torch {version('torch')}")
"""


def rows_for(model: Path) -> pd.DataFrame:
    """Gender rows of the planted world, as many a class, of 32 tokens at most."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(model)
    table = load_feature("gender_MF", ensure_world()).table
    table = table[(table["split"] == "train") & ~table["masked"].str.startswith("[")]
    one = table["masked"].str.count(r"\[MASK\]") == 1
    short = table["masked"].map(lambda t: len(tokenizer(t)["input_ids"]) <= LONGEST)
    return table[one & short].groupby("label").head(ROWS // 2)


@dataclass(frozen=True)
class Side:
    """A package: its interpreter, its worker, variables that would disturb it."""

    python: str
    script: str
    without: tuple[str, ...] = ()


OURS = Side(sys.executable, "our_worker.py")


def peer(python: str) -> Side:
    """The authors' package in the environment of ``python``; it has no path to ours."""
    return Side(python, "peer_worker.py", without=("PYTHONPATH",))


def peer_versions(python: str) -> str:
    """What is compared: the package and its torch, as that environment has them.

    Raises
    ------
    InputError
        if there is no such interpreter, or it lacks one of them.
    """
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    try:
        done = subprocess.run(
            [python, "-c", VERSIONS],
            capture_output=True,
            text=True,
            check=True,
            env=environment,
        )
    except (OSError, subprocess.CalledProcessError) as error:
        raise InputError(
            f"--peer {python}: no interpreter with gradiend and torch; "
            "the head of speed/speed.py says how to make one"
        ) from error
    return done.stdout.strip()


class WorkerEnded(InputError):
    """A worker ended, most likely because its memory did."""


@contextmanager
def process(
    side: Side, model: Path, rows: Path, *, threads: int, tunables: str
) -> Iterator[subprocess.Popen]:
    """A worker that answers JSON lines and gets the memory there is, not more.

    ``tunables`` tells its glibc how to keep memory; "" leaves it as it comes.
    """
    environment = {k: v for k, v in os.environ.items() if k not in side.without}
    environment |= {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": str(threads)}
    environment.pop(TUNABLES, None)
    if tunables:
        environment[TUNABLES] = tunables
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
