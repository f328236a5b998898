"""What the scripts and both workers measure with; of the standard library alone."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

RESULTS = Path(__file__).resolve().parent / "results"
TUNABLES = "GLIBC_TUNABLES"  # the variable that tells glibc how to take memory


def timed(work: Callable[[], object]) -> tuple[float, object]:
    """Seconds that ``work`` takes, and what it returns."""
    start = time.perf_counter()
    found = work()
    return time.perf_counter() - start, found


def peak() -> dict:
    """Largest resident memory of this process so far (Linux).

    Not getrusage's: that begins with what the parent process had.
    """
    return {"peak_MiB": int(_value("/proc/self/status", "VmHWM").split()[0]) / 1024}


def machine() -> dict:
    """Processor, its cores that this process sees, and how glibc takes memory."""
    return processor() | {TUNABLES: os.environ.get(TUNABLES, "")}


def processor() -> dict:
    """Processor, and its cores that this process sees."""
    return {
        "processor": _value("/proc/cpuinfo", "model name"),
        "cores": os.cpu_count(),
    }


def _value(path: str, key: str) -> str:
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    found = next((line for line in lines if line.startswith(key)), ":")
    return found.partition(":")[2].strip()
