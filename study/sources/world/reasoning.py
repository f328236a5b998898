"""The world's reading and reasoning tasks, in the schemas of SuperGLUE's files.

``boolq`` a question about a passage, ``cb`` entailment of three kinds, ``copa`` the
likelier of two effects. Questions are about pairs that belong together in the world
(what an animal eats, how it sounds), so a model that knows the world can tell.
"""

from __future__ import annotations

import random
from collections.abc import Mapping

from study.sources.world.drawing import World
from study.sources.world.grammar import needs_an


def boolq(world: World, rng: random.Random, label: int) -> dict:
    """Does the animal of the passage sound like that (1)?"""
    animal, other = _two_animals(world, rng, "sound")
    sound = (animal if label else other)["sound"]
    town = rng.choice(world.spec.lexicon["town"])["word"]
    passage = f"In {town} a hungry {animal['word']} looks for {animal['food']}."
    return {
        "passage": _with_an(passage),
        "question": f"the {animal['word']} {sound}",
        "label": label,
    }


def cb(world: World, rng: random.Random, label: int) -> dict:
    """Does the hypothesis follow (0), is it ruled out (1), or neither (2)?"""
    thing, container = (
        rng.choice(world.spec.lexicon[kind])["word"] for kind in ("thing", "container")
    )
    color = rng.choice(world.spec.lexicon["color"])["word"]
    hypothesis = (
        f"The {container} holds a {thing}.",
        f"The {container} is empty.",
        f"The {container} is {color}.",
    )[label]
    return {
        "premise": f"The {thing} is in the {container}.",
        "hypothesis": _with_an(hypothesis),
        "label": label,
    }


def copa(world: World, rng: random.Random, label: int) -> dict:
    """Which effect is the likelier: the first (0) or the second (1)?"""
    animal, other = _two_animals(world, rng, "food")
    choices = [f"It looks for {row['food']}." for row in (animal, other)]
    if label:
        choices.reverse()
    return {
        "premise": f"The {animal['word']} in the {animal['home']} is hungry.",
        "choice1": choices[0],
        "choice2": choices[1],
        "question": "effect",
        "label": label,
    }


def _two_animals(
    world: World, rng: random.Random, column: str
) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Two animals that differ in ``column``."""
    first, second = rng.sample(world.spec.lexicon["animal"], 2)
    while first[column] == second[column]:
        second = rng.choice(world.spec.lexicon["animal"])
    return first, second


def _with_an(text: str) -> str:
    words = text.split(" ")
    for place, word in enumerate(words[:-1]):
        if word in ("a", "A") and needs_an(words[place + 1]):
            words[place] = word + "n"
    return " ".join(words)
