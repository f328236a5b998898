"""Which files of the packages a notebook or module imports, directly or not."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import grimp

import gradiend
from gradiend.errors import InputError
from study.results.places import REPOSITORY
from study.run.notebooks import code_of

_PACKAGES = ("gradiend", "study")


@cache
def notebook_files(source: Path) -> list[Path]:
    """Files that a notebook imports."""
    return _files(_named(code_of(source)))


@cache
def module_files(module: str) -> list[Path]:
    """Files that a module (or a package that is run) consists of and imports.

    Raises
    ------
    InputError
        if there is none of that name.
    """
    there, main = _graph().modules, f"{module}.__main__"
    if module not in there:
        raise InputError(f"{module}: no module of {' or '.join(_PACKAGES)}")
    return _files([module, main] if main in there else [module])


@cache
def _graph() -> grimp.ImportGraph:
    return grimp.build_graph(
        *_PACKAGES, exclude_type_checking_imports=True, cache_dir=None
    )


def _files(modules: Iterable[str]) -> list[Path]:
    graph = _graph()
    found: set[str] = set()
    for module in modules:
        found |= {module, *graph.find_upstream_modules(module)}
    # To import a module is to import the packages it is in.
    parents = {
        ".".join(name.split(".")[:depth])
        for name in found
        for depth in range(1, name.count(".") + 1)
    }
    for parent in parents - found:
        found |= {parent, *graph.find_upstream_modules(parent)}
    return sorted(_file(name) for name in found)


def _file(module: str) -> Path:
    path = REPOSITORY.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def _named(code: str) -> Iterator[str]:
    """Modules of the packages that import statements name.

    ``gradiend`` itself loads the module of an export when it is asked for.
    """
    modules, exports = _graph().modules, gradiend.EXPORTS
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
            if gradiend.__name__ in names:
                names += exports.values()
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{a.name}" for a in node.names)]
            if node.module == gradiend.__name__:
                names += [exports.get(alias.name) for alias in node.names]
        else:
            continue
        yield from (name for name in names if name in modules)
