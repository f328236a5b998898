"""What must hold is checked by a command that fails, and each miss is named."""

from __future__ import annotations

import shutil

import bars
import growth
import pytest
from measuring import RESULTS
from record import SETTINGS, Record, ratio_name, row_of

from gradiend.errors import InputError
from gradiend.files import read_json, write_json
from tests.study.run.test_entrance import entrance

MODEL = "BERT-base size"


def recorded(folder, *, factor: float, without: tuple[str, str] = ("", "")) -> None:
    """Results in which every ratio is ``factor`` times its bound, but for one."""
    for model, measure in bars.RATIOS:
        record = Record.read(model, folder)
        ratio = factor * bars.RATIOS[model, measure]
        for setting in SETTINGS:
            if (measure, setting) != without:
                rows = {(measure, setting, "theirs"): row_of([[ratio]])}
                rows[measure, setting, "ours"] = row_of([[1.0]])
                record = record.added(rows)
        record.write(folder)


def speed_check(folder) -> None:
    figures: dict = {}
    for model, _ in bars.RATIOS:
        figures |= Record.read(model, folder).figures()
    bars.hold(bars.of_speed(model for model, _ in bars.RATIOS), figures)


def test_figures_above_their_bars_hold(tmp_path, capsys):
    recorded(tmp_path, factor=1.01)
    speed_check(tmp_path)
    shown = capsys.readouterr().out.splitlines()
    assert len(shown) == 2 * len(bars.RATIOS) == 14
    assert all(line.startswith("holds ") for line in shown)


def test_every_missed_bar_is_named_with_value_and_bound(tmp_path):
    recorded(tmp_path, factor=0.5)
    with pytest.raises(InputError) as error:
        speed_check(tmp_path)
    message = str(error.value)
    assert message.startswith("14 of 14 bars missed: ")
    for (model, measure), bound in bars.RATIOS.items():
        for setting in SETTINGS:
            name = ratio_name(model, measure, setting)
            value = f"{bound / 2:.3g}, must be at least {bound:.3g}"
            assert f"{name}: {value}" in message


def test_what_was_not_measured_is_missed(tmp_path):
    recorded(tmp_path, factor=2, without=("a grid candidate", "plain"))
    with pytest.raises(InputError) as error:
        speed_check(tmp_path)
    assert str(error.value) == (
        f"1 of 14 bars missed: {ratio_name(MODEL, 'a grid candidate', 'plain')}: "
        "not measured, must be at least 5"
    )


def test_a_mixed_pair_of_settings_is_no_figure(tmp_path):
    """Theirs plain and ours kept: the old, unequal comparison."""
    record = Record(MODEL, {}, {}).added(
        {
            ("step, batch 1", "plain", "theirs"): row_of([[60.0]]),
            ("step, batch 1", "kept", "ours"): row_of([[1.0]]),
        }
    )
    assert set(record.figures().values()) == {None}
    assert record.ratio("step, batch 1", {"theirs": "plain", "ours": "kept"}) == 60


def test_the_bar_of_a_grid_candidate_stays():
    assert bars.RATIOS[MODEL, "a grid candidate"] == 5


def test_nothing_to_check_is_not_a_success():
    with pytest.raises(InputError, match="no bar for these models"):
        bars.hold(bars.of_speed(["BERT, a stand-in's size"]), {})


def test_a_bound_from_above():
    bar = bars.Bar("growth", 1.1, most=True)
    assert bar.holds(1.1) and not bar.holds(1.11) and not bar.holds(None)
    assert bar.line(2) == "growth: 2, must be at most 1.1"


@pytest.mark.parametrize("power", [1.0, 1.5])
def test_time_that_grows_faster_than_its_cause_is_missed(power):
    committed = growth.pd.DataFrame(read_json(RESULTS / "growth.json")["measures"])
    rows = committed["axis"] == "rows"
    committed.loc[rows, "seconds"] = committed.loc[rows, "size"] ** power
    figures = growth.figures(committed)
    if power == 1:
        bars.hold(bars.GROWTH, figures)
        return
    with pytest.raises(InputError, match=r"^1 of 8 bars missed: rows: growth of sec"):
        bars.hold(bars.GROWTH, figures)


def test_the_searchs_bars_are_of_every_choice(tmp_path):
    choices = [
        {"reached": kept, "candidates": 7, "full candidates": 49} for kept in (1, 0.985)
    ]
    write_json(tmp_path / "search.json", {"measures": choices})
    arguments = ("bench", "search", "--check", "--out", str(tmp_path))
    bad = entrance(*arguments, results=tmp_path)
    assert bad.returncode == 1 and "1 of 3 bars missed" in bad.stderr
    assert "full search / choices: 0.5, must be at least 1" in bad.stderr
    write_json(tmp_path / "search.json", {"measures": choices[:1]})
    assert entrance(*arguments, results=tmp_path).returncode == 0


@pytest.mark.parametrize(
    ("benchmark", "damage", "message"),
    [
        ("stereoset", {"largest_relative_difference": 0.1}, "0.1, must be at most"),
        (
            "bookcorpus",
            {
                "measures": [
                    {"rows": 1, "peak_MiB": 100.0},
                    {"rows": 10, "peak_MiB": 900.0},
                ]
            },
            "9, must be at most 1.25",
        ),
    ],
)
def test_the_command_fails_on_a_missed_bar(benchmark, damage, message, tmp_path):
    path = tmp_path / f"{benchmark}.json"
    shutil.copy2(RESULTS / path.name, path)
    arguments = ("bench", benchmark, "--check", "--out", str(tmp_path))
    good = entrance(*arguments, results=tmp_path)
    assert good.returncode == 0, good.stdout + good.stderr
    write_json(path, read_json(path) | damage)
    bad = entrance(*arguments, results=tmp_path)
    assert bad.returncode == 1
    assert bad.stderr.startswith("error: 1 of 1 bars missed") and message in bad.stderr
