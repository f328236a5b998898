"""Notebooks as files: cells, parameters, and the traces that a run leaves in them."""

from __future__ import annotations

import ast
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from gradiend.errors import InputError, check_choice
from study.results.places import REPOSITORY

NOTEBOOKS = REPOSITORY / "notebooks"
KERNEL = "gradiend"  # as run_all.sh installs it beside the environment's interpreter
_WIDGET = "application/vnd.jupyter.widget-view+json"
_ADDRESS = re.compile(r" at 0x[0-9a-f]+")


def check_parameters(source: Path, parameters: Iterable[str]) -> None:
    """Refuse a name that is not assigned in the notebook's parameters cell."""
    available = _parameters(source)
    for name in parameters:
        check_choice(name, available, f"parameter of {source.name}")


def read_values(source: Path, given: Mapping[str, str]) -> dict[str, Any]:
    """Parameters of a command line: as YAML, but for those that are texts.

    A path such as ``/a: b/own.yaml`` and a model called ``2024`` are texts, where the
    notebook's own value is one.
    """
    check_parameters(source, given)
    own = _parameters(source)
    return {
        name: value if _is_text(own[name]) else yaml.safe_load(value)
        for name, value in given.items()
    }


def code_of(source: Path) -> str:
    """What a notebook's code cells say, without magics."""
    cells = json.loads(source.read_text(encoding="utf-8"))["cells"]
    code = ("".join(c["source"]) for c in cells if c["cell_type"] == "code")
    lines = "\n".join(code).split("\n")
    return "\n".join(line for line in lines if not line.lstrip().startswith("%"))


def cells_digest(source: Path) -> str:
    """Digest of what a notebook's cells say, whatever outputs are stored with them."""
    cells = json.loads(source.read_text(encoding="utf-8"))["cells"]
    said = [(cell["cell_type"], "".join(cell["source"])) for cell in cells]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:16]


def without_traces(notebook):
    """Drop times, paths and machine names; what is left is the same on every run.

    Widgets go, too: tqdm's bars, which in a notebook do not listen to TQDM_DISABLE.
    """
    notebook.metadata = {
        "kernelspec": {
            "display_name": "GRADIEND",
            "language": "python",
            "name": KERNEL,
        },
        "language_info": {"name": "python"},
    }
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number:02d}"
        tags = cell.metadata.get("tags")
        cell.metadata = {"tags": tags} if tags else {}
        outputs = cell.get("outputs", [])
        outputs[:] = [o for o in outputs if _WIDGET not in o.get("data", {})]
        for output in outputs:
            plain = output.get("data", {}).get("text/plain")
            if plain:
                output["data"]["text/plain"] = _ADDRESS.sub("", plain)
    return notebook


def _parameters(source: Path) -> dict[str, ast.expr]:
    """What the parameters cell assigns, by name."""
    cells = json.loads(source.read_text(encoding="utf-8"))["cells"]
    tagged = [
        cell for cell in cells if "parameters" in cell["metadata"].get("tags", ())
    ]
    if len(tagged) != 1:
        raise InputError(
            f"{source.name}: {len(tagged)} cells are tagged 'parameters', not one"
        )
    tree = ast.parse("".join(tagged[0]["source"]))
    return {
        target.id: statement.value
        for statement in tree.body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
    }


def _is_text(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and isinstance(value.value, str)
