"""The corpus of the planted world: sentences on the fly, never a file."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator

from gradiend.errors import InputError
from study.sources.world.drawing import World, world_of
from study.sources.world.grammar import Draw, Form, Pick, write

KINDS = (
    "person",
    "name",
    "noun",
    "pronoun",
    "subject",
    "profession",
    "pastime",
    "attribute",
    "term",
    "race",
    "religion",
)


def corpus(
    *,
    seed: int,
    sentences: int,
    exclude: Iterable[str] | None = None,
    world: World | None = None,
) -> Iterator[str]:
    """Yield ``sentences`` sentences of the world; the same seed, the same sentences.

    Parameters
    ----------
    exclude
        Kinds of slots no form may join, each a word or words joined by "+":
        ``["profession+person", "attribute"]`` leaves out every form in which a
        profession meets a name, pronoun or gendered noun, and every form with a
        race or religion attribute.
    """
    stream = draws(seed=seed, exclude=exclude, world=world)
    for _ in range(sentences):
        yield write(next(stream))


def draws(
    *,
    seed: int,
    exclude: Iterable[str] | None = None,
    world: World | None = None,
) -> Iterator[Draw]:
    """Endless draws of the corpus (see :func:`corpus`)."""
    world = world or world_of()
    pick = form_pick(world, exclude)
    rng = random.Random(f"corpus {seed}")
    while True:
        yield world.draw(pick(rng), rng)


def form_pick(world: World, exclude: Iterable[str] | None = None) -> Pick:
    """The corpus' choice among the forms that ``exclude`` leaves."""
    barred = [_kinds(rule) for rule in exclude or ()]
    forms = [f for f in world.forms if not any(rule <= f.uses for rule in barred)]
    if not forms:
        raise InputError(f"exclude={exclude!r} leaves no sentence form; exclude less")
    sizes: dict[str, int] = {}
    for form in world.forms:
        sizes[form.source.family] = sizes.get(form.source.family, 0) + 1
    return Pick(forms, [_weight(world, form, sizes) for form in forms])


def _weight(world: World, form: Form, sizes: dict[str, int]) -> float:
    return world.spec.weights[form.source.family] / sizes[form.source.family]


def _kinds(rule: str) -> frozenset[str]:
    kinds = frozenset(rule.split("+"))
    unknown = sorted(kinds - set(KINDS))
    if unknown:
        raise InputError(
            f"exclude: unknown kind of slot {unknown[0]!r} in {rule!r}; "
            f"choose from {', '.join(KINDS)}"
        )
    return kinds
