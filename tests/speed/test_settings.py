"""Both sides are measured in the same settings, and the file says in which."""

from __future__ import annotations

import stat
import sys

import pytest
import table
from measuring import RESULTS, TUNABLES
from record import Record, row_of
from workers import Side, peer_versions

import speed
from gradiend.errors import InputError
from gradiend.files import read_json

MODEL = "BERT, a stand-in's size"
KEPT = "glibc.malloc.mmap_max=0"
# A worker that takes a second where it is told how to keep memory, else two.
WORKER = f"""#!{sys.executable}
import json, os, sys
if sys.argv[1] == "-c":
    print("gradiend 0.2.3, torch 2.13.0")
    sys.exit()
seconds = {{"{KEPT}": 1.0, None: 2.0}}[os.environ.get("{TUNABLES}")]
answers = {{
    "peak": {{"peak_MiB": 100 * seconds}},
    "limits": {{"operations": 1, "matmul_rate": 1, "n": 1, "copy_rate": 88}},
}}
print(json.dumps({{"ready": True}}), flush=True)
for line in sys.stdin:
    request = json.loads(line)
    timed = {{"seconds": seconds, "gradient_seconds": 4, "update_seconds": 2}}
    found = answers.get(request["do"], timed) | {{"rows": request.get("rows", 1)}}
    print(json.dumps(found), flush=True)
"""


@pytest.fixture
def worker(tmp_path, monkeypatch) -> str:
    """A stand-in for the interpreters of both sides."""
    path = tmp_path / "worker"
    path.write_text(WORKER, encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv(TUNABLES, KEPT)
    monkeypatch.setattr(speed, "OURS", Side(str(path), "our_worker.py"))
    monkeypatch.setattr(speed, "save_random_model", lambda folder, *_, **__: folder)
    monkeypatch.setattr(speed, "rows_for", lambda model: speed.pd.DataFrame())
    return str(path)


def measured(worker: str, folder, *arguments: str) -> Record:
    options = ["--peer", worker, "--models", MODEL, "--out", str(folder), *arguments]
    speed.run(speed.parse(options))
    return Record.read(MODEL, folder)


def test_both_sides_have_each_setting(worker, tmp_path):
    record = measured(worker, tmp_path / "out")
    for measure in (*table.SECONDS, *table.MEMORY):
        for setting, seconds in (("kept", 1), ("plain", 2)):
            expected = [seconds, seconds]
            if measure in table.MEMORY:
                expected = [100 * seconds] * 2
            if measure == "encoding a row":  # theirs 2 at once, ours 32
                expected = [seconds / 2, seconds / 32]
            found = [record.value(measure, setting, s) for s in ("theirs", "ours")]
            assert found == expected
    assert [record.value(each, "kept", "ours") for each in table.LIMITS] == [0.25, 0.5]
    assert record.conditions[TUNABLES] == KEPT
    assert record.conditions["peer"] == "gradiend 0.2.3, torch 2.13.0"


def test_the_first_call_of_each_turn_is_not_counted(worker, tmp_path):
    record = measured(worker, tmp_path / "out", "--turns", "3", "--repeats", "2")
    for side, calls in (("theirs", 2), ("ours", 4)):
        turns = record.rows["step, batch 1", "plain", side]["turns"]
        assert [len(turn) for turn in turns] == [calls] * 3


def test_parts_and_settings_are_added_to_what_there_is(worker, tmp_path):
    out = tmp_path / "out"
    first = measured(worker, out, "--parts", "batch 1", "--settings", "plain")
    second = measured(worker, out, "--parts", "evaluation", "--settings", "kept")
    assert {key[:2] for key in first.rows} == {
        ("step, batch 1", "plain"),
        ("peak memory, batch 1", "plain"),
    }
    assert {key[:2] for key in second.rows} - {key[:2] for key in first.rows} == {
        ("encoding a row", "kept"),
        ("a grid candidate", "kept"),
    }
    assert first.rows.items() <= second.rows.items()


def test_figures_of_another_machine_are_not_mixed_in(worker, tmp_path):
    out = tmp_path / "out"
    measured(worker, out, "--parts", "batch 1")
    with pytest.raises(InputError, match="measured before with threads 2, now 1"):
        measured(worker, out, "--parts", "evaluation", "--threads", "1")


def test_kept_needs_the_setting(worker, tmp_path, monkeypatch):
    monkeypatch.delenv(TUNABLES)
    with pytest.raises(InputError, match=r"start \./run_all\.sh bench speed"):
        measured(worker, tmp_path / "out")
    assert measured(worker, tmp_path / "out", "--settings", "plain").rows


def test_an_unknown_setting_is_refused(capsys):
    with pytest.raises(SystemExit):
        speed.parse(["--settings", "kept,plane"])
    assert "did you mean 'plain'" in capsys.readouterr().err


def test_a_peer_that_is_not_there_is_said_at_once(tmp_path):
    with pytest.raises(InputError, match="no interpreter with gradiend and torch"):
        peer_versions(str(tmp_path / "nowhere"))


def test_the_document_has_the_tables_of_the_results():
    text = table.DOCUMENT.read_text(encoding="utf-8")
    between = text.partition(table.BEGIN)[2].partition(table.END)[0]
    assert between.strip() == table.tables(RESULTS)


def test_tables_are_filled_and_what_lacks_is_marked(tmp_path):
    document = tmp_path / "speed.md"
    document.write_text(f"a\n{table.BEGIN}\nold\n{table.END}\nb\n", encoding="utf-8")
    keys = {("step, batch 1", "kept", "theirs"): 6.0}
    keys[("step, batch 1", "kept", "ours")] = 0.5
    keys[("step, batch 1", "plain", "theirs")] = 9.0
    rows = {key: row_of([[value]]) for key, value in keys.items()}
    Record(table.HEADLINE, {}, {}).added(rows).write(tmp_path)
    table.fill(document, tmp_path)
    text = document.read_text(encoding="utf-8")
    assert text.startswith(f"a\n{table.BEGIN}\n") and text.endswith(f"{table.END}\nb\n")
    assert "old" not in text
    line = next(x for x in text.splitlines() if x.startswith("| training step, 1 row"))
    missing = table.MISSING
    assert line == (
        f"| training step, 1 row | 6.0 s | 0.5 s | **12** | 9.0 s | {missing} | "
        f"{missing} | *18* | 1 in 1, 1 in 1 |"
    )


def test_a_document_without_the_comments_is_refused(tmp_path):
    document = tmp_path / "speed.md"
    document.write_text("nothing", encoding="utf-8")
    with pytest.raises(InputError, match="put them in"):
        table.fill(document, tmp_path)


def test_committed_results_name_their_conditions():
    for path in RESULTS.glob("speed_*.json"):
        content = read_json(path)
        assert {"processor", "threads", "torch"} <= set(content["conditions"])
        assert {row["setting"] for row in content["measures"]} <= {"kept", "plain"}
