"""Which files a notebook depends on."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from gradiend.errors import InputError
from study.results.places import REPOSITORY
from study.run.imports import module_files, notebook_files
from study.run.notebooks import NOTEBOOKS, code_of


def names(paths) -> set[str]:
    return {str(path.relative_to(REPOSITORY)) for path in paths}


def test_dependencies_follow_imports():
    found = names(notebook_files(NOTEBOOKS / "10_tables_and_figures.ipynb"))
    expected = {"study/report/gather.py", "study/results/files.py", "gradiend/files.py"}
    assert expected <= found
    for part in ("plots", "tables"):
        assert any(name.startswith(f"study/report/{part}") for name in found)
    assert not any(name.startswith("study/run/") for name in found)


@pytest.mark.parametrize(
    "line", ["import gradiend as g", "from gradiend import closed_form"]
)
def test_an_export_brings_the_module_it_is_in(tmp_path, line):
    path = tmp_path / "a.ipynb"
    cell = {"cell_type": "code", "source": [line]}
    path.write_text(json.dumps({"cells": [cell]}), encoding="utf-8")
    found = names(notebook_files(path))
    assert {"gradiend/class_means.py", "gradiend/lm/cloze.py"} <= found
    assert ("gradiend/rewriting.py" in found) == line.startswith("import")


def test_a_package_that_is_run_is_its_main_module_too():
    found = names(module_files("study.sources.hub"))
    assert {f"study/sources/hub/{n}.py" for n in ("__init__", "__main__")} <= found
    assert "study/run/plan.py" not in found


LOADED = """
import json, sys
exec(sys.stdin.read())
ours = [n for n in sys.modules if n.split(".")[0] in ("gradiend", "study")]
print(json.dumps([sys.modules[n].__file__ for n in ours]))
"""


@pytest.mark.parametrize("name", ["06_benchmarks", "12_your_own_bias"])
def test_nothing_else_is_loaded(name):
    """What Python itself loads for a notebook's imports, ``import gradiend`` too."""
    source = NOTEBOOKS / f"{name}.ipynb"
    lines = ast.parse(code_of(source)).body
    imports = [n for n in lines if isinstance(n, ast.Import | ast.ImportFrom)]
    code = ast.unparse(ast.Module(imports, []))
    done = subprocess.run(
        [sys.executable, "-c", LOADED],
        input=code,
        capture_output=True,
        text=True,
        check=True,
        cwd=REPOSITORY,
    )
    loaded = names(map(Path, json.loads(done.stdout.splitlines()[-1])))
    assert len(loaded) > 10
    assert loaded <= names(notebook_files(source))


def test_a_module_that_there_is_none_of_is_named():
    with pytest.raises(InputError, match=r"study\.modles\.mine: no module of"):
        module_files("study.modles.mine")
