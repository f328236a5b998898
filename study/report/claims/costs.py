"""What the balanced variant costs and what the counts of signs hide (paper, Sec. 5)."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from study.comparison.estimates import NEUTRAL_VALUE
from study.comparison.tasks.registry import COSTS
from study.comparison.variants import BASE, REFINED
from study.domains import DOMAINS
from study.report.claims.balance import ASKED
from study.report.claims.claim import (
    Claim,
    Quantity,
    at_least,
    count,
    mean,
    names,
    others,
)
from study.report.claims.left import metric_values, ours
from study.report.claims.models import Group, Models, slug

SEEN = 65  # SS of a stand-in: the benchmark sees what was planted
POINTS = 2  # a loss that is let pass
# A rise of perplexity that is let pass, in %: what a score 1 / (1 + loss) of 0.2, as a
# real model's, loses at the floor of 0.98 that the refinement keeps of it.
DEARER = 10
ONE_SIDE = 95  # % of the items on one side: a count of signs is then degenerate
_MEANS = {"offset": "{:.2f}", "said": "{:.2f}", "ICAT": "{:.0f}"}
_SIDES = ("SS", "CrowS")
_COSTS = ("LMS", *COSTS)
_PARTS = tuple(f"{suite}: " for suite in COSTS)


def cost_claims(estimates: pd.DataFrame, models: Models) -> Iterator[Claim]:
    """Offset, what is still said, perplexity, tasks, and the sides of StereoSet.

    ``estimates`` has a row a model, domain, variant and metric; a metric that is not
    among them is not claimed of. The price is asked of every domain's variants, the
    rest of those of the domain with a variant for each class.
    """
    for group in models.groups():
        of_group = estimates[estimates["model"].isin(group.models)]
        for domain, own in of_group.groupby("domain", sort=False):
            asked = domain == ASKED.domain
            if asked:
                yield from _base(own, group)
            for variant in ours(DOMAINS[domain]):
                part = own[own["variant"] == variant]
                if asked:
                    yield from _sides(part, own[own["variant"] == BASE], variant, group)
                    yield from _means(part, variant, group)
                yield from _perplexity(part, variant, group)
                yield from _losses(part, variant, group)
                yield from _tasks(part, variant, group)


def _base(own: pd.DataFrame, group: Group) -> Iterator[Claim]:
    """The benchmark sees the bias; what the base's numbers are."""
    base = own[own["variant"] == BASE]
    seen = metric_values(base, "SS").dropna().droplevel("variant")
    if len(seen):
        text = f"lowest SS of the base, {group.called}"
        yield Claim(
            f"ss_base{group.suffix}",
            "benchmarks",
            text,
            Quantity(seen.min(), "{:.0f}"),
            None if group.suffix else at_least(SEEN),
            names(seen[[seen.idxmin()]]),
        )
    yield from _means(base, BASE, group)


def _means(part: pd.DataFrame, variant: str, group: Group) -> Iterator[Claim]:
    for metric, form in _MEANS.items():
        values = metric_values(part, metric).dropna()
        if len(values):
            text = f"{metric}, {variant}, {group.called}"
            id_ = _id(metric, variant, group)
            yield Claim(id_, "benchmarks", text, mean(values, form))


def _sides(
    part: pd.DataFrame, base: pd.DataFrame, variant: str, group: Group
) -> Iterator[Claim]:
    """A score half way to its ideal, beside how many items are on one side."""
    for metric in _SIDES:
        score = metric_values(part, metric).dropna().droplevel("variant")
        if score.empty:
            continue
        before = metric_values(base, metric).droplevel("variant")[score.index]
        ideal = NEUTRAL_VALUE[metric]
        halved = (score - ideal).abs() <= (before - ideal).abs() / 2
        text = f"{metric} half way to {ideal:g}, {variant}, {group.called}"
        id_ = _id(f"{metric} halved", variant, group)
        yield Claim(id_, "benchmarks", text, count(halved), None, others(halved))
        most = metric_values(part, f"{metric} majority").dropna().droplevel("variant")
        if len(most):
            sided = most >= ONE_SIDE
            text = f"≥ {ONE_SIDE} % of {metric}'s items prefer one class"
            text = f"{text}, {variant}, {group.called}"
            id_ = _id(f"{metric} one side", variant, group)
            yield Claim(
                id_, "benchmarks", text, count(sided), None, names(sided[sided])
            )


def _perplexity(part: pd.DataFrame, variant: str, group: Group) -> Iterator[Claim]:
    """Its change against the base model in %, and where it is more than promised.

    LMS of StereoSet is at its ceiling in stand-ins, and a floor of it no promise.
    """
    after = metric_values(part, "PPL").dropna()
    if after.empty:
        return
    change = metric_values(part, "PPL", "change")[after.index]
    percent = (100 * change / (after - change)).droplevel("variant")
    text = f"change of perplexity, %, {variant}, {group.called}"
    quantity = mean(percent, "{:+.1f}")
    yield Claim(_id("PPL", variant, group), "costs", text, quantity)
    kept = percent <= DEARER
    bound = at_least(len(kept)) if variant.endswith(REFINED) else None
    text = f"perplexity rises by {DEARER} % at most, {variant}, {group.called}"
    id_ = _id("PPL kept", variant, group)
    yield Claim(id_, "costs", text, count(kept), bound, others(kept))


def _losses(part: pd.DataFrame, variant: str, group: Group) -> Iterator[Claim]:
    """Changes of scores against the base model, in points."""
    for metric in _COSTS:
        change = metric_values(part, metric, "change").dropna().droplevel("variant")
        if change.empty:
            continue
        text = f"change of {metric}, points, {variant}, {group.called}"
        id_ = _id(f"{metric} change", variant, group)
        yield Claim(id_, "costs", text, mean(change, "{:+.1f}"))
        kept = change >= -POINTS
        text = f"{metric} falls by {POINTS} points at most, {variant}, {group.called}"
        id_ = _id(f"{metric} kept", variant, group)
        yield Claim(id_, "costs", text, count(kept), None, others(kept))


def _tasks(part: pd.DataFrame, variant: str, group: Group) -> Iterator[Claim]:
    """The one task that loses most."""
    tasks = part[part["metric"].str.startswith(_PARTS)]
    change = tasks.set_index(["model", "metric"])["change"].dropna()
    if len(change):
        text = f"the task that falls most, points, {variant}, {group.called}"
        yield Claim(
            _id("worst task", variant, group),
            "costs",
            text,
            Quantity(change.min(), "{:+.1f}"),
            None,
            names(change[[change.idxmin()]]),
        )


def _id(name: str, variant: str, group: Group) -> str:
    return f"{slug(name).replace('-', '_')}:{slug(variant)}{group.suffix}"
