"""docs/models.md is as the command writes it, and a sample of it still holds."""

from __future__ import annotations

import pytest

from tests.gradiend.lm.families import OUTCOMES, PAGE, Line, line, page

SAMPLE = (
    ("fnet", "masked"),
    ("mobilebert", "masked"),
    ("modernbert", "masked"),
    ("bart", "masked"),
    ("gemma2", "causal"),
    ("mamba", "causal"),
    ("mixtral", "causal"),
    ("opt", "causal"),
    ("llava", "images"),
)


@pytest.fixture(scope="module")
def written() -> list[Line]:
    rows = [
        [cell.strip() for cell in row.strip("|").split("|")]
        for row in PAGE.read_text(encoding="utf-8").splitlines()
        if row.startswith("| ")
    ]
    return [Line(*row) for row in rows[1:]]


def test_the_page_is_as_the_command_writes_it(written):
    assert PAGE.read_text(encoding="utf-8") == page(written)
    assert {entry.outcome for entry in written} <= {*OUTCOMES}, "a wrong number"


def test_most_families_are_right_or_fall_back(written):
    computed = [e for e in written if e.outcome in {"right", "falls back"}]
    assert len(computed) >= 70


@pytest.mark.parametrize(("family", "kind"), SAMPLE)
def test_a_family_does_what_the_page_says(written, family, kind):
    assert line(family, kind) in written
