"""Results that changed since their step wrote them."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from gradiend.errors import InputError
from study.run import runner
from study.run.damage import forget_digests, record_digests, remove_damaged


def test_damaged_outputs_are_named_and_removed(tmp_path):
    target, other = tmp_path / "a.ipynb", tmp_path / "b.csv"
    target.write_text("{}")
    other.write_text("x\n1\n2\n")
    record_digests(target, [target, other])
    assert list(remove_damaged(tmp_path)) == []
    other.write_text("x\n1\n")
    assert list(remove_damaged(tmp_path)) == [other.resolve()]
    assert not other.exists() and target.exists()


def test_what_a_killed_run_was_writing_is_no_record(tmp_path):
    target = tmp_path / "a.ipynb"
    target.write_text("{}")
    record_digests(target, [target])
    (tmp_path / ".unfinished-7-a.digests.json").write_text('{"a.ip')
    assert list(remove_damaged(tmp_path)) == []


def test_a_damaged_note_is_named(tmp_path):
    target = tmp_path / "a.ipynb"
    target.write_text("{}")
    record_digests(target, [target])
    (tmp_path / "a.digests.json").write_text('{"a.ip')
    with pytest.raises(InputError, match=r"a\.digests\.json: damaged .*delete it"):
        list(remove_damaged(tmp_path))


def test_what_a_step_of_another_plan_noted_is_no_damage(tmp_path):
    """As after ``--domains gender``, other settings, and the whole profile."""
    made, kept = tmp_path / "a.csv", tmp_path / "b.csv"
    for path in (made, kept):
        path.write_text("x\n")
    record_digests(tmp_path / "one.ipynb", [made, kept])
    forget_digests(tmp_path, [made])
    made.write_text("y\n")
    record_digests(tmp_path / "all.ipynb", [made])
    assert list(remove_damaged(tmp_path)) == []
    kept.write_text("z\n")
    assert list(remove_damaged(tmp_path)) == [kept]


def test_what_a_running_step_has_written_is_nobodys_to_delete(tmp_path, monkeypatch):
    """A plan that is shown meanwhile (-n) leaves it alone."""
    target, output = tmp_path / "a.ipynb", tmp_path / "out.csv"
    target.write_text("{}")
    output.write_text("old\n")
    record_digests(target, [target, output])
    left, other = (tmp_path / f".unfinished-7-{n}" for n in ("out.csv", "b.csv"))
    for path in (left, other):  # of a process that was killed, and of another step
        path.touch()
    seen: list[list[Path]] = []

    def step(source: Path, target: Path, parameters: dict, *, threads: int) -> None:
        output.write_text("new\n")
        seen.append(list(remove_damaged(tmp_path)))
        target.write_text("{}")

    source = tmp_path / "source.ipynb"
    cell = nbformat.v4.new_code_cell("x = 1", metadata={"tags": ["parameters"]})
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), source)
    monkeypatch.setattr(runner, "run_notebook", step)
    monkeypatch.setattr(runner, "_end_with_parent", lambda: None)
    assert runner.main([str(source), str(target), "--outputs", str(output)]) == 0
    assert not left.exists() and other.exists()
    assert seen == [[]] and output.read_text() == "new\n"
    assert list(remove_damaged(tmp_path)) == []
    output.write_text("damaged\n")
    assert list(remove_damaged(tmp_path)) == [output]
