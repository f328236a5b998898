"""Run one notebook to its end, or not at all.

``python -m gradiend.notebooks IN.ipynb OUT.ipynb -p name value …``

Papermill runs the cells; around it stands what an unattended run needs: unknown
parameters are refused, OUT appears only when every cell ran, the result has no times or
paths in it, and a kernel never outlives the run that started it.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import json
import os
import re
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import yaml

from gradiend.errors import InputError, exit_status, known
from gradiend.results import REPOSITORY, atomic_path, write_json

_ADDRESS = re.compile(r" at 0x[0-9a-f]+")
PACKAGE = REPOSITORY / "gradiend"
_NO_BARS = {"TQDM_DISABLE": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
_THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


def run_notebook(
    source: Path, target: Path, parameters: Mapping[str, str], *, threads: int = 1
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

    check_parameters(source, parameters)
    environment = dict.fromkeys(_THREAD_VARIABLES, str(threads))
    # A bar belongs on a screen, not in a file; fixed hashes keep sets in order.
    os.environ |= environment | {"PYTHONHASHSEED": "0", **_NO_BARS}
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"  # this environment's kernel
    # What the notebook imports is the package beside it, installed or not.
    paths = [str(REPOSITORY), os.environ.get("PYTHONPATH", "")]
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    failed = target.with_suffix(".failed.ipynb")
    with atomic_path(target) as unfinished:
        try:
            papermill.execute_notebook(
                source,
                unfinished,
                dict(parameters),
                cwd=source.parent,
                kernel_name="python3",
                progress_bar=False,
            )
        except PapermillExecutionError as error:
            unfinished.rename(failed)
            raise InputError(_cell_failure(source, failed, error)) from None
        notebook = nbformat.read(unfinished, as_version=4)
        _check_complete(source, notebook)
        nbformat.write(_without_traces(notebook), unfinished)
    failed.unlink(missing_ok=True)


def check_parameters(source: Path, parameters: Mapping[str, str]) -> None:
    """Refuse a name that is not assigned in the notebook's parameters cell."""
    available = _parameter_names(source)
    for name in parameters:
        known(name, available, f"parameter of {source.name}")


@cache
def dependencies(source: Path) -> list[Path]:
    """Files of the package that a notebook imports, directly or not."""
    cells = json.loads(source.read_text(encoding="utf-8"))["cells"]
    code = (cell["source"] for cell in cells if cell["cell_type"] == "code")
    return _closure("\n".join("".join(lines) for lines in code))


def cells_digest(source: Path) -> str:
    """Digest of what a notebook's cells say, whatever outputs are stored with them."""
    cells = json.loads(source.read_text(encoding="utf-8"))["cells"]
    said = [(cell["cell_type"], "".join(cell["source"])) for cell in cells]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:16]


def module_dependencies(module: Path) -> list[Path]:
    """Files of the package that a file of it imports, directly or not."""
    return _closure(module.read_text(encoding="utf-8"))


def _closure(code: str) -> list[Path]:
    found: set[Path] = set()
    unread = list(_imported(code))
    while unread:
        path = unread.pop()
        if path not in found:
            found.add(path)
            unread.extend(_imported_by(path))
    return sorted(found)


@cache
def _imported_by(path: Path) -> tuple[Path, ...]:
    return tuple(_imported(path.read_text(encoding="utf-8")))


def record_digests(target: Path, outputs: Sequence[Path]) -> None:
    """Note what a finished step wrote, so that later damage is noticed."""
    digests = {os.path.relpath(path, target.parent): _digest(path) for path in outputs}
    write_json(_digest_file(target), digests)


def remove_damaged(folder: Path) -> Iterator[Path]:
    """Delete outputs that no longer are what their step wrote; yield their paths."""
    for record in sorted(folder.glob("*.digests.json")):
        for name, digest in json.loads(record.read_text(encoding="utf-8")).items():
            path = (record.parent / name).resolve()
            if path.exists() and _digest(path) != digest:
                path.unlink()
                yield path


def _digest_file(target: Path) -> Path:
    return target.with_suffix(".digests.json")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _parameter_names(source: Path) -> list[str]:
    cells = json.loads(source.read_text(encoding="utf-8"))["cells"]
    tagged = [
        cell for cell in cells if "parameters" in cell["metadata"].get("tags", ())
    ]
    if len(tagged) != 1:
        raise InputError(
            f"{source.name}: {len(tagged)} cells are tagged 'parameters', not one"
        )
    tree = ast.parse("".join(tagged[0]["source"]))
    return [
        target.id
        for statement in tree.body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
    ]


def _imported(code: str) -> Iterator[Path]:
    lines = [line for line in code.split("\n") if not line.lstrip().startswith("%")]
    for node in ast.walk(ast.parse("\n".join(lines))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{a.name}" for a in node.names)]
        else:
            continue
        for name in names:
            if name.split(".")[0] == PACKAGE.name:
                yield from _files(name)


def _files(module: str) -> Iterator[Path]:
    path = PACKAGE.parent.joinpath(*module.split("."))
    for candidate in (path / "__init__.py", path.with_suffix(".py")):
        if candidate.is_file():
            yield candidate


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


def _without_traces(notebook):
    """Drop times, paths and machine names; what is left is the same on every run."""
    notebook.metadata = {
        "kernelspec": {
            "display_name": "Python 3",
            "language": "python",
            "name": "python3",
        },
        "language_info": {"name": "python"},
    }
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number:02d}"
        tags = cell.metadata.get("tags")
        cell.metadata = {"tags": tags} if tags else {}
        for output in cell.get("outputs", ()):
            plain = output.get("data", {}).get("text/plain")
            if plain:
                output["data"]["text/plain"] = _ADDRESS.sub("", plain)
    return notebook


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
    target = options.target.resolve()
    with _chatter_to(target.with_suffix(".log")):
        run_notebook(
            options.source.resolve(),
            target,
            {name: yaml.safe_load(value) for name, value in options.parameters},
            threads=options.threads,
        )
    record_digests(target, [target, *options.outputs])
    title = options.target.stem.replace("--", " · ")
    print(f"done  {title}  ({time.perf_counter() - start:.0f} s)", flush=True)


if __name__ == "__main__":
    sys.exit(main())
