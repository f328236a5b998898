"""What computed a result, in what time and memory."""

from __future__ import annotations

import hashlib
import platform
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path

from gradiend.files import write_json
from study.results.places import REPOSITORY


def provenance() -> dict[str, str]:
    """Versions of what computed a result."""
    packages = ("torch", "transformers", "numpy", "pandas")
    return {"python": platform.python_version()} | {
        package: version(package) for package in packages
    }


@cache
def code_digest(*packages: str) -> str:
    """Of the code that computes results: what other code left half done is not ours.

    ``packages`` are those that do, by default both; plans and the report compute none.
    """
    digest = hashlib.sha256()
    packages = packages or ("gradiend", "study")
    for path in sorted(path for name in packages for path in _modules(name)):
        place = path.relative_to(REPOSITORY)
        if place.parts[:2] not in _NO_RESULTS:
            digest.update(f"{place}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def _modules(package: str) -> Iterator[Path]:
    return (REPOSITORY / package).rglob("*.py")


_NO_RESULTS = (("study", "run"), ("study", "report"))
_STATUS, _REFERENCES = Path("/proc/self/status"), Path("/proc/self/clear_refs")
_NEW_PEAK = "5"  # what Linux begins a new peak for
_open: list[dict[str, float]] = []  # the peaks of blocks that are not over


@contextmanager
def measured(path: Path) -> Iterator[dict[str, float]]:
    """Write wall time (s), peak memory (MiB) and device of the block to ``path``.

    The peak is the process's inside the block (where the system does not tell: so far),
    ``peak_GPU_MiB`` what its tensors took of a GPU. They differ from run to run, so
    they live in a file of their own, with whatever else the block puts into the dict.
    """
    start, more = time.perf_counter(), {}
    _note_peaks()
    _open.append({})
    try:
        yield more
    finally:
        _note_peaks()
        peaks = _open.pop()
    cost = {"seconds": round(time.perf_counter() - start, 2)}
    peaks = {name: round(peak) for name, peak in peaks.items()}
    write_json(path, cost | peaks | more | {"device": _device()})


def _note_peaks() -> None:
    """Tell every open block the peaks since the last note, and begin new ones."""
    peaks = {"peak_MiB": _peak()}
    if _on_gpu():
        import torch

        peaks["peak_GPU_MiB"] = torch.cuda.max_memory_allocated() / 2**20
        torch.cuda.reset_peak_memory_stats()
    for block in _open:
        block |= {name: max(peak, block.get(name, 0)) for name, peak in peaks.items()}
    with suppress(OSError):  # no Linux, or not allowed
        _REFERENCES.write_text(_NEW_PEAK)


def _peak() -> float:
    """MiB of memory at most since the peak was last begun."""
    with suppress(OSError):
        for line in _STATUS.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _on_gpu() -> bool:
    """Whether something was put on a GPU."""
    import torch  # here: the report's page needs none of it

    return torch.cuda.is_available() and torch.cuda.is_initialized()


def _device() -> str:
    """The GPU's name once something was put on it, else CPU."""
    import torch

    return torch.cuda.get_device_name() if _on_gpu() else "CPU"
