"""The package on its own: what it exports, what its wheel holds, and what it needs."""

from __future__ import annotations

import ast
import pkgutil
import re
import shutil
import subprocess
import sys
import zipfile
from email import message_from_bytes
from importlib import import_module
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import gradiend
from study.results.places import REPOSITORY

NEEDED = ("torch", "transformers", "safetensors", "numpy", "pandas")


# What it exports


def test_an_export_is_its_object_whatever_was_imported_before():
    for module in pkgutil.walk_packages(gradiend.__path__, "gradiend."):
        import_module(module.name)
    for name, module in gradiend.EXPORTS.items():
        assert getattr(gradiend, name) is getattr(import_module(module), name)
        assert callable(getattr(gradiend, name))


def test_no_module_takes_the_place_of_an_export():
    modules = {module.name for module in pkgutil.iter_modules(gradiend.__path__)}
    assert not modules & gradiend.EXPORTS.keys()


def test_exports_are_listed_for_users_and_type_checkers_alike():
    tree = ast.parse(Path(gradiend.__file__).read_text(encoding="utf-8"))
    seen = {
        alias.name: node.module
        for branch in ast.walk(tree)
        if isinstance(branch, ast.If) and ast.unparse(branch.test) == "TYPE_CHECKING"
        for node in branch.body
        for alias in node.names
    }
    assert seen == gradiend.EXPORTS
    assert sorted(gradiend.__all__) == sorted(gradiend.EXPORTS)
    assert set(gradiend.__all__) <= set(dir(gradiend))
    for name in gradiend.EXPORTS:
        assert f"``{name}``" in gradiend.__doc__


def test_an_unknown_name_is_none_of_its_attributes():
    with pytest.raises(AttributeError, match="has no attribute 'closed'"):
        _ = gradiend.closed
    with pytest.raises(ImportError):
        from gradiend import nothing_of_that_name  # noqa: F401


def test_importing_it_imports_no_torch():
    code = (
        "import sys, gradiend; gradiend.TrainingSettings; print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "False", done.stderr


# What its wheel holds


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, built from a copy: building leaves files behind."""
    folder = tmp_path_factory.mktemp("wheel")
    copy = folder / "checkout"
    copy.mkdir()
    for name in ("gradiend", "study", "speed", "tests"):
        pattern = shutil.ignore_patterns("__pycache__")
        shutil.copytree(REPOSITORY / name, copy / name, ignore=pattern)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy2(REPOSITORY / name, copy)
    options = ("--no-deps", "--no-build-isolation", "--disable-pip-version-check")
    command = [sys.executable, "-m", "pip", "wheel", *options, "-w", folder, copy]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_holds_the_method_alone(wheel):
    with zipfile.ZipFile(wheel) as file:
        names = {n for n in file.namelist() if ".dist-info/" not in n}
    package = (REPOSITORY / "gradiend").rglob("*.py")
    assert names == {str(path.relative_to(REPOSITORY)) for path in package}


def test_the_wheel_needs_few_packages(wheel):
    with zipfile.ZipFile(wheel) as file:
        (name,) = (n for n in file.namelist() if n.endswith(".dist-info/METADATA"))
        metadata = message_from_bytes(file.read(name))
    needed = [Requirement(text) for text in metadata.get_all("Requires-Dist")]
    assert {r.name for r in needed if r.marker is None} == set(NEEDED)


# README's lines, in an environment of these packages and what they need


def requirements(*names: str) -> set[str]:
    """The distributions that some distributions need, themselves included."""
    found: set[str] = set()
    waiting = [Requirement(name) for name in names]
    while waiting:
        wanted = waiting.pop()
        if str(wanted) in found:
            continue
        found.add(str(wanted))
        for text in distribution(wanted.name).requires or ():
            other = Requirement(text)
            extras = [{"extra": extra} for extra in ("", *wanted.extras)]
            if other.marker is None or any(map(other.marker.evaluate, extras)):
                other.marker = None
                waiting.append(other)
    return {Requirement(text).name for text in found}


@pytest.fixture(scope="module")
def thin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment of links to what the package needs, and to nothing else."""
    folder = tmp_path_factory.mktemp("thin")
    for name in requirements(*NEEDED):
        files = distribution(name).files or ()
        for part in {file.parts[0] for file in files} - {"..", "__pycache__"}:
            link = folder / part
            if not link.is_symlink():
                link.symlink_to(distribution(name).locate_file(part))
    return folder


def test_readmes_lines_run_with_what_the_package_needs(wheel, thin, tmp_path):
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    lines = re.search(r"^```python\n(.*?)^```$", readme, re.DOTALL | re.MULTILINE)[1]
    (tmp_path / "lines.py").write_text(lines, encoding="utf-8")
    (tmp_path / "data").symlink_to(REPOSITORY / "data")
    # Neither this folder, nor PYTHONPATH, nor what is installed in the environment.
    code = (
        f"import sys, runpy; sys.path += {[str(wheel), str(thin)]!r}\n"
        "runpy.run_path('lines.py')\n"
        "from importlib.util import find_spec\n"
        "print([n for n in ('study', 'matplotlib', 'sklearn') if find_spec(n)])\n"
        "print(sys.modules['gradiend'].__file__)"
    )
    command = [sys.executable, "-I", "-S", "-c", code]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    others, place = done.stdout.splitlines()[-2:]
    assert others == "[]" and place.startswith(str(wheel))
    h = dict(re.findall(r"^(old|young) +(-?[.\d]+)$", done.stdout, re.MULTILINE))
    assert float(h["old"]) < -0.2 and float(h["young"]) > 0.2
    before, after = re.search(r"gap ([.\d]+) -> ([.\d]+)", done.stdout).groups()
    assert float(after) < 0.8 * float(before)
    (saved,) = tmp_path.rglob("model.safetensors")
    assert (saved.parent / "tokenizer.json").exists()
