"""Is it the sentence? The same jobs in sentences that nothing was chosen on."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from study.comparison.variants import BASE, REFINED
from study.domains.domain import BALANCED
from study.report.claims.claim import Claim, mean
from study.report.claims.models import Group, Models, slug
from study.report.tables.frames import frame_statistics

_GROUP = "other sentences"


def frame_claims(said: pd.DataFrame, models: Models) -> Iterator[Claim]:
    """Spread and offset of the shares of *she* in other sentences than the asked one.

    ``said`` has the columns model, variant, frame, word, stereotype, share and said. A
    value is the mean, and the range, over sentences (and models).
    """
    if said.empty:  # no domain with jobs
        return
    found = frame_statistics(said).set_index(["variant", "model", "frame"])
    for group in models.groups():
        base = group.of(found["spread"].xs(BASE))
        if base.empty:
            continue
        text = f"spread of the shares in other sentences, base, {group.called}"
        id_ = f"frames_spread_base{group.suffix}"
        yield Claim(id_, _GROUP, text, mean(base))
        for variant in (BALANCED, f"{BALANCED}{REFINED}"):
            if variant in found.index.get_level_values("variant"):
                yield from _of_variant(found.xs(variant), base, variant, group)


def _of_variant(
    found: pd.DataFrame, base: pd.Series, variant: str, group: Group
) -> Iterator[Claim]:
    name = slug(variant)
    left = group.of(found["spread"]) / base
    text = f"spread of the shares in other sentences, share of the base's, {variant}"
    id_ = f"frames_spread:{name}{group.suffix}"
    yield Claim(id_, _GROUP, f"{text}, {group.called}", mean(left))
    offset = (group.of(found["mean"]) - 0.5).abs()
    text = f"offset |mean share − ½| in other sentences, {variant}"
    id_ = f"frames_offset:{name}{group.suffix}"
    yield Claim(id_, _GROUP, f"{text}, {group.called}", mean(offset))
