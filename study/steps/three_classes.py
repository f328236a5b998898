"""Models in which three classes are balanced, and what becomes of the third of two."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import numpy as np
import pandas as pd

from gradiend.autoencoder import Gradiend
from gradiend.rewriting import rewritten
from study.analysis.side_by_side import Asked, balanced, random_change, side_by_side
from study.analysis.trios import Trio
from study.domains.domain import BALANCED
from study.domains.pronouns import PRONOUNS
from study.profiles.settings import Settings
from study.results.classes import PLANTED
from study.results.selected import (
    BASE,
    REFINED,
    TRAINED,
    called,
    candidate,
    read_selected,
)
from study.sources.chosen import asked_associations, neutral_parts
from study.steps.trio_bench import (
    PRONOUN_TRIO,
    Bench,
    h_of,
    pair_gradiends,
    validation_and_test,
)

TWO = "two neurons"  # how tables call the GRADIEND of three classes
SIDE_BY_SIDE = "three pairs side by side"
RANDOM = "random direction"


def three_balanced(bench: Bench) -> pd.DataFrame:
    """Three classes balanced along each direction, by one search; held-out texts.

    Columns: trio, direction, h, learning_rate, tried, gap, offset, said, LMS and the
    gap of each pair of classes.
    """
    parts = []
    for name, trio in bench.trios.items():
        selecting, held_out = _questions(bench, trio)
        parts.append({"trio": name, "direction": BASE, **held_out()})
        for direction, gradiend, middle in _directions(bench, name):
            chosen, tried = balanced(bench.lm, gradiend, middle, selecting)
            h = chosen.h if len(chosen.h) > 1 else chosen.h[0]
            with rewritten(bench.lm, gradiend, h, chosen.learning_rate):
                said = held_out()
            parts.append(
                {
                    "trio": name,
                    "direction": direction,
                    "h": " ".join(f"{x:.2f}" for x in chosen.h),
                    "learning_rate": chosen.learning_rate,
                    "tried": len(tried),
                    **said,
                }
            )
    table = pd.DataFrame(parts)
    first = [
        "trio",
        "direction",
        "h",
        "learning_rate",
        "tried",
        "gap",
        "offset",
        "said",
    ]
    return table[[*first, "LMS", *(c for c in table if c.startswith("gap "))]]


def _directions(bench: Bench, name: str) -> Iterator[tuple[str, Gradiend, list[float]]]:
    """Direction, GRADIEND and the h that the search starts from; one at a time."""
    pairs = pair_gradiends(bench, name)
    for pair, gradiend in pairs.items():
        yield "/".join(pair), gradiend, [0.0]
    every = side_by_side(list(pairs.values()))
    count = len(pairs)
    del pairs, gradiend  # three, and what they are side by side, are twice as much
    yield SIDE_BY_SIDE, every, [0.0] * count
    control = random_change(every, seed=bench.first.seed)
    del every
    two = bench.two[name]
    (rows, labels), _ = validation_and_test(bench, bench.trios[name])
    h = h_of(bench, two, rows)
    centres = [h[labels == label].mean(0) for label in np.unique(labels)]
    yield TWO, two, np.mean(centres, axis=0).tolist()
    yield RANDOM, control, [0.0]


def _questions(bench: Bench, trio: Trio) -> tuple[Asked, Asked]:
    """What selects, and what is reported: other texts, other neutral texts."""
    settings = bench.first
    neutral = neutral_parts(settings, next(iter(bench.data.values())).neutral)
    both = zip((trio.selecting, trio.held_out), neutral, strict=True)
    limit = settings.classes.lms_texts
    selecting, held_out = (
        Asked(bench.lm, texts, trio.words, others[:limit], seed=settings.seed)
        for texts, others in both
    )
    return selecting, held_out


def composed(bench: Bench) -> pd.DataFrame:
    """The features' own balanced models, alone and one upon the other.

    Columns: trio, state, said, LMS and the gap of each pair of classes, on held-out
    texts; the rewritings are those that the decoder evaluation has chosen.
    """
    parts = []
    for name, trio in bench.trios.items():
        own = [n for n in bench.pairs[name].values() if n in bench.runs]
        chosen = {feature: _chosen(bench.runs[feature]) for feature in own}
        _, held_out = _questions(bench, trio)
        states = [(), *((n,) for n in chosen), *_together(list(chosen))]
        for state in states:
            with ExitStack() as stack:
                for feature in state:
                    place = bench.gradiends[feature], *chosen[feature]
                    stack.enter_context(rewritten(bench.lm, *place))
                said = held_out()
            label = " + ".join(n.split("_")[-1] for n in state) or BASE
            parts.append({"trio": name, "state": label, **said})
    return pd.DataFrame(parts)


def _together(features: list[str]) -> list[tuple[str, ...]]:
    if len(features) < 2:
        return []
    pairs = [(features[0], other) for other in features[1:]]
    return list(dict.fromkeys([*pairs, tuple(features)]))


def _chosen(settings: Settings) -> tuple[float, float]:
    """(h, α) of the refined balanced variant or, where there is none, the grid's."""
    selected = read_selected(settings.folder)
    rows = selected[selected["variant"] == BALANCED].set_index("decoder")
    return candidate(rows.loc[REFINED if REFINED in rows.index else TRAINED])


def they(bench: Bench) -> pd.DataFrame:
    """What models balanced between *she* and *he* do to *they*, job by job.

    Columns: variant, query, P of each pronoun (not normalised) and, where it is known,
    what was planted; empty without names.
    """
    if PRONOUN_TRIO not in bench.trios:
        return pd.DataFrame(columns=["variant", "query", *PRONOUNS])
    trio = bench.trios[PRONOUN_TRIO]
    feature = bench.pairs[PRONOUN_TRIO][PRONOUNS[0], PRONOUNS[1]]
    run, gradiend = bench.runs[feature], bench.gradiends[feature]
    selected = read_selected(run.folder)
    selected = selected[selected["decoder"].isin([TRAINED, REFINED])]
    _, asked = _questions(bench, trio)
    parts = [_said(asked, trio, BASE)]
    for _, row in selected.iterrows():
        name = called(row["variant"], row["decoder"])
        with rewritten(bench.lm, gradiend, *candidate(row)):
            parts.append(_said(asked, trio, name))
    table = pd.concat(parts, ignore_index=True)
    asked_for = asked_associations(run)
    planted = asked_for.pivot_table("probability", "query", "class")
    if not set(PRONOUNS) <= set(planted):  # a real model's source knows no *they*
        return table
    return table.join(planted[[*PRONOUNS]].add_prefix(PLANTED), on="query")


def _said(asked: Asked, trio: Trio, variant: str) -> pd.DataFrame:
    found = pd.DataFrame(asked.probabilities())
    return found.assign(variant=variant, query=trio.held_out)[
        ["variant", "query", *trio.classes]
    ]
