"""What computed a result, in what time and memory."""

from __future__ import annotations

import platform
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from gradiend.files import write_json


def provenance() -> dict[str, str]:
    """Versions of what computed a result."""
    packages = ("torch", "transformers", "numpy", "pandas")
    return {"python": platform.python_version()} | {
        package: version(package) for package in packages
    }


@contextmanager
def measured(path: Path) -> Iterator[None]:
    """Write wall time (s), peak memory (MiB) and device of the block to ``path``.

    They differ from run to run, so they live in a file of their own.
    """
    start = time.perf_counter()
    yield
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    cost = {"seconds": round(time.perf_counter() - start, 2), "peak_MiB": round(peak)}
    write_json(path, cost | {"device": _device()})


def _device() -> str:
    """The GPU's name once something was put on it, else CPU."""
    import torch  # here: the report's page needs none of it

    used = torch.cuda.is_available() and torch.cuda.is_initialized()
    return torch.cuda.get_device_name() if used else "CPU"
