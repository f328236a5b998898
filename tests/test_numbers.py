"""Every number in the tables of README and docs/ is one of figures/."""

from __future__ import annotations

import pytest

from study.report.readme import FIGURES, documents, faults


@pytest.mark.parametrize("file", documents(), ids=lambda f: f.parent.name + f.name)
def test_tables_say_what_figures_say(file):
    assert faults(file, FIGURES) == []
