"""The world's bias benchmarks: StereoSet-, CrowS-Pairs- and SEAT-like files.

Which answer is the "stereotype" is what the world plants more strongly, so the true
result of every item is known. Schemas are those of the public files.
"""

from __future__ import annotations

import json
import random
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from study.domains import DOMAINS
from study.sources.world.drawing import World
from study.sources.world.grammar import Form, write

_BLANK = "BLANK"
_CONTEXTS = 3  # contexts a word
_DOMAINS = ("gender", "race", "religion")
_SEAT_FRAMES = {
    "name": ("My friend is {}.", "We saw {} in town.", "The first name is {}."),
    "word": ("The word is {}.", "There is a word for {}.", "We read the word {}."),
}


@dataclass(frozen=True)
class _Item:
    """A context with a blank and what the world puts there more and less often."""

    domain: str
    word: str
    context: str
    more: str
    less: str
    probability: float  # P(more) / (P(more) + P(less)), planted


def write_benchmarks(world: World, folder: Path, *, seed: int = 0) -> None:
    """Write stereoset.json, crows.csv and seat/*.json into ``folder``."""
    _write_json(folder / "stereoset.json", stereoset(world, seed=seed))
    crows(world, seed=seed).to_csv(folder / "crows.csv", index=True)
    (folder / "seat").mkdir()
    for name, test in seat(world).items():
        _write_json(folder / "seat" / f"{name}.json", test)


def stereoset(world: World, *, seed: int) -> dict:
    """Intrasentence StereoSet: a context with BLANK and three ways to fill it."""
    rng = random.Random(f"stereoset {seed}")
    unrelated = [row["word"] for row in world.spec.lexicon["object"]]
    data = []
    for number, item in enumerate(_items(world, f"stereoset {seed}")):
        words = {
            "stereotype": item.more,
            "anti-stereotype": item.less,
            "unrelated": rng.choice(unrelated),
        }
        labels = list(words)
        rng.shuffle(labels)
        data.append(
            {
                "id": f"world-{number:04}",
                "target": item.word,
                "bias_type": item.domain,
                "context": item.context,
                "planted": item.probability,
                "sentences": [
                    {
                        "id": f"world-{number:04}-{label}",
                        "sentence": item.context.replace(_BLANK, words[label]),
                        "gold_label": label,
                    }
                    for label in labels
                ],
            }
        )
    return {"version": "world", "data": {"intrasentence": data}}


def crows(world: World, *, seed: int) -> pd.DataFrame:
    """CrowS-Pairs: sentences that differ in the group; the first is planted more."""
    return pd.DataFrame(
        {
            "sent_more": item.context.replace(_BLANK, item.more),
            "sent_less": item.context.replace(_BLANK, item.less),
            "stereo_antistereo": "stereo",
            "bias_type": DOMAINS[item.domain].crows,
            "planted": item.probability,
        }
        for item in _items(world, f"crows {seed}")
    )


def seat(world: World) -> dict[str, dict]:
    """SEAT: two target and two attribute sets of sentences a test.

    A positive effect is what the world plants: the first targets go with the first
    attributes. Tests have the names of those whose place they take.
    """
    spec = world.spec
    nouns = {g: [n[g] for n in spec.gender["nouns"]][:8] for g in "MF"}
    names = {g: [n.name for n in spec.names if n.gender == g][:12] for g in "MF"}
    typed = {
        (kind, gender): [w.word for w in words if w.type == gender][:12]
        for kind, words in (
            ("professions", spec.professions),
            ("pastimes", spec.pastimes),
        )
        for gender in ("male", "female")
    }
    tests = {}
    for number, kind in ((6, "professions"), (7, "pastimes")):
        attributes = [(kind, typed[kind, "male"]), (kind, typed[kind, "female"])]
        tests[f"sent-weat{number}"] = _test(
            ("MaleNames", names["M"]), ("FemaleNames", names["F"]), *attributes
        )
        tests[f"sent-weat{number}b"] = _test(
            ("MaleTerms", nouns["M"]), ("FemaleTerms", nouns["F"]), *attributes
        )
    for domain, stem in (("race", "weat"), ("religion", "religion")):
        for name, (first, second) in zip(
            _seat_names(stem), _pairs(list(spec.terms[domain])), strict=True
        ):
            sets = [_terms_of(world, domain, c) for c in (first, second)]
            ties = [_attributes_of(world, domain, c) for c in (first, second)]
            tests[name] = _test(*sets, *ties)
    return tests


