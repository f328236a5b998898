"""What both workers measure with; of the standard library alone."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path


def timed(work: Callable[[], object]) -> tuple[float, object]:
    """Seconds that ``work`` takes, and what it returns."""
    start = time.perf_counter()
    found = work()
    return time.perf_counter() - start, found


def peak() -> dict:
    """Largest resident memory of this process so far (Linux).

    Not getrusage's: that begins with what the parent process had.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii")
    (line,) = (x for x in status.splitlines() if x.startswith("VmHWM"))
    return {"peak_MiB": int(line.split()[1]) / 1024}
