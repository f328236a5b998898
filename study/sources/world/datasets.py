"""The world's data sets, in the schemas of the public files they stand for."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from itertools import permutations
from pathlib import Path

import pandas as pd

from gradiend.data import SLOT, SPLITS
from study.sources.world.benchmarks import write_benchmarks
from study.sources.world.capability import write_capability
from study.sources.world.drawing import World
from study.sources.world.grammar import Form, Pick, write
from study.sources.world.spec import DOMAINS

GENTER_ROWS = {"train": 1_500, "validation": 150, "test": 300}
PAIR_ROWS = {"train": 400, "validation": 60, "test": 120}
NEUTRAL_ROWS = 2_000
_MIN_LENGTH = 50  # GENTER keeps sentences of at least 50 characters
_TRIES = 200


def write_datasets(world: World, folder: Path, *, seed: int = 0) -> None:
    """Write every data set of the world into ``folder``."""
    (folder / "genter").mkdir(parents=True)
    seen: set[str] = set()
    for split in SPLITS:
        table = genter(world, split, seed=seed, seen=seen)
        table.to_csv(folder / "genter" / f"{split}.csv", index=False)
    tables = {
        "namexact": namexact(world),
        "namextend": namextend(world),
        "gentypes": gentypes(world),
        "geneutral": neutral(world, seed=seed, barred={"person"}),
        "biasneutral": neutral(
            world, seed=seed + 1, barred={"person", "term", "attribute"}
        ),
        "associations": associations(world),
    }
    for domain in DOMAINS:
        splits: dict[str, str] = {}
        for source, target in permutations(world.spec.terms[domain], 2):
            tables[f"{domain}/{source}_to_{target}"] = pair(
                world, domain, source, target, seed=seed, splits=splits
            )
    tables["age"] = cloze_table(tables, "age", positive="young")
    for name, table in tables.items():
        path = folder / f"{name}.csv"
        path.parent.mkdir(exist_ok=True)
        table.to_csv(path, index=False)
    write_benchmarks(world, folder, seed=seed)
    write_capability(world, folder / "capability", seed=seed)


def genter(world: World, split: str, *, seed: int, seen: set[str]) -> pd.DataFrame:
    """GENTER: one name, later its pronoun, nothing else that tells the gender."""
    forms = _of_split(world.family("person"), split)
    rng = random.Random(f"genter {split} {seed}")

    named = {name.name for name in world.spec.names if name.split != "none"}

    def row() -> dict | None:
        gender = rng.choice("MF")
        draw = world.draw(rng.choice(forms), rng, gender=gender)
        person = draw.words["person"]
        if person not in named or draw.pronoun != gender:
            return None
        text = write(draw)
        masked = write(draw, {"person": "[NAME]", "he": "[PRONOUN]"})
        if len(text) < _MIN_LENGTH or masked.find("[PRONOUN]") < masked.find("[NAME]"):
            return None
        return {
            "text": text,
            "masked": masked,
            "label": gender,
            "name": person,
            "pronoun": draw.words["he"],
            "pronoun_count": masked.count("[PRONOUN]"),
        }

    table = _distinct(row, GENTER_ROWS[split], key="masked", seen=seen)
    table.insert(0, "index", range(len(table)))
    return table


def namexact(world: World) -> pd.DataFrame:
    """NAMEXACT: names of one gender, with their split."""
    names = [name for name in world.spec.names if name.split != "none"]
    return _names(names)[["name", "gender", "count", "probability", "split"]]


def namextend(world: World) -> pd.DataFrame:
    """NAMEXTEND: also names that both genders have."""
    return _names(world.spec.names).drop(columns="split")


def gentypes(world: World) -> pd.DataFrame:
    """GENTYPES: name-slot texts about a pastime, with the planted truth."""
    (form,) = world.family("name_first")
    rows = []
    for pastime in world.spec.pastimes:
        rng = random.Random(f"gentypes {pastime.word}")
        draw = world.draw(form, rng, pastime=pastime.word)
        both = pastime.strengths["M"] + pastime.strengths["F"]
        rows.append(
            {
                "text": write(draw, {"name": "[NAME]"}),
                "pastime": pastime.word,
                "prob_F": round(pastime.strengths["F"] / both, 6),
                "prob_M": round(pastime.strengths["M"] / both, 6),
            }
        )
    return pd.DataFrame(rows)


def neutral(world: World, *, seed: int, barred: set[str]) -> pd.DataFrame:
    """GENEUTRAL and BIASNEUTRAL: sentences without any slot of the barred kinds."""
    forms = [form for form in world.forms if barred.isdisjoint(form.uses)]
    rng = random.Random(f"neutral {seed}")
    table = _distinct(
        lambda: {"text": write(world.draw(rng.choice(forms), rng))},
        NEUTRAL_ROWS,
        key="text",
    )
    table.insert(0, "index", range(len(table)))
    return table


def pair(
    world: World,
    domain: str,
    source: str,
    target: str,
    *,
    seed: int,
    splits: dict[str, str] | None = None,
) -> pd.DataFrame:
    """Sentences with one term of class ``source`` and its counterpart in ``target``.

    Attributes come as they do with ``source`` in the corpus, so the sentences carry
    the planted association. ``splits`` remembers which split a masked text went to,
    over all pairs of a domain: no text of one split is in another.
    """
    terms = world.spec.terms[domain]
    attributes = [a for a in world.spec.attributes if a.domain == domain]
    attribute = Pick(
        [a.word for a in attributes], [a.strengths[source] for a in attributes]
    )
    splits = {} if splits is None else splits
    parts: list[pd.DataFrame] = []
    for split, count in PAIR_ROWS.items():
        forms = _of_split(world.family(domain, f"{domain}_plain"), split)
        rng = random.Random(f"{domain} {source} {target} {split} {seed}")

        def row(
            forms: list[Form] = forms, rng: random.Random = rng, split: str = split
        ) -> dict | None:
            draw = world.draw(
                rng.choice(forms), rng, cls=source, attribute=attribute(rng)
            )
            (kind,) = (slot for slot in draw.form.slots if slot in terms[source])
            word, other = terms[source][kind], terms[target][kind]
            masked = write(draw, {kind: SLOT})
            if splits.setdefault(masked, split) != split:
                return None
            return {
                "text": write(draw),
                "swapped": write(draw, {kind: other}),
                "masked": masked,
                "source": word,
                "target": other,
                "source_id": source,
                "target_id": target,
            }

        table = _distinct(row, count, key="masked")
        parts.append(table.assign(split=split))
    return pd.concat(parts, ignore_index=True)


def cloze_table(
    tables: dict[str, pd.DataFrame], domain: str, *, positive: str, rows: int = 150
) -> pd.DataFrame:
    """The pairs of a two-class domain as one cloze table, ``rows`` a class."""
    parts = [
        table[table["split"] == "train"].head(rows)
        for name, table in tables.items()
        if name.startswith(f"{domain}/")
    ]
    both = pd.concat(parts, ignore_index=True)
    return pd.DataFrame(
        {
            "masked": both["masked"],
            "factual": both["source"],
            "counterfactual": both["target"],
            "label": (both["source_id"] == positive).map({True: 1, False: -1}),
            "factual_class": both["source_id"],
            "counterfactual_class": both["target_id"],
        }
    )


def associations(world: World) -> pd.DataFrame:
    """Every declared association with a query whose attribute precedes the slot."""
    rows: list[dict] = []
    for query in world.spec.queries:
        rows.extend(_association_rows(world, query))
    return pd.DataFrame(rows)


def _association_rows(world: World, query: dict) -> Iterator[dict]:
    spec, domain, answer = world.spec, query["domain"], query["answer"]
    if domain == "gender":
        if query["answer"] != "pronoun":
            return  # names: GENTYPES has them
        drivers = spec.professions if query["kind"] == "profession" else spec.pastimes
        strengths = {typed.word: typed.strengths for typed in drivers}
        words = {g: spec.gender["pronouns"]["he"][g] for g in "MFN"}
    else:
        strengths = {a.word: a.strengths for a in spec.attributes if a.domain == domain}
        words = {name: terms[answer] for name, terms in spec.terms[domain].items()}
    candidates = json.dumps(list(words.values()))
    for driver, declared in strengths.items():
        for name, word in words.items():
            yield {
                "domain": domain,
                "kind": query["kind"],
                "word": driver,
                "class": word,
                "probability": declared[name],
                "query": query["query"].replace("{word}", driver),
                "candidates": candidates,
            }


def _names(names) -> pd.DataFrame:
    total = sum(name.count for name in names)
    rows = []
    for name in names:
        female = name.probability("F")
        unisex = name.split == "none"
        rows.append(
            {
                "name": name.name,
                "gender": name.gender,
                "count": name.count,
                "probability": round(name.count / total, 8),
                "gender_agreement": round(max(female, 1 - female), 6),
                "primary_gender": name.gender,
                "genders": "MF" if unisex else name.gender,
                "prob_F": round(female, 6),
                "prob_M": round(1 - female, 6),
                "split": name.split,
            }
        )
    return pd.DataFrame(rows)


def _of_split(forms: tuple[Form, ...], split: str) -> list[Form]:
    """Forms a split may use: those held out for another split stay out."""
    return [form for form in forms if form.source.split in ("train", split)]


def _distinct(
    draw: Callable[[], dict | None],
    count: int,
    *,
    key: str,
    seen: set[str] | None = None,
) -> pd.DataFrame:
    """``count`` rows that differ in ``key``, also from those ``seen`` before.

    Fewer where the forms yield no more.
    """
    rows: dict[str, dict] = {}
    seen = set() if seen is None else seen
    misses = 0
    while len(rows) < count and misses < _TRIES:
        row = draw()
        if row is None or row[key] in seen:
            misses += 1
            continue
        misses = 0
        seen.add(row[key])
        rows[row[key]] = row
    return pd.DataFrame(list(rows.values()))
