"""The notebook runner: refuses, completes or leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest

from gradiend.errors import InputError
from study.results.places import REPOSITORY
from study.run.notebooks import NOTEBOOKS, check_parameters, read_values
from study.run.runner import run_notebook


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


@pytest.mark.parametrize("text", ["/a: b #1/own.yaml", "/a #1.yml", "2024", "null"])
def test_a_text_stays_the_text_that_was_given(text):
    source = NOTEBOOKS / "10_tables_and_figures.ipynb"
    given = {"profile": text, "gather": "true"}
    assert read_values(source, given) == {"profile": text, "gather": True}
    assert read_values(source, {"gather": "a,b"}) == {"gather": "a,b"}
    source = NOTEBOOKS / "01_gradiend_step_by_step.ipynb"
    given = {"steps": "4", "learning_rate": "1.0e-4", "model": "/a b"}
    values = {"steps": 4, "learning_rate": 1e-4, "model": "/a b"}
    assert read_values(source, given) == values


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
    parent = subprocess.Popen(
        [sys.executable, "-c", launcher], env=environment, cwd=tmp_path
    )
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