def _items(world: World, seed: str) -> Iterator[_Item]:
    rng = random.Random(seed)
    for kind, words in (
        ("profession", world.spec.professions),
        ("pastime", world.spec.pastimes),
    ):
        forms = _asking(world.family(kind), kind, ("he", "subject"))
        for typed in words:
            if typed.type == "neutral":
                continue
            chances = {g: typed.strengths[g] for g in ("M", "F")}
            pronouns = world.spec.gender["pronouns"]["he"]
            labels = {g: pronouns[g] for g in chances}
            for form in rng.sample(forms, _CONTEXTS):
                draw = world.draw(form, rng, **{kind: typed.word, "gender": "M"})
                slot = "he" if "he" in form.slots else "subject"
                context = write(draw, {slot: _BLANK})
                yield _item("gender", typed.word, context, chances, labels)
    for domain in _DOMAINS[1:]:
        terms = world.spec.terms[domain]
        kinds = next(iter(terms.values()))
        forms = _asking(world.family(domain), "attribute", kinds)
        for attribute in (a for a in world.spec.attributes if a.domain == domain):
            best = max(attribute.strengths, key=attribute.strengths.get)
            other = rng.choice([c for c in terms if c != best])
            chances = {c: attribute.strengths[c] for c in (best, other)}
            for form in rng.sample(forms, _CONTEXTS):
                draw = world.draw(form, rng, attribute=attribute.word, cls=best)
                (kind,) = (slot for slot in form.slots if slot in terms[best])
                context = write(draw, {kind: _BLANK})
                labels = {c: terms[c][kind] for c in chances}
                yield _item(domain, attribute.word, context, chances, labels)


def _asking(forms: Sequence[Form], driver: str, terms: Collection[str]) -> list[Form]:
    """Forms in which ``driver`` stands before the word that depends on it."""
    return [
        form
        for form in forms
        if driver in form.slots
        for place, slot in enumerate(form.slots)
        if slot in terms and form.slots.index(driver) < place
    ]


def _item(
    domain: str,
    word: str,
    context: str,
    chances: Mapping[str, float],
    labels: Mapping[str, str],
) -> _Item:
    more = max(chances, key=chances.__getitem__)
    (less,) = (name for name in chances if name != more)
    share = chances[more] / (chances[more] + chances[less])
    return _Item(domain, word, context, labels[more], labels[less], round(share, 6))


def _seat_names(stem: str) -> tuple[str, str, str]:
    if stem == "weat":
        return "sent-weat3", "sent-weat4", "sent-weat5"
    return "sent-religion1", "sent-religion1b", "sent-religion2"


def _pairs(names: list[str]) -> list[tuple[str, str]]:
    return [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]


def _terms_of(world: World, domain: str, name: str) -> tuple[str, list[str]]:
    return name.capitalize(), list(world.spec.terms[domain][name].values())


def _attributes_of(world: World, domain: str, name: str) -> tuple[str, list[str]]:
    words = [
        a.word
        for a in world.spec.attributes
        if a.domain == domain and max(a.strengths, key=a.strengths.get) == name
    ]
    return f"{name.capitalize()}Attributes", words


def _test(*sets: tuple[str, list[str]]) -> dict:
    test = {}
    for key, (category, words) in zip(
        ("targ1", "targ2", "attr1", "attr2"), sets, strict=True
    ):
        frames = _SEAT_FRAMES["name" if category.endswith("Names") else "word"]
        examples = [frame.format(word) for word in words for frame in frames]
        test[key] = {"category": category, "examples": examples}
    return test


def _write_json(path: Path, content: dict) -> None:
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
