"""JupyterLab with the notebooks' kernel.

``python -m study.run.lab FOLDER [NOTEBOOK] [options of JupyterLab]``, called by
run_all.sh; a notebook's path is seen from FOLDER.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from gradiend.errors import check_choice, exit_status
from study.results.places import REPOSITORY
from study.run.notebooks import NOTEBOOKS


def find_notebook(name: str, folder: Path) -> Path:
    """A notebook by its path, seen from ``folder``, or by its name or number.

    ``.ipynb`` and ``notebooks/`` may be left out.

    Raises
    ------
    InputError
        naming the notebook that may have been meant.
    """
    for path in (folder / name, folder / f"{name}.ipynb"):
        if path.suffix == ".ipynb" and path.is_file():
            return path.resolve()
    stems = sorted(path.stem for path in NOTEBOOKS.glob("*.ipynb"))
    stem = name.removesuffix(".ipynb").removeprefix("notebooks/")
    stem = next((known for known in stems if known.startswith(f"{stem}_")), stem)
    check_choice(stem, stems, "notebook")
    return NOTEBOOKS / f"{stem}.ipynb"


def other_checkout() -> Path | None:
    """Where editors find the packages, if that is not this checkout."""
    code = "import gradiend; print(gradiend.__file__)"
    command = [sys.executable, "-I", "-c", code]
    found = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    place = Path(found.strip()).resolve().parents[1]
    return None if place == REPOSITORY else place


def open_lab(arguments: Sequence[str]) -> None:
    """Become JupyterLab, beside the notebook or on all of them."""
    folder, *options = arguments
    if options and not options[0].startswith("-"):
        options[0] = str(find_notebook(options[0], Path(folder)))
    place = other_checkout()
    if place is not None:
        print(
            f"note: notebooks opened here use {REPOSITORY}; editors would use {place}, "
            "which the environment was installed for",
            file=sys.stderr,
        )
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"  # this environment's kernel
    os.chdir(NOTEBOOKS)
    os.execv(sys.executable, [sys.executable, "-m", "jupyterlab", *options])


def main() -> int:
    """Command line of the module."""
    return exit_status(lambda: open_lab(sys.argv[1:]))


if __name__ == "__main__":
    sys.exit(main())
