"""What a rewriting does to the state that the head reads (notebook 11)."""

from __future__ import annotations

import pandas as pd

from gradiend.files import write_csv
from gradiend.rewriting import rewritten
from study.analysis.state import Head, state_parts
from study.results import files
from study.results.selected import BASE
from study.steps.held_out import others_say, reported
from study.steps.studied import Studied


def states(studied: Studied) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The parts of the state that two words take, in the base model and in N.

    states.csv has a row a text (of the feature's own associations) and variant;
    norm.csv a row a variant: their means, the length of the state, and P of the two
    words there (``said``) and where neither stands (``said elsewhere``).
    """
    lm, chosen = studied.lm, studied.variants[0]
    others = others_say(studied)
    rows = pd.concat(studied.own.values(), ignore_index=True)
    head = Head.of(lm, studied.pair)
    tables, means = [], []
    for name, rate in ((BASE, 0.0), (chosen.name, chosen.rate)):
        with rewritten(lm, chosen.gradiend, chosen.h, rate):
            table = state_parts(lm, rows, head, batch_size=studied.asked.batch_size)
            says = reported(studied, others)
        tables.append(table.assign(variant=name))
        means.append(
            {
                "variant": name,
                "width": len(head.apart),
                "length": table["length"].mean(),
                "distance": head.distance,
                "apart": table["apart"].abs().mean(),
                "both": table["both"].mean(),
            }
            | {key: says[key] for key in ("gap", "said", "said elsewhere", "loss")}
        )
    before = tables[0]["apart"]
    found = pd.concat([t.assign(base=before) for t in tables], ignore_index=True)
    norm = pd.DataFrame(means)
    write_csv(studied.folder / files.STATES, found)
    write_csv(studied.folder / files.NORM, norm)
    return found, norm
