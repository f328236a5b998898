"""A source's folder is named by all the code that makes what is in it."""

from __future__ import annotations

import pytest

from study.results.places import REPOSITORY
from study.run.imports import module_files
from study.sources.source import code_of

# Of what the sources import: what says nothing of rows and texts.
OTHER = {
    *("gradiend/__init__.py", "gradiend/errors.py", "gradiend/files.py"),
    *("gradiend/classes.py", "gradiend/reading.py"),  # of a user's own table
    "study/sources/weights.py",  # which files are a model's
    *("gradiend/evaluation/__init__.py", "gradiend/evaluation/indices.py"),
    *("study/__init__.py", "study/sources/__init__.py", "study/sources/source.py"),
}
FOLDERS = ("study/results/", "study/comparison/", "study/profiles/")


@pytest.mark.parametrize("name", ["world", "wheels", "hub"])
def test_a_change_of_code_that_makes_data_makes_them_again(name):
    package = f"study.sources.{name}"
    module = f"{package}.source" if name == "wheels" else package
    read = {str(p.relative_to(REPOSITORY)) for p in module_files(module)}
    code = code_of(str(REPOSITORY / "study" / "sources" / name / "__init__.py"))
    known = {str(path.relative_to(REPOSITORY)) for path in code}
    assert {"gradiend/splits.py", "study/domains/gender.py"} <= known
    assert all(path.is_file() for path in code)
    left = read - known - OTHER
    assert not {path for path in left if not path.startswith(FOLDERS)}
