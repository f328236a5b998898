"""What a real model takes, made up of what was measured of its parts."""

from __future__ import annotations

import bars
import pytest
import real
from measuring import TUNABLES
from record import Record, row_of

from gradiend.errors import InputError
from tests.study.run.test_entrance import entrance

MEASURED = {
    ("step, batch 16", "theirs"): 50.0,
    ("step, batch 16", "ours"): 2.0,
    ("a grid candidate", "theirs"): 10.0,
    ("peak memory, batch 16", "theirs"): 20_000.0,
    ("peak memory, batch 16", "ours"): 7_000.0,
    (bars.TRAINED, "ours"): 200.0,
    (f"{bars.CHOSEN}, closed form", "ours"): 80.0,
}


def record(**changed: float) -> Record:
    """What was measured, as the file has it."""
    rows = {
        (measure, real.SETTING, side): row_of([[changed.get(side, value)]])
        for (measure, side), value in MEASURED.items()
    }
    return Record(bars.REAL_MODEL, {}, rows)


def test_what_a_user_of_theirs_waits_for_is_made_up_of_its_parts():
    found = real.assembled(record(), steps=100)
    trained = found.rows[bars.TRAINED, real.SETTING, "theirs"]
    assert trained["value"] == 5_000 and "100 steps" in trained["made_of"]
    chosen = found.rows[bars.CHOSEN, real.SETTING, "theirs"]
    assert chosen["value"] == 5_000 + real.PEER_CANDIDATES * 10
    figures = real.figures(found)
    assert figures[bars.REAL[0].name] == 25
    assert figures[bars.REAL[1].name] == pytest.approx(66.5)
    bars.hold(bars.REAL, figures)


def test_without_the_peer_its_bars_are_not_measured(tmp_path, capsys):
    ours = {key: row for key, row in record().rows.items() if key[2] == "ours"}
    found = real.assembled(Record(bars.REAL_MODEL, {}, ours), steps=100)
    assert (bars.TRAINED, real.SETTING, "theirs") not in found.rows
    with pytest.raises(InputError, match=r"4 of 5 bars missed.*not measured"):
        bars.hold(bars.REAL, real.figures(found))


def test_the_memory_of_a_process_is_its_own(monkeypatch):
    """Whatever the one that starts it has had."""
    monkeypatch.setenv(TUNABLES, "glibc.malloc.trim_threshold=1000000")
    held = bytearray(400 << 20)
    held[:: 1 << 12] = b"\1" * len(held[:: 1 << 12])
    seconds, peak = real.process(["this"], threads=1)
    assert 1 < peak < 200 and seconds > 0
    with pytest.raises(InputError, match=r"^no_such_module a failed: .*No module"):
        real.process(["no_such_module", "a"], threads=1)


def test_the_entrance_checks_the_bars(tmp_path):
    real.assembled(record(), steps=100).write(tmp_path)
    done = entrance(
        "bench", "real", "--check", "--out", str(tmp_path), results=tmp_path
    )
    assert done.returncode == 0, done.stdout + done.stderr
    real.assembled(record(), steps=10).write(tmp_path)
    done = entrance(
        "bench", "real", "--check", "--out", str(tmp_path), results=tmp_path
    )
    assert done.returncode == 1 and "missed" in done.stderr
