"""The notebook runner: refuses, completes or leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest

from gradiend.errors import InputError
from gradiend.files import atomic_path, read_csv, read_json, write_json
from study.results.places import REPOSITORY
from study.run.plan import NOTEBOOKS
from study.run.runner import (
    check_parameters,
    dependencies,
    record_digests,
    remove_damaged,
    run_notebook,
)


def notebook(path: Path, *cells: str) -> Path:
    """A notebook with ``x = 1`` as its parameters and the cells given."""
    parameters = nbformat.v4.new_code_cell("x = 1", metadata={"tags": ["parameters"]})
    code = [nbformat.v4.new_code_cell(cell) for cell in cells]
    metadata = {"language_info": {"name": "python"}}
    nbformat.write(
        nbformat.v4.new_notebook(cells=[parameters, *code], metadata=metadata), path
    )
    return path


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The runner sets variables for its kernels; put them back."""
    for name, value in dict(os.environ).items():
        monkeypatch.setenv(name, value)


def test_a_notebook_runs_with_its_parameters_and_leaves_no_traces(tmp_path):
    source = notebook(tmp_path / "a.ipynb", "print(x + 1)", "object()")
    for number in (1, 2):
        run_notebook(source, tmp_path / f"out{number}.ipynb", {"x": 41})
    first, second = (tmp_path / f"out{n}.ipynb" for n in (1, 2))
    assert first.read_bytes() == second.read_bytes()
    assert "42" in first.read_text() and str(tmp_path) not in first.read_text()


def test_an_unknown_parameter_is_refused_with_a_suggestion(tmp_path):
    source = NOTEBOOKS / "02_train.ipynb"
    with pytest.raises(InputError, match=r"02_train\.ipynb .*did you mean 'domain'"):
        check_parameters(source, {"domian": "gender"})
    plain = tmp_path / "plain.ipynb"
    nbformat.write(nbformat.v4.new_notebook(), plain)
    with pytest.raises(InputError, match="0 cells are tagged"):
        check_parameters(plain, {})


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("raise RuntimeError('broken')", r"a\.ipynb, cell 1: RuntimeError: broken"),
        (
            "from gradiend.errors import InputError\nraise InputError('say it')",
            r"a\.ipynb, cell 1: say it",
        ),
        ("import sys\nsys.exit(0)", r"a\.ipynb stopped at cell 1"),
    ],
)
def test_a_notebook_that_stops_early_leaves_no_output(tmp_path, cell, message):
    source = notebook(tmp_path / "a.ipynb", cell, "print('end')")
    with pytest.raises(InputError, match=message):
        run_notebook(source, tmp_path / "out.ipynb", {})
    assert not (tmp_path / "out.ipynb").exists()


def test_a_kernel_does_not_outlive_a_killed_parent(tmp_path):
    pid_file = tmp_path / "pid"
    code = f"import os\nopen({str(pid_file)!r}, 'w').write(str(os.getpid()))"
    source = notebook(tmp_path / "a.ipynb", code, "import time\ntime.sleep(120)")
    command = [sys.executable, "-m", "study.run.runner", source, tmp_path / "o.ipynb"]
    launcher = f"import subprocess; subprocess.run({list(map(str, command))!r})"
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    parent = subprocess.Popen([sys.executable, "-c", launcher], env=environment)
    wait_for(pid_file.exists)
    wait_for(lambda: pid_file.read_text() != "")
    kernel = int(pid_file.read_text())
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    wait_for(lambda: not Path(f"/proc/{kernel}").exists())
    assert not (tmp_path / "o.ipynb").exists()


def wait_for(condition, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.2)


def test_dependencies_follow_imports():
    names = {
        path.name for path in dependencies(NOTEBOOKS / "10_tables_and_figures.ipynb")
    }
    assert {"plots.py", "collect.py", "summaries.py", "results.py"} <= names
    assert "entrance.py" not in names


def test_damaged_outputs_are_named_and_removed(tmp_path):
    target, other = tmp_path / "a.ipynb", tmp_path / "b.csv"
    target.write_text("{}")
    other.write_text("x\n1\n2\n")
    record_digests(target, [target, other])
    assert list(remove_damaged(tmp_path)) == []
    other.write_text("x\n1\n")
    assert list(remove_damaged(tmp_path)) == [other.resolve()]
    assert not other.exists() and target.exists()


def test_files_are_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "value.json"
    write_json(path, {"a": 1})
    with pytest.raises(RuntimeError), atomic_path(path) as unfinished:
        unfinished.write_text("half")
        raise RuntimeError
    assert read_json(path) == {"a": 1}
    assert [p.name for p in tmp_path.iterdir()] == ["value.json"]


def test_damaged_and_missing_results_are_named(tmp_path):
    path = tmp_path / "value.json"
    with pytest.raises(InputError, match=r"value\.json: not there yet"):
        read_json(path)
    path.write_text(json.dumps({"a": 1})[:-2])
    with pytest.raises(InputError, match=r"value\.json: damaged"):
        read_json(path)
    table = tmp_path / "empty.csv"
    table.touch()
    with pytest.raises(InputError, match=r"empty\.csv: damaged"):
        read_csv(table)


def test_a_folder_that_cannot_be_made_is_one_clear_line(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"cannot be written.*GRADIEND_RESULTS"):
        write_json(tmp_path / "file" / "value.json", {})
