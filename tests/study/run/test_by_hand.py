"""Notebooks opened by hand: their kernel, JupyterLab, results that are not there yet.

That every notebook runs this way is what nbval checks, with :mod:`tests.by_hand`.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbval.plugin import get_sanitize_patterns

from gradiend.errors import InputError
from study.comparison.benchmarks.suite import read_scores
from study.profiles.reading import load_profile
from study.report.gather import collect
from study.report.source import read_source
from study.results import files
from study.results.places import REPOSITORY
from study.results.reading import made, read_json
from study.results.selected import read_selected
from study.run import lab
from study.run.notebooks import KERNEL, NOTEBOOKS
from study.run.plan import steps
from study.run.runner import run_notebook
from study.steps.training import load_gradiend
from study.steps.workbench import Workbench
from tests.by_hand import (
    ENTRANCE,
    has_kernel,
    is_bar,
    readers_environment,
    sanitized,
)

MODEL = "standin-bert-base"
MINI = rf"or \./run_all\.sh mini --models {MODEL}$"


def test_numbers_of_committed_tables_are_compared():
    def without(text: str) -> str:
        return re.sub(r"\d+", "#", text)

    assert sanitized(without, "<table><td>0.52</td>") == "<table><td>0.52</td>"
    assert sanitized(without, "12 rows") == "# rows"


def test_all_that_nbval_is_told_to_strike_out_is_struck_out():
    """It skips what it cannot read, such as a replacement that is empty."""
    said = (REPOSITORY / "tests" / "nbval.cfg").read_text(encoding="utf-8")
    patterns = get_sanitize_patterns(said)
    assert len(patterns) == len(re.findall(r"^\[", said, flags=re.MULTILINE))
    style = "#T_table_row0_col1, #T_table_row2_col3 {\n  font-weight: bold;\n}\n"
    text = style + "<td>97.1 ± 2.0 (-0.3)*°</td>"
    for pattern, replacement in patterns:
        text = re.sub(pattern, replacement, text)
    assert text == "<td># ± # (#)</td>"


# The notebooks' kernel


def test_every_notebook_names_the_kernel():
    for path in NOTEBOOKS.glob("*.ipynb"):
        metadata = json.loads(path.read_text(encoding="utf-8"))["metadata"]
        assert metadata["kernelspec"]["name"] == KERNEL, path.name


def executed(path: Path, folder: Path = NOTEBOOKS) -> nbformat.NotebookNode:
    """A notebook run as a reader does, to its end or its first error."""
    notebook = nbformat.read(path, as_version=4)
    kernel = KERNEL if has_kernel() else "python3"
    place = {"metadata": {"path": str(folder)}}
    with readers_environment():
        client = NotebookClient(notebook, kernel_name=kernel, resources=place)
        try:
            client.execute()
        except CellExecutionError:
            assert notebook.cells
    return notebook


def written(path: Path, code: str) -> Path:
    """A notebook of a parameters cell and one that says ``code``."""
    cells = [
        nbformat.v4.new_code_cell("x = 1", metadata={"tags": ["parameters"]}),
        nbformat.v4.new_code_cell(code),
    ]
    metadata = {"language_info": {"name": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=metadata), path)
    return path


def test_bars_are_shown_by_hand_and_not_kept_by_a_run(tmp_path, monkeypatch):
    bars = "from tqdm.auto import tqdm\nfor _ in tqdm(range(3)):\n    print('done')"
    source = written(tmp_path / "a.ipynb", bars)
    outputs = executed(source, tmp_path).cells[1].outputs
    assert any(map(is_bar, outputs)) and not all(map(is_bar, outputs))
    for name, value in dict(os.environ).items():  # the runner's stay in this process
        monkeypatch.setenv(name, value)
    run_notebook(source, tmp_path / "run.ipynb", {})
    (output,) = nbformat.read(tmp_path / "run.ipynb", as_version=4).cells[1].outputs
    assert output["text"] == "done\n" * 3


def test_what_is_no_bar_is_not_let_pass():
    def stream(text, name="stderr"):
        return nbformat.v4.new_output("stream", text=text, name=name)

    assert is_bar(stream("\r  0%|     | 0/3 [00:00<?, ?it/s]\r 33%|▎ | 1/3\n"))
    assert not is_bar(stream("  0%|     | 0/3\nFutureWarning: soon\n"))
    assert not is_bar(stream("50%|", name="stdout"))
    assert not is_bar(nbformat.v4.new_output("display_data", {"text/plain": "5%| |"}))


def test_a_reader_has_nothing_of_the_entrance(monkeypatch):
    for name in ENTRANCE:
        monkeypatch.setenv(name, "1")
    with readers_environment():
        assert not os.environ.keys() & set(ENTRANCE)
    assert set(ENTRANCE) <= os.environ.keys()


# Results that an earlier notebook should have made


@pytest.fixture
def nothing(tmp_path, monkeypatch) -> None:
    """No results at all."""
    monkeypatch.setenv("GRADIEND_RESULTS", str(tmp_path / "results"))


def test_a_notebook_without_its_results_ends_in_one_line(nothing):
    notebook = executed(NOTEBOOKS / "03_encoder.ipynb")
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    (error,) = (o for o in outputs if o["output_type"] == "error")
    (line,) = error["traceback"]
    assert "gradiend.safetensors: not there yet; run notebook 02_train first" in line
    assert "\n" not in line and f"./run_all.sh mini --models {MODEL}" in line


def test_missing_results_of_a_model_name_notebook_and_command(nothing):
    profile = load_profile("mini")
    run = profile.settings(MODEL, "gender_MF")
    bench = Workbench(profile, MODEL, "gender")
    with pytest.raises(InputError, match=f"notebook 02_train first, {MINI}"):
        load_gradiend(run, lm=None)
    with pytest.raises(InputError, match=f"notebook 02_train first, {MINI}"):
        bench.digest("methods")
    with pytest.raises(InputError, match=f"notebook 04_decoder_and.* first, {MINI}"):
        read_selected(run.folder)
    with pytest.raises(InputError, match=f"notebook 06_benchmarks first, {MINI}"):
        read_scores(run.model_folder / files.BENCHMARKS_FOLDER)
    for variant in bench.variants:
        if variant.stored:
            with pytest.raises(InputError, match=f"05_baselines first, {MINI}"):
                bench.edit(variant)
    first = rf"02_train first, or \./run_all\.sh mini --models {profile.models[0]}$"
    with pytest.raises(InputError, match=first):
        collect(profile)


def test_missing_sources_of_figures_name_the_command(nothing, tmp_path):
    figures = load_profile("quick").figures
    with pytest.raises(InputError, match=r"profile first: \./run_all\.sh quick$"):
        read_source(figures / "source", "training")
    with pytest.raises(InputError, match=r"profile first: \./run_all\.sh PROFILE"):
        read_source(tmp_path / "figures", "training")


def test_a_profile_of_ones_own_is_named_as_a_file(nothing):
    results = load_profile("mini").settings(MODEL, "gender_MF").folder
    own = results.parents[1].with_name("own") / MODEL / "gender_MF" / files.TRAINING
    with pytest.raises(InputError, match=rf"\./run_all\.sh own\.yaml --models {MODEL}"):
        read_json(own)


def test_what_is_there_is_read(tmp_path):
    path = tmp_path / files.TRAINING
    path.write_text('{"values": 1}')
    assert made(path) == path and read_json(path) == {"values": 1}


def test_each_file_is_said_to_come_from_the_notebook_whose_step_makes_it():
    makers = {}
    for step in steps(load_profile("smoke")) + steps(load_profile("mini")):
        target, *results = step.outputs
        notebook, *of_model = target.stem.split("--")
        if target.suffix == ".ipynb" and of_model:
            makers |= dict.fromkeys(results, notebook)
    for path, notebook in makers.items():
        by_folder = files.MAKERS.get(path.parent.name)
        assert (by_folder or files.MAKERS[path.name]) == notebook, path
    assert set(files.MAKERS.values()) == set(makers.values())


# ./run_all.sh lab


@pytest.mark.parametrize(
    ("name", "folder", "found"),
    [
        ("01", "/", "01_gradiend_step_by_step"),
        ("10", "/", "10_tables_and_figures"),
        ("10b", "/", "10b_comparison_tables"),
        ("12_your_own_bias", "/", "12_your_own_bias"),
        ("12_your_own_bias.ipynb", "/", "12_your_own_bias"),
        ("notebooks/02_train", "/", "02_train"),
        ("notebooks/02_train.ipynb", NOTEBOOKS.parent, "02_train"),
        ("02_train.ipynb", NOTEBOOKS, "02_train"),
        ("../notebooks/02_train", NOTEBOOKS.parent / "data", "02_train"),
        (str(NOTEBOOKS / "02_train.ipynb"), "/", "02_train"),
    ],
)
def test_a_notebook_is_found_from_anywhere(name, folder, found):
    assert lab.find_notebook(name, Path(folder)) == NOTEBOOKS / f"{found}.ipynb"


def test_a_readers_own_copy_is_found_first(tmp_path):
    copy = tmp_path / "01.ipynb"
    copy.touch()
    assert lab.find_notebook("01", tmp_path) == copy


@pytest.fixture
def become(monkeypatch) -> list[list[str]]:
    """What the process would become."""
    commands: list[list[str]] = []
    monkeypatch.setattr(os, "execv", lambda _, command: commands.append(command))
    monkeypatch.chdir(NOTEBOOKS.parent)  # and back, afterwards
    monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "1")
    return commands


def test_jupyterlab_is_given_the_notebook_and_the_options(become):
    lab.open_lab(["/", "01", "--no-browser"])
    lab.open_lab(["/", "--port", "9000"])
    notebook = str(NOTEBOOKS / "01_gradiend_step_by_step.ipynb")
    start = [sys.executable, "-m", "jupyterlab"]
    assert become == [[*start, notebook, "--no-browser"], [*start, "--port", "9000"]]
    assert Path.cwd() == NOTEBOOKS


def test_an_unknown_notebook_is_one_line_with_the_right_name(
    become, monkeypatch, capsys
):
    monkeypatch.setattr(sys, "argv", ["lab", "/", "01_gradient_step_by_step"])
    assert lab.main() == 1 and not become
    said = capsys.readouterr().err
    assert "did you mean '01_gradiend_step_by_step'" in said and said.count("\n") == 1


def test_an_environment_of_another_checkout_is_told(
    become, monkeypatch, tmp_path, capsys
):
    monkeypatch.setattr(lab, "other_checkout", lambda: tmp_path)
    lab.open_lab(["/"])
    said = capsys.readouterr().err
    assert f"editors would use {tmp_path}" in said and said.count("\n") == 1
    assert len(become) == 1


@pytest.mark.skipif(not has_kernel(), reason="run_all.sh installs the kernel")
def test_jupyterlab_starts_with_the_notebooks_kernel(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--no-browser", f"--port={port}", "--IdentityProvider.token=x"]
    command = [sys.executable, "-m", "study.run.lab", str(tmp_path), "01", *options]
    environment = os.environ | {"JUPYTER_RUNTIME_DIR": str(tmp_path)}
    server = subprocess.Popen(
        [*command, "--allow-root"], env=environment, stderr=subprocess.DEVNULL
    )
    try:
        found = asked(f"http://127.0.0.1:{port}/api/kernelspecs?token=x", server)
        notebook = "01_gradiend_step_by_step.ipynb"
        asked(f"http://127.0.0.1:{port}/api/contents/{notebook}?token=x", server)
    finally:
        server.terminate()
        server.wait()
    kernel = found["kernelspecs"][KERNEL]["spec"]
    assert Path(kernel["argv"][0]).is_relative_to(sys.prefix)


def asked(url: str, server: subprocess.Popen, seconds: float = 120) -> dict:
    """What a server says, once it is there."""
    end = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(url) as answer:
                return json.load(answer)
        except urllib.error.URLError:
            assert server.poll() is None and time.monotonic() < end
            time.sleep(0.2)
