"""What the search reaches of grid and refinement, in known cases."""

from __future__ import annotations

import pandas as pd
import pytest
from search import reached

BASE = pd.Series({"gap": 0.5, "Balance": 0.4})
BEST = pd.Series({"gap": 0.1, "Balance": 0.8})
FOUND = pd.Series({"gap": 0.2, "Balance": 0.6})


def test_it_is_a_share_of_balance_or_of_how_far_the_gap_falls():
    assert reached(FOUND, BEST, BASE, None) == pytest.approx(0.75)
    assert reached(FOUND, BEST, BASE, 0.75) == pytest.approx(0.75)
    assert reached(BASE, BEST, BASE, 0.75) == 0
    assert reached(BEST, FOUND, BASE, 0.75) == pytest.approx(4 / 3)
