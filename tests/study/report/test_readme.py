"""The check of tables in README and docs/ against the tables in figures/."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradiend.errors import InputError
from study.report import readme

CLAIMS = r"""| id | group | claim | value | bound | holds |
| --- | --- | --- | --- | --- | --- |
| few | balance | \|h\| of some | 2 of 7 | ≥ 5 of 7 | no |
| left | bias left | bias left | **63 (14–117)** | – |  |
| low | encoder | Pearson | 0.95 | ≥ 0.70 | yes |
"""
GOOD = r"""# Found

Words, and a number: 7.

<!-- figures: claims; columns: claim | value | bound; id: few | left -->
| claim | value | bound |
| --- | --- | --- |
| \|h\| of some | 2 of 7 | ≥ 5 of 7 |
| bias left | **63 (14–117)** | – |

<!-- not results: numbers of notebooks -->

| notebook | what |
|---|---|
| [00](00.ipynb) | first |

| words | only |
|---|---|
| no | number |

```
| in | code |
|---|---|
| 1 | 2 |
```
"""


@pytest.fixture
def folder(tmp_path) -> Path:
    (tmp_path / "claims.md").write_text(CLAIMS, encoding="utf-8")
    return tmp_path


def written(folder: Path, text: str) -> Path:
    file = folder / "README.md"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_table_that_is_as_in_figures_is_right(folder):
    file = written(folder, GOOD)
    assert readme.faults(file, folder) == []
    readme.rewrite(file, folder)
    assert file.read_text(encoding="utf-8") == GOOD


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("2 of 7 |", "6 of 7 |", "README.md:8: cell 2 (value): '6 of 7' stands, "),
        (
            "**63 (14–117)**",
            "63 (14–117)",
            "README.md:9: cell 2 (value): '63 (14–117)' stands, ",
        ),
        ("| value | bound |", "| value | limit |", "README.md:6: cell 3 (bound)"),
        ("≥ 5 of 7 |", "≥ 5 of 7 | x |", "README.md:8: 4 cells; there should be 3"),
    ],
)
def test_a_cell_that_differs_is_named_and_written_again(folder, right, wrong, said):
    file = written(folder, GOOD.replace(right, wrong))
    found = readme.faults(file, folder)
    assert len(found) == 1
    assert said in found[0]
    readme.rewrite(file, folder)
    assert file.read_text(encoding="utf-8") == GOOD


def test_the_fault_says_what_should_stand(folder):
    (fault,) = readme.faults(written(folder, GOOD.replace("2 of", "6 of")), folder)
    assert fault.endswith("figures/ has '2 of 7'")


def test_a_missing_row_is_a_fault(folder):
    row = "| bias left | **63 (14–117)** | – |\n"
    file = written(folder, GOOD.replace(row, ""))
    assert readme.faults(file, folder)[0].endswith("1 rows; there should be 2")
    readme.rewrite(file, folder)
    assert file.read_text(encoding="utf-8") == GOOD


def test_numbers_without_a_source_are_a_fault(folder):
    bare = GOOD.replace("<!-- not results: numbers of notebooks -->\n", "")
    (fault,) = readme.faults(written(folder, bare), folder)
    assert "README.md:12: a table with numbers and no comment" in fault


def test_rows_are_wanted_by_any_column(folder):
    text = "<!-- figures: claims; columns: id; group: encoder -->\n| id |\n|---|\n"
    file = written(folder, text + "| few |\n")
    assert "'few' stands, figures/ has 'low'" in readme.faults(file, folder)[0]


@pytest.mark.parametrize(
    ("mark", "said"),
    [
        ("figures: nothing", "nothing.md: not there yet"),
        ("figures: claims; columns: clam", "did you mean 'claim'?"),
        ("figures: claims; id: fewer", "did you mean 'few'?"),
        ("figures: claims; holds: maybe", "(there are: no, , yes)"),
        ("figures: claims; few", "does not read 'column: value | value'"),
    ],
)
def test_a_source_that_is_not_there_is_an_error(folder, mark, said):
    file = written(folder, f"<!-- {mark} -->\n| id |\n|---|\n| few 1 |\n")
    with pytest.raises(InputError) as failure:
        readme.faults(file, folder)
    assert said in str(failure.value)


def test_the_command_says_what_is_wrong_and_mends_it(folder, monkeypatch, capsys):
    monkeypatch.setattr(readme, "FIGURES", folder)
    file = written(folder, GOOD.replace("2 of", "6 of"))
    monkeypatch.setattr("sys.argv", ["readme", str(file)])
    assert readme.main() == 1
    assert "1 numbers are not those of figures/" in capsys.readouterr().err
    monkeypatch.setattr("sys.argv", ["readme", "--write", str(file)])
    assert readme.main() == 0
    assert file.read_text(encoding="utf-8") == GOOD
