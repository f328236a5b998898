"""What run_all.sh makes of a command line: profiles, options, paths, mistakes."""

from __future__ import annotations

import os
import re
import shlex
import shutil
from pathlib import Path

import pytest

from study.profiles.reading import load_profile
from study.results.places import REPOSITORY
from study.run.entrance import OTHERS
from study.run.plan import steps
from study.run.preloaded import PROGRAM
from tests.study.run.test_entrance import MODEL, entrance

TRAINING = f"02_train__{MODEL.replace('-', '_')}__all"
COMMANDS = ("mini", "quick", "real", "hub", "paper", *OTHERS)


def planned(said: str) -> set[str]:
    """The jobs that a dry run showed."""
    return set(re.findall(r"^(\w+)\s+1$", said, re.MULTILINE)) - {"all", "total"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["minni"], "unknown command or profile 'minni'; did you mean 'mini'"),
        (["tset"], "unknown command or profile 'tset'; did you mean 'test'"),
        (["smoke", "--models", "standin-gtp2"], "did you mean 'standin-gpt2'"),
        (["smoke", "--models=standin-gtp2"], "did you mean 'standin-gpt2'"),
        (["smoke", "--domains", "gendr"], "did you mean 'gender'"),
        (["no/such.yaml"], "no/such.yaml: no such profile"),
        (["smoke", "--models"], "--models needs a value"),
        (["smoke", "--domains", "-n"], "--domains needs a value"),
        (["test", "--models", "standin-gpt2"], "are for profiles, not for test"),
        (["bench", "sped"], "bench needs one of speed, real, growth"),
        (["smoke", "--modles", "standin-gpt2"], "'--modles'; did you mean '--models'"),
        (["smoke", "-j", "0"], "-j 0: a run needs at least one core; leave -j out"),
        (["-n", "qick"], "'qick' is neither an option nor a step"),
    ],
)
def test_mistakes_are_one_clear_line(tmp_path, arguments, message):
    done = entrance(*arguments, results=tmp_path)
    assert done.returncode != 0
    assert message in done.stderr
    assert len((done.stdout + done.stderr).strip().splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_help_says_what_there_is(tmp_path):
    done = entrance("--help", results=tmp_path)
    assert done.returncode == 0
    for command in COMMANDS:
        assert re.search(rf"^  {command} ", done.stdout, re.MULTILINE)


def test_a_results_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").touch()
    done = entrance("smoke", results=tmp_path / "file" / "results")
    assert done.returncode != 0
    assert "set GRADIEND_RESULTS" in done.stderr


def test_options_may_stand_before_the_profile(tmp_path):
    options = ("-n", f"--models={MODEL}", "--models", "standin-llama, standin-gpt2")
    done = entrance(*options, "smoke", "--domains=gender", results=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert {TRAINING, "02_train__standin_llama__all"} <= planned(done.stdout)


def test_options_of_snakemake_go_through(tmp_path):
    done = entrance("smoke", TRAINING, "-n", "-j", "2", results=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert planned(done.stdout) == {TRAINING}


def test_relative_paths_are_the_callers(tmp_path):
    (tmp_path / "own.yml").write_text("like: smoke\n")
    done = entrance("own.yml", "-n", results="here", folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "here").is_dir() and not (REPOSITORY / "here").exists()


def test_jobs_of_one_card_take_turns_and_a_broken_driver_stops_nothing(
    tmp_path, monkeypatch
):
    """Each would take the first of the cards, however many there are."""
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\necho a card\necho another\nexit 18\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    done = entrance("smoke", "-n", "--quiet", "reason", results=tmp_path / "results")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "--resources gpu=1 " in done.stdout + done.stderr


def test_a_relative_folder_of_data_is_the_callers(tmp_path, monkeypatch):
    """Steps run elsewhere, and each would look for it from where it is."""
    monkeypatch.setenv("GRADIEND_BOOKCORPUS", "books")
    (tmp_path / "own.yaml").write_text("like: smoke\ndata: data/public.yaml\n")
    done = entrance("own.yaml", "-n", results="here", folder=tmp_path)
    assert f"{tmp_path / 'books'}: neither books_large_p1.txt" in done.stderr


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project in a folder that a shell would take apart."""
    folder = tmp_path_factory.mktemp("ein schöner Ort") / "it's here"
    for name in ("gradiend", "study", "notebooks", "data", "figures"):
        shutil.copytree(REPOSITORY / name, folder / name)
    for pattern in ("run_all.sh", "requirements*.lock"):
        for path in REPOSITORY.glob(pattern):
            shutil.copy2(path, folder)
    return folder


@pytest.mark.parametrize("name", ["my own.yaml", "größer: it's #1.yml"])
def test_any_path_reaches_the_steps_whole(tmp_path, monkeypatch, name):
    folder = tmp_path / "ä b"
    folder.mkdir()
    profile = folder / name
    profile.write_text("like: smoke\nmodels: [standin-gpt2]\n")
    options = ("-n", "--printshellcmds", "--quiet", "host")
    done = entrance(str(profile), *options, results=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    shown = re.findall("^Shell command: exec (.*)$", done.stdout, re.MULTILINE)
    monkeypatch.setenv("GRADIEND_RESULTS", str(folder))
    said = {tuple(shlex.split(command)[1:]) for command in shown}
    planned = {step.name: step.command for step in steps(load_profile(str(profile)))}
    assert len(said) == len(planned)
    for step, command in planned.items():
        assert (*PROGRAM, *command) in said, step


def test_the_checkout_may_be_anywhere(elsewhere):
    results = elsewhere / "results"
    done = entrance("smoke", "-n", results="", checkout=elsewhere)
    assert done.returncode == 0, done.stdout + done.stderr
    assert results.is_dir()


def test_a_path_with_braces_is_refused(tmp_path):
    done = entrance("smoke", "-n", results=tmp_path / "{a}")
    assert done.returncode != 0
    assert "{a}/smoke: a path with { or } cannot be used" in done.stderr


def test_a_file_that_a_model_is_made_of_is_told_first(tmp_path):
    profile = tmp_path / "own.yaml"
    made = "{prepared: {module: study.models.minilm, needs: [no/where]}, display: A}"
    profile.write_text(f"like: smoke\nmodels: [a: {made}]\n")
    done = entrance(str(profile), "-n", results=tmp_path / "results")
    assert done.returncode != 0
    assert "no/where: not there; check models.a.prepared.needs" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_model_that_is_not_where_the_profile_says_is_told_first(tmp_path):
    profile = tmp_path / "own.yaml"
    profile.write_text(f"like: smoke\nmodels: [{MODEL}: {{folder: no/where}}]\n")
    done = entrance(str(profile), "-n", results=tmp_path / "results")
    assert done.returncode != 0
    assert f"no/where/model.safetensors: not there; check models.{MODEL}" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
