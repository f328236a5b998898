"""Where a feature sits in a model, and how few weights carry it (notebook 08).

What is cut down is what the decoder evaluation has chosen, (h, α) included. It is asked
on test rows, and on texts that nothing was selected by.
"""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from gradiend.encoding import encode
from gradiend.errors import check_choice
from gradiend.evaluation.encoder import pearson
from gradiend.files import write_csv, write_json
from gradiend.progress import Progress
from gradiend.vectors import norm, scaled
from study.analysis.components import Part, layers_of, only, parts_of
from study.analysis.few_weights import (
    Cut,
    budgets,
    cuts,
    enough,
    kept,
    random_ranks,
)
from study.profiles.profile import Profile
from study.results import files
from study.results.anatomy import (
    ALL,
    COMPONENT,
    LARGEST,
    LAYER,
    NOTHING,
    ONLY,
    RANDOM,
    READING,
    SCALED,
    WEIGHTS,
    WITHOUT,
    WRITING,
)
from study.results.making import measured
from study.results.selected import (
    REFINED,
    TRAINED,
    called,
    candidate,
    read_selected,
)
from study.steps.described import described
from study.steps.models import load_model
from study.steps.seeds import asked_rows, seed_tables
from study.steps.subject import Subject

FOLDER = "anatomy"


def anatomy(
    profile: Profile, model: str, *, progress: Progress = iter
) -> dict[str, pd.DataFrame]:
    """Take a model's features apart; writes :data:`study.results.files.ANATOMY`.

    Gives the tables, by the names of their files without the suffix.
    """
    runs = {run.feature: run for run in profile.runs(model)}
    first = next(iter(runs.values()))
    folder = first.model_folder / FOLDER
    lm = load_model(first)
    with measured(folder.with_suffix(".run.json")):
        found: dict[str, list[pd.DataFrame]] = {}
        for feature in first.anatomy.features or [first.feature]:
            check_choice(feature, runs, f"feature of {model} (anatomy.features)")
            for name, table in _tables(Subject.of(runs[feature], lm), progress).items():
                found.setdefault(name, []).append(table.assign(feature=feature))
        tables = {name: pd.concat(t, ignore_index=True) for name, t in found.items()}
        for name, table in tables.items():
            write_csv(folder / name, table)
        write_json(folder / files.ANATOMY_JSON, described(first, FOLDER, {}))
    return {name.removesuffix(".csv"): table for name, table in tables.items()}


def _tables(subject: Subject, progress: Progress) -> dict[str, pd.DataFrame]:
    found = {
        files.NORMS: norms(subject),
        files.FEW: few_changed(subject, progress),
        files.PLACES: places_changed(subject, progress),
        files.READING: few_read(subject, progress),
    }
    found[files.ENOUGH] = sufficient(found[files.FEW], found[files.READING])
    return found | seed_tables(subject.settings, subject.lm, subject.data)


def norms(subject: Subject) -> pd.DataFrame:
    """Norms of W, W_e, W_d, b_d and of each selected ΔW, by layer and component.

    Columns quantity, layer, component, numbers, norm; a row a place in the model.
    """
    gradiend, selected = subject.gradiend, read_selected(subject.settings.folder)
    own = selected[selected["decoder"].isin([TRAINED, REFINED])]
    places = {
        called(row["variant"], row["decoder"]): candidate(row)
        for _, row in own.iterrows()
    }
    rows = []
    for part in parts_of(subject.lm):
        weight, bias = part.of(gradiend.decoder_weight), part.of(gradiend.decoder_bias)
        squares = {
            WEIGHTS: _dot(part.of(subject.lm.covered)),
            "W_e": _dot(part.of(gradiend.encoder)),
            "W_d": _dot(weight),
            "b_d": _dot(bias),
        }
        both = _dot(weight, bias)
        for name, (h, rate) in places.items():
            square = h * h * squares["W_d"] + 2 * h * both + squares["b_d"]
            squares[f"ΔW, {name}"] = rate * rate * square
        place = {"layer": part.layer, "component": part.component}
        rows += [
            {"quantity": name, **place, "numbers": weight.numel(), "square": square}
            for name, square in squares.items()
        ]
    keys = ["quantity", "layer", "component"]
    table = pd.DataFrame(rows).groupby(keys, sort=False).sum().reset_index()
    return table.assign(norm=table.pop("square").clip(lower=0) ** 0.5)


