"""The table of what methods cost to fit."""

from __future__ import annotations

import pandas as pd
from pandas.io.formats.style import Styler

from study.report.tables.styling import styled

_COLUMNS = {
    "seconds": ("time (s)", "{:.1f}"),
    "peak_MiB": ("memory (MiB)", "{:,.0f}"),
    "forward": ("passes forward", "{:,.0f}"),
    "backward": ("passes back", "{:,.0f}"),
    "tokens": ("tokens read", "{:,.0f}"),
}


def cost_table(costs: pd.DataFrame) -> Styler:
    """:func:`study.report.costs.costs`, as a reader wants it."""
    names = {name: shown for name, (shown, _) in _COLUMNS.items()}
    table = costs.rename(columns=names)
    return styled(
        table.drop(columns="device"),
        formats=dict(_COLUMNS.values()),
        caption="What fitting cost, the choice on validation included; "
        f"on {', '.join(costs['device'].unique())}",
    )
