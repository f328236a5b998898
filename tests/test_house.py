"""The house: what may import what, how large a piece may be, who may name a domain."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from study.domains import DOMAINS, FEATURES
from study.results.places import REPOSITORY

PACKAGES = ("gradiend", "study")
MODULES = sorted(
    path.relative_to(REPOSITORY)
    for name in PACKAGES
    for path in (REPOSITORY / name).rglob("*.py")
)
# Where domains are at home, and where their data come from; all others ask the object.
AT_HOME = ("study/domains", "study/sources")


def tree(module: Path) -> ast.Module:
    return ast.parse((REPOSITORY / module).read_text(encoding="utf-8"))


def test_imports_go_the_way_they_are_declared():
    # A process of its own: the linter turns off all loggers of the one it runs in.
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_module_is_longer_than_300_lines():
    lengths = {
        str(module): len((REPOSITORY / module).read_text(encoding="utf-8").splitlines())
        for module in MODULES
    }
    assert {name: count for name, count in lengths.items() if count > 300} == {}


def test_no_function_is_longer_than_50_lines():
    kinds = ast.FunctionDef | ast.AsyncFunctionDef
    lengths = {
        f"{module}:{node.name}": node.end_lineno - node.lineno + 1
        for module in MODULES
        for node in ast.walk(tree(module))
        if isinstance(node, kinds)
    }
    assert len(lengths) > 500
    assert {name: count for name, count in lengths.items() if count > 50} == {}


def test_domains_are_named_where_they_are_at_home_alone():
    names = {*DOMAINS, *FEATURES}
    found = [
        f"{module}:{node.lineno}: {node.value!r}"
        for module in MODULES
        if not str(module).startswith(AT_HOME)
        for node in ast.walk(tree(module))
        if isinstance(node, ast.Constant) and node.value in names
    ]
    assert found == []


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_says_what_it_is_for(package):
    folders = {path.parent for path in MODULES if path.parts[0] == package}
    for folder in folders:
        assert ast.get_docstring(tree(folder / "__init__.py")), folder


def public(module: Path) -> Iterator[tuple[str, ast.AST]]:
    """What a module offers: itself, its functions and classes, their methods."""
    content = tree(module)
    yield str(module), content
    kinds = ast.FunctionDef | ast.ClassDef
    for node in content.body:
        if isinstance(node, kinds) and not node.name.startswith("_"):
            yield f"{module}:{node.name}", node
            for part in node.body if isinstance(node, ast.ClassDef) else ():
                if isinstance(part, ast.FunctionDef) and not part.name.startswith("_"):
                    yield f"{module}:{node.name}.{part.name}", part


def test_what_is_offered_is_explained():
    every = dict(item for module in MODULES for item in public(module))
    assert [name for name, node in every.items() if not ast.get_docstring(node)] == []
