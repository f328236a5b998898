"""Why a rewriting works, and what it does to the rest (notebook 11).

Of one model and its first feature: decoders side by side; what first and second order
say of every probe, against rewriting; where language modelling begins to suffer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from gradiend.files import write_csv
from gradiend.rewriting import Rewriter
from study.analysis.agreement import agreement, holds_up_to
from study.analysis.loss import where_dearer, with_predictions
from study.analysis.probes import LOG_ODDS, tokens_asked
from study.analysis.taylor import Quantity, Taylor, check_curvature
from study.results import files
from study.results.first_order import EVERY, NEAR, SELECTED
from study.steps.studied import RANDOM, TEXTS, Chosen, Studied

SHOWN = (NEAR, SELECTED)  # shares of α whose single probes are kept


def predicted_changes(
    studied: Studied,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Changes of every probe, predicted and measured, and how well they agree.

    Writes changes.csv (log-odds of single probes, at the shares of α in :data:`SHOWN`),
    agreement.csv (every share of α, by set, and ``all`` sets together) and holds.csv
    (the largest α, and share of the selected one, up to which first order holds).
    """
    shown, agreeing = [], []
    for chosen in studied.variants:
        direction = chosen.gradiend.decode(chosen.h)
        _check(studied, direction, chosen.rate)
        expansions = {n: q.taylor(direction) for n, q in studied.probes.items()}
        with Rewriter(studied.lm, chosen.gradiend) as rewriter:
            for share in studied.asked.shares:
                rate = share * chosen.rate
                rewriter.apply(chosen.h, rate)
                table = _changes(studied.probes, expansions, rate)
                table.insert(0, "variant", chosen.name)
                table = table.assign(share=share, rate=rate)
                agreeing.append(_agreements(table))
                if share in SHOWN:
                    shown.append(table[table["quantity"] == LOG_ODDS])
    changes = pd.concat(shown, ignore_index=True)
    found = pd.concat(agreeing, ignore_index=True)
    holds = _holds(found)
    write_csv(studied.folder / files.CHANGES, changes)
    write_csv(studied.folder / files.AGREEMENT, found)
    write_csv(studied.folder / files.HOLDS, holds)
    return changes, found, holds


def _holds(agreeing: pd.DataFrame) -> pd.DataFrame:
    """Of each variant, kind of number and set."""
    keys, rows = ["variant", "quantity", "set"], []
    for key, part in agreeing.groupby(keys, sort=False):
        share = holds_up_to(part["share"].to_numpy(), part)
        unit = abs(part["rate"].iloc[0] / part["share"].iloc[0])
        up_to = {"up to share": share, "up to α": share * unit, "selected α": unit}
        rows.append(dict(zip(keys, key, strict=True)) | up_to)
    return pd.DataFrame(rows)


def _changes(
    probes: Mapping[str, Quantity], expansions: Mapping[str, Taylor], rate: float
) -> pd.DataFrame:
    """A row a probe and kind of number, of the model as it is now."""
    parts = []
    for name, quantity in probes.items():
        expansion = expansions[name]
        measured = quantity.values() - expansion.value
        first, second = (expansion.change(rate, order=n) for n in (1, 2))
        parts += [
            pd.DataFrame(
                {
                    "set": name,
                    "quantity": kind,
                    "predicted": first[k],
                    "second order": second[k],
                    "measured": measured[k],
                }
            )
            for k, kind in enumerate(quantity.kinds)
        ]
    return pd.concat(parts, ignore_index=True)


def _agreements(table: pd.DataFrame) -> pd.DataFrame:
    by = ["variant", "share", "rate", "quantity", "set"]
    both = pd.concat([table, table.assign(set=EVERY)], ignore_index=True)
    first = agreement(both, by)
    swapped = both.drop(columns="predicted").rename(
        columns={"second order": "predicted"}
    )
    second = agreement(swapped, by)
    return first.assign(**{"R2 second order": second["R2"]})


def _check(studied: Studied, direction, rate: float) -> None:
    """Second derivatives against differences of first ones, on the smallest set."""
    smallest = min(studied.probes.values(), key=lambda quantity: quantity.size)
    check_curvature(smallest, direction, step=rate / 100)


def losses_along(studied: Studied) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Loss of neutral texts along dec(h), as derivatives at W say it, and measured.

    losses.csv has a row an α: loss and LMS as measured; first and second order; and
    the ``bound`` L(0) + α·L′(0) + ½·α²·max L″ over the α up to it (Taylor's theorem,
    with the curvature measured at the α of the table). limits.csv says at which α the
    loss has risen by ``dearer``. A random direction of the same length is beside them.
    """
    asked, tables, limits = studied.asked, [], []
    texts, weights = studied.probes[TEXTS], tokens_asked(studied.modelling)
    for chosen in _directions(studied):
        direction = chosen.gradiend.decode(chosen.h)
        rows = []
        with Rewriter(studied.lm, chosen.gradiend) as rewriter:
            for share in (0.0, *asked.shares):
                rate = share * chosen.rate
                here = _mean_loss(texts.taylor(direction, at=rate), weights)
                rewriter.apply(chosen.h, rate)
                row = {"variant": chosen.name, "share": share, "rate": rate}
                rows.append(row | here | {"LMS": studied.modelling()})
                rewriter.restore()
        table = with_predictions(pd.DataFrame(rows))
        tables.append(table)
        limits.append({"variant": chosen.name} | where_dearer(table, asked.dearer))
    losses, found = pd.concat(tables, ignore_index=True), pd.DataFrame(limits)
    write_csv(studied.folder / files.LOSSES, losses)
    write_csv(studied.folder / files.LIMITS, found)
    return losses, found


def _directions(studied: Studied) -> list[Chosen]:
    """N of both decoders, and its place on a random decoder of equal length."""
    first = studied.variants[0]
    control = replace(first, name=RANDOM, gradiend=studied.decoders[RANDOM])
    return [*studied.variants[:2], control]


def _mean_loss(expansion: Taylor, weights: np.ndarray) -> dict[str, float]:
    """Loss, slope and curvature of all tokens together."""
    share = weights / weights.sum()
    parts = {"loss": expansion.value} | {
        name: getattr(expansion, name) for name in ("slope", "curvature")
    }
    return {name: float(part[0] @ share) for name, part in parts.items()}
