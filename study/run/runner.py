"""Run one notebook to its end, or not at all.

``python -m study.run.runner IN.ipynb OUT.ipynb -p name value …``

Papermill runs the cells; around it stands what an unattended run needs: unknown
parameters are refused, OUT appears only when every cell ran, the result has no times or
paths in it, and a kernel never outlives the run that started it.
"""

from __future__ import annotations

import argparse
import os
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gradiend.errors import InputError, exit_status
from gradiend.files import atomic_path, remove_unfinished
from study.run.damage import forget_digests, record_digests
from study.run.notebooks import check_parameters, read_values, without_traces

_NO_BARS = {"TQDM_DISABLE": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
_THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


def run_notebook(
    source: Path, target: Path, parameters: Mapping[str, Any], *, threads: int = 1
) -> None:
    """Execute ``source`` with ``parameters`` and write it to ``target``.

    Raises
    ------
    InputError
        if a parameter is unknown to the notebook or a cell fails; the message names the
        notebook, the cell and where the notebook as far as it got is kept.
    """
    import nbformat
    import papermill
    from papermill.exceptions import PapermillExecutionError

    from study.run.kernels import PreloadedKernel

    check_parameters(source, parameters)
    environment = dict.fromkeys(_THREAD_VARIABLES, str(threads))
    # A bar belongs on a screen, not in a file; fixed hashes keep sets in order.
    os.environ |= environment | {"PYTHONHASHSEED": "0", **_NO_BARS}
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"  # this environment's kernel
    failed = target.with_suffix(".failed.ipynb")
    with atomic_path(target) as unfinished:
        try:
            papermill.execute_notebook(
                source,
                unfinished,
                dict(parameters),
                cwd=source.parent,
                kernel_name="python3",
                kernel_manager_class=PreloadedKernel,
                progress_bar=False,
            )
        except PapermillExecutionError as error:
            unfinished.rename(failed)
            raise InputError(_cell_failure(source, failed, error)) from None
        notebook = nbformat.read(unfinished, as_version=4)
        _check_complete(source, notebook)
        nbformat.write(without_traces(notebook), unfinished)
    failed.unlink(missing_ok=True)


def _cell_failure(source: Path, failed: Path, error) -> str:
    what = (
        error.evalue
        if error.ename == "InputError"
        else (f"{error.ename}: {error.evalue}")
    )
    return (
        f"{source.name}, cell {error.cell_index}: {what} (the notebook as far as it "
        f"got: {failed})"
    )


def _check_complete(source: Path, notebook) -> None:
    """A cell that calls sys.exit ends the kernel, which papermill takes for success."""
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type != "code" or not cell.source.strip():
            continue
        left = any("SystemExit" in str(output) for output in cell.outputs)
        if cell.execution_count is None or left:
            raise InputError(f"{source.name} stopped at cell {number} before its end")


def _end_with_parent() -> None:
    """End this process (and with it its kernel) when the one that started it dies."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


@contextmanager
def _chatter_to(log: Path) -> Iterator[None]:
    """Send what kernels write to stderr to ``log``; it goes when all went well."""
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        log.touch()
    except OSError as error:
        raise InputError(
            f"{log} cannot be written ({error.strerror}); free space, or set "
            "GRADIEND_RESULTS to a folder that can be written to"
        ) from error
    shown = os.dup(2)
    with log.open("wb") as file:
        os.dup2(file.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(shown, 2)
            os.close(shown)
    log.unlink()


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line of the module."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("-p", nargs=2, action="append", default=[], dest="parameters")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--outputs", type=Path, nargs="*", default=[])
    options = parser.parse_args(arguments)
    _end_with_parent()
    return exit_status(lambda: _run_step(options))


def _run_step(options: argparse.Namespace) -> None:
    start = time.perf_counter()
    source, target = options.source.resolve(), options.target.resolve()
    outputs = [target, *options.outputs]
    forget_digests(target.parent, outputs)
    for path in outputs:
        remove_unfinished(path)
    with _chatter_to(target.with_suffix(".log")):
        run_notebook(
            source,
            target,
            read_values(source, dict(options.parameters)),
            threads=options.threads,
        )
    record_digests(target, outputs)
    title = options.target.stem.replace("--", " · ")
    print(f"done  {title}  ({time.perf_counter() - start:.0f} s)", flush=True)


if __name__ == "__main__":
    sys.exit(main())
