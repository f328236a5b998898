"""Results that changed since their step wrote them."""

from __future__ import annotations

from study.run.damage import record_digests, remove_damaged


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
