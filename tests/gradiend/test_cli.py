"""The command line: what it writes, what it says, and how it ends."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pandas as pd
import pytest
import torch
from huggingface_hub.errors import HFValidationError, HTTPError
from safetensors.torch import load_file

from gradiend import ClozeLM, Gradiend, cli, read_cloze_table, rewritten
from gradiend.cli import main
from gradiend.errors import InputError
from gradiend.pushing import push
from study.models.standins import STANDINS
from study.results.places import REPOSITORY

AGE = REPOSITORY / "data" / "examples" / "age.csv"

_SAID = (("Ann", "young"), ("Bob", "old"))
MODEL = str(STANDINS / "standin-bert-base")


@pytest.fixture(scope="module")
def out(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("cli") / "a folder, wïth spaces"
    given = ["debias", MODEL, str(AGE), "--out", str(folder), "--candidates", "8"]
    assert main(given) == 0
    return folder


def test_debias_leaves_a_checkpoint_and_says_what_became_of_it(out, capsys):
    assert {"model.safetensors", "summary.md", "gradiend.safetensors"} <= {
        path.name for path in out.iterdir()
    }
    assert "young / old" in (out / "summary.md").read_text()
    assert main(["debias", MODEL, str(AGE), "--out", str(out)]) == 1
    said = capsys.readouterr()
    assert said.err.count("\n") == 1 and "--overwrite" in said.err


def test_rows_makes_a_file_that_debias_reads(tmp_path, capsys):
    texts = tmp_path / "texts.txt"
    lines = [f"{name} {n} is {word}." for n in range(40) for name, word in _SAID]
    texts.write_text("\n".join([*lines, "young or old"]), encoding="utf-8")
    out = tmp_path / "rows.csv"
    assert main(["rows", str(texts), "--words", "young", "old", "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert "40 young, 40 old" in said
    assert "texts with the words in several places left out: 1" in said
    table = read_cloze_table(out)
    assert (table["label"] == table["factual"].map({"young": 1, "old": -1})).all()


def test_a_file_is_not_overwritten_unawares(tmp_path, capsys):
    texts, out = tmp_path / "texts.txt", tmp_path / "rows.csv"
    texts.write_text("Ann is young.\nBob is old.\n")
    out.write_text("mine")
    given = ["rows", str(texts), "--words", "young", "old", "--out"]
    feature = ["encode", "no-model", "no.safetensors", str(out), "--out"]
    for call, said in (
        ([*given, str(out)], "rows.csv exists; give another file, or --overwrite"),
        ([*given, str(texts), "--overwrite"], "texts.txt is what is read"),
        ([*given, str(tmp_path)], "is a folder"),
        ([*feature, str(out), "--overwrite"], "rows.csv is what is read"),
    ):
        assert main(call) == 1 and said in capsys.readouterr().err
    assert out.read_text() == "mine" and "Ann" in texts.read_text()
    assert main([*given, str(out), "--overwrite"]) == 0
    assert "factual_class" in out.read_text()


@pytest.mark.parametrize("rows", [[0], [0, 1, -1]])
def test_few_rows_are_enough_to_be_read(out, tmp_path, capsys, rows):
    few = tmp_path / "few.csv"
    pd.read_csv(AGE).iloc[rows].to_csv(few, index=False)
    assert main(["encode", MODEL, str(out / "gradiend.safetensors"), str(few)]) == 0
    assert "Pearson of h and the label" in capsys.readouterr().out


def test_the_first_table_is_of_the_rows_that_the_model_reads(
    tmp_path, capsys, monkeypatch
):
    def stopped(*_args, **_kwargs):
        raise InputError("stopped before learning")

    monkeypatch.setattr("gradiend.debiasing._learned", stopped)
    rows, neutral = tmp_path / "rows.csv", tmp_path / "neutral.txt"
    table = pd.read_csv(AGE)
    table.loc[:2, "masked"] += " They sang" + " and sang" * 3_000
    table.to_csv(rows, index=False)
    neutral.write_text("They sang.\nThey sang" + " and sang" * 3_000)
    given = ["debias", MODEL, str(rows), "--neutral", str(neutral)]
    assert main([*given, "--out", str(tmp_path / "out")]) == 1
    said = capsys.readouterr().out
    assert "rows longer than the model reads left out: 3\n" in said
    assert "neutral texts cut to the longest that the model reads: 1\n" in said
    numbers = [int(n) for line in said.splitlines()[1:3] for n in line.split()[-3:]]
    assert sum(numbers) == len(table) - 3


def test_learning_and_searching_show_how_far_they_are(tmp_path, monkeypatch):
    bars = []

    class Bar(list):
        def __init__(self, steps, *, desc, leave):
            bars.append((desc, len(steps), leave))
            super().__init__(steps)

    monkeypatch.setattr("tqdm.tqdm", Bar)
    given = ["debias", MODEL, str(AGE), "--candidates", "2", "--batch-size", "64"]
    assert main([*given, "--out", str(tmp_path / "out")]) == 0
    assert [bar[0] for bar in bars] == ["learning", "learning", "candidates"]
    assert bars[0][1] > 1 and bars[2][1:] == (3, False)


def test_encode_writes_h_of_every_row(out, tmp_path, capsys):
    file = str(out / "gradiend.safetensors")
    csv = tmp_path / "h.csv"
    assert main(["encode", MODEL, file, str(AGE), "--out", str(csv)]) == 0
    table = pd.read_csv(csv)
    assert table["h"].between(-1, 1).all() and len(table) == 300
    said = capsys.readouterr().out
    assert f"label: {table['h'].corr(table['label']):.3f}" in said


def test_inspect_says_of_what_the_feature_is(out, capsys):
    assert main(["inspect", str(out / "gradiend.safetensors")]) == 0
    said = capsys.readouterr().out
    assert "feature: young / old" in said and "n: 699,776" in said
    gradiend = Gradiend.load(out / "gradiend.safetensors")
    layer = [t for name, t in gradiend.encoder.items() if ".layer.1." in name]
    norm = torch.stack([t.square().sum() for t in layer]).sum().sqrt()
    line = next(line for line in said.splitlines() if line.startswith("layer 1"))
    assert float(line.split()[2]) == pytest.approx(float(norm), rel=5e-3)


def test_a_feature_that_is_read_is_not_overwritten(out, capsys):
    given = ["rewrite", MODEL, str(out / "gradiend.safetensors"), "--h=1", "--alpha=1"]
    assert main([*given, "--out", str(out), "--overwrite"]) == 1
    assert "cannot be overwritten" in capsys.readouterr().err
    assert (out / "gradiend.safetensors").exists()


def test_a_small_negative_number_is_a_number():
    given = ["rewrite", "model", "feature", "--h", "-2E-1", "--alpha", "-1e-4"]
    chosen = cli._parser().parse_args([*given, "--out", "more"])
    assert (chosen.h, chosen.alpha) == (-0.2, -1e-4)


def test_every_option_has_its_help():
    for name, (_, add_options, _) in cli._COMMANDS.items():
        parser = argparse.ArgumentParser()
        add_options(parser)
        assert [a.dest for a in parser._actions if not a.help] == [], name


@pytest.mark.parametrize("command", ["rewrite", "debias"])
def test_help_is_shown_where_a_terminal_knows_no_greek(command):
    call = [sys.executable, "-m", "gradiend", command, "--help"]
    environment = os.environ | {"PYTHONIOENCODING": "cp1252:strict"}
    said = subprocess.run(call, capture_output=True, cwd=REPOSITORY, env=environment)
    assert said.returncode == 0 and b"--overwrite" in said.stdout


def test_a_reader_that_leaves_is_no_error(tmp_path):
    (tmp_path / "texts.txt").write_text("he sat\nshe sat\n")
    call = ["rows", str(tmp_path / "texts.txt"), "--words", "he", "she"]
    call = [
        sys.executable,
        "-m",
        "gradiend",
        *call,
        "--out",
        str(tmp_path / "rows.csv"),
    ]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(call, cwd=REPOSITORY, **pipes) as running:
        running.stdout.close()
        said = running.stderr.read()
    assert (running.returncode, said) == (141, b"")


def test_rewrite_writes_the_candidate_it_is_given(out, tmp_path):
    file, folder = str(out / "gradiend.safetensors"), tmp_path / "more"
    given = ["rewrite", MODEL, file, "--h", "-1", "--alpha", "0.01"]
    assert main([*given, "--out", str(folder)]) == 0
    lm = ClozeLM.from_pretrained(MODEL)
    with rewritten(lm, Gradiend.load(file, like=lm.covered), -1, 0.01):
        expected = {name: p.clone() for name, p in lm.covered.items()}
    written = load_file(folder / "model.safetensors")
    assert all(torch.equal(written[name], p) for name, p in expected.items())


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["debias", "no-model", str(AGE)], "no-model"),
        (["debias", MODEL, "no.csv"], "no.csv: no such file"),
        (["debias", MODEL, str(AGE), "--neutral", "no.txt"], "no.txt: no such file"),
        (["debias", MODEL, str(AGE), "--probes", "no.txt"], "no.txt: no such file"),
        (["debias", "no-model", str(AGE), "--steps", "9"], "leave it out"),
        (["debias", "no-model", str(AGE), "--seed", "-1"], "seed is -1"),
        (["debias", MODEL, str(AGE), "--device", "gpu"], "unknown device 'gpu'"),
        (["debias", MODEL, str(AGE), "--dtype", "bf16"], "did you mean 'bfloat16'"),
        (["debias", MODEL, "no.csv", "--push-to-hub", "my model!"], "OWNER/NAME"),
    ],
)
def test_a_mistake_is_one_line_and_status_one(
    given, said, tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert main([*given, "--out", str(tmp_path / "out")]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ") and said in error and error.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_an_interrupted_call_leaves_nothing(tmp_path, monkeypatch, capsys):
    def stopped(*_args, **_kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr("gradiend.summary.write_rewritten", stopped)
    given = ["debias", MODEL, str(AGE), "--candidates", "1"]
    assert main([*given, "--out", str(tmp_path / "out")]) == 130
    assert "interrupted" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_what_is_pushed_is_the_folder(tmp_path, monkeypatch, capsys):
    pushed = []

    class Hub:
        def create_repo(self, name, exist_ok):
            pushed.append(name)

        def upload_folder(self, repo_id, folder_path):
            pushed.append((repo_id, sorted(p.name for p in folder_path.iterdir())))

    monkeypatch.setattr("huggingface_hub.HfApi", Hub)
    given = ["debias", MODEL, str(AGE), "--candidates", "1", "--push-to-hub", "me/it"]
    assert main([*given, "--out", str(tmp_path / "out")]) == 0
    assert pushed[0] == "me/it" and "model.safetensors" in pushed[1][1]

    def refused(self, name, exist_ok):
        raise OSError("no connection")

    monkeypatch.setattr(Hub, "create_repo", refused)
    assert main([*given, "--out", str(tmp_path / "again")]) == 1
    said = capsys.readouterr().err
    assert "me/it cannot be pushed (no connection); the model is in" in said
    assert (tmp_path / "again" / "model.safetensors").exists()


@pytest.mark.parametrize(
    "error", [HTTPError("no route"), HFValidationError("no route"), OSError()]
)
def test_what_the_hub_says_is_one_line(tmp_path, monkeypatch, error):
    class Hub:
        def create_repo(self, name, exist_ok):
            raise error

    monkeypatch.setattr("huggingface_hub.HfApi", Hub)
    with pytest.raises(
        InputError, match=r"pushed \((no route|OSError)\); the model is"
    ):
        push(tmp_path, "me/it")


def test_an_interrupted_upload_says_what_is_written(tmp_path, monkeypatch, capsys):
    def stopped(*_args):
        raise KeyboardInterrupt

    monkeypatch.setattr("gradiend.pushing.push", stopped)
    given = ["debias", MODEL, str(AGE), "--candidates", "0", "--push-to-hub", "me/it"]
    folder = tmp_path / "out"
    assert main([*given, "--out", str(folder)]) == 130
    assert capsys.readouterr().err.endswith(f"interrupted; {folder} was written\n")
    assert (folder / "model.safetensors").exists()


def test_the_command_is_installed_and_shows_an_example():
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    assert project["scripts"] == {"gradiend": "gradiend.cli:main"}
    command = [sys.executable, "-m", "gradiend", "--help"]
    said = subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY)
    assert said.returncode == 0 and "gradiend debias gpt2 rows.csv --out" in said.stdout