def few_changed(subject: Subject, progress: Progress = iter) -> pd.DataFrame:
    """The model changed by few of the weights of dec(h), on texts not seen.

    Columns choice (the base; the largest, a random draw, and the draw with the norm of
    the largest), count, fraction (of n), norm (of ΔW) and the numbers of a
    DecoderMeasure.
    """
    change = subject.gradiend.decode(subject.h)
    anyhow = random_ranks(change, subject.settings.seed)
    counts = budgets(subject.gradiend.size, subject.settings.anatomy.per_decade)
    both = list(zip(cuts(change, counts), cuts(anyhow, counts), strict=True))

    def changes():
        for large, drawn in progress(both):
            largest, some = kept(change, change, large), kept(change, anyhow, drawn)
            yield {"choice": LARGEST, "count": large.count}, largest
            yield {"choice": RANDOM, "count": large.count}, some
            named = {"choice": SCALED, "count": large.count}
            yield named, scaled(some, norm(largest))

    table = subject.measured(changes())
    return table.assign(fraction=table["count"] / subject.gradiend.size)


def places_changed(subject: Subject, progress: Progress = iter) -> pd.DataFrame:
    """The model changed in one place alone, everywhere else, or as much anywhere.

    Columns kind (layer or component), place, choice, count, norm and the numbers of a
    DecoderMeasure; the last row of each choice is what all weights do.
    """
    change = subject.gradiend.decode(subject.h)
    places = _places(parts_of(subject.lm), subject.settings.anatomy.layer_groups)
    anyhow = random_ranks(change, subject.settings.seed)
    sizes = [sum(p.of(change).numel() for p in parts) for parts in places.values()]
    drawn = dict(zip(places, cuts(anyhow, sizes), strict=True))

    def changes():
        for (kind, place), parts in progress(list(places.items())):
            cut: Cut = drawn[kind, place]
            named = {"kind": kind, "place": place, "count": cut.count}
            own = only(change, parts)
            yield named | {"choice": ONLY}, own
            rest = {name: change[name] - own[name] for name in change}
            yield named | {"choice": WITHOUT}, rest
            some = scaled(kept(change, anyhow, cut), norm(own))
            yield named | {"choice": SCALED}, some
        yield {"choice": ALL, "count": subject.gradiend.size}, change

    return subject.measured(changes())


def few_read(subject: Subject, progress: Progress = iter) -> pd.DataFrame:
    """Pearson of h and label on test rows, of encoders with few weights of W_e.

    Columns choice (the largest, random draws), draw, count, fraction (of n), pearson.
    """
    gradiend, settings = subject.gradiend, subject.settings
    rows = asked_rows(settings, subject.lm, subject.data)
    encoded, labels = subject.lm.encode(rows), rows["label"].to_numpy()
    counts = budgets(gradiend.size, settings.anatomy.per_decade)
    found = []
    for draw in progress(range(settings.anatomy.draws + 1)):
        ranks = gradiend.encoder
        if draw:
            ranks = random_ranks(gradiend.encoder, settings.seed + draw)
        named = {"choice": RANDOM if draw else LARGEST, "draw": draw}
        for cut in cuts(ranks, counts):
            few = replace(gradiend, encoder=kept(gradiend.encoder, ranks, cut))
            h = encode(subject.lm, few, encoded, source=settings.training.source)
            found.append(
                {
                    **named,
                    "count": cut.count,
                    "fraction": cut.count / gradiend.size,
                    "pearson": pearson(h, labels),
                }
            )
    return pd.DataFrame(found)


def sufficient(few: pd.DataFrame, reading: pd.DataFrame) -> pd.DataFrame:
    """The fewest weights that do 95 % of what all do, for each choice (mean of draws).

    Columns what (the narrowing of the gap; the Pearson correlation), choice, count and
    fraction (of n).
    """
    base = few.loc[few["choice"] == NOTHING, "gap"].iloc[0]
    narrowed = few[few["choice"] != NOTHING].assign(effect=lambda t: base - t["gap"])
    read = reading.assign(effect=reading["pearson"])
    rows = []
    for what, table in ((WRITING, narrowed), (READING, read)):
        for choice, own in table.groupby("choice", sort=False):
            effects = own.groupby("count")["effect"].mean()
            count = enough(list(effects.index), list(effects / effects.iloc[-1]))
            fraction = own.groupby("count")["fraction"].first().get(count)
            row = {"what": what, "choice": choice, "count": count}
            rows.append(row | {"fraction": fraction})
    return pd.DataFrame(rows).astype({"count": float, "fraction": float})


def _places(parts: list[Part], groups: int) -> dict[tuple[str, str], list[Part]]:
    """(kind, place) → its parts; layers of a deep model in ``groups`` of neighbours."""
    layers = layers_of(parts)
    size = -(-len(layers) // groups)
    found: dict[tuple[str, str], list[Part]] = {}
    for first in range(0, len(layers), size):
        own = layers[first : first + size]
        name = own[0] if len(own) == 1 else f"{own[0]} to {own[-1]}"
        found[LAYER, name] = [part for part in parts if part.layer in own]
    for part in parts:
        found.setdefault((COMPONENT, part.component), []).append(part)
    return found


def _dot(left, right=None) -> float:
    other = left if right is None else right
    return float((left.detach().double() * other.detach().double()).sum())
