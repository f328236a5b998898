"""Drawing what stands in the slots of a form, by the declared strengths."""

from __future__ import annotations

import random
from functools import cache

from study.sources.world.grammar import (
    PERSON_SLOTS,
    PRONOUN_SLOTS,
    Draw,
    Form,
    Pick,
    compile_form,
)
from study.sources.world.spec import GENDERS, Spec, Typed

_SLIP = 0.98  # share of nouns followed by their own pronoun, as for names


class World:
    """A specification ready to draw from: compiled forms and weighted choices."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.forms = tuple(compile_form(form, spec) for form in spec.forms)
        self._names = {
            gender: Pick(
                spec.names, [n.count * n.probability(gender) for n in spec.names]
            )
            for gender in ("M", "F")
        }
        self._nouns = spec.gender["nouns"]
        self._plural = spec.gender["plural"]
        self._pairs = spec.gender["probe_pairs"]
        shares = spec.gender["realisation"]
        self._how = {
            slot: Pick(list(share), list(share.values()))
            for slot, share in shares.items()
        }
        self._attributes = {
            domain: [a for a in spec.attributes if a.domain == domain]
            for domain in spec.terms
        }
        self._by_word = {
            typed.word: Pick(GENDERS, [typed.strengths[g] for g in GENDERS])
            for typed in spec.professions + spec.pastimes
        }
        self._classes = {
            (a.domain, a.word): Pick(list(a.strengths), list(a.strengths.values()))
            for a in spec.attributes
        }

    def family(self, *names: str) -> tuple[Form, ...]:
        """The forms of some families, in the order of the file."""
        return tuple(f for f in self.forms if f.source.family in names)

    def draw(self, form: Form, rng: random.Random, **fixed: str) -> Draw:
        """Draw every slot of ``form``.

        ``fixed`` may set ``profession``, ``pastime`` or ``attribute`` (a word),
        ``gender`` ("M", "F", "N"), ``cls`` (a class of the form's domain) and
        ``name``; everything else follows from the declared strengths.
        """
        draw = Draw(form, {})
        if form.source.domain is not None:
            self._draw_terms(draw, rng, fixed)
        if "person" in form.uses:
            self._draw_person(draw, rng, fixed)
        lexicon = self.spec.lexicon
        for slot in form.slots:
            if slot in draw.words:
                continue
            base = slot.rstrip("0123456789")
            if base in ("profession", "pastime"):
                draw.words[slot] = rng.choice(self._typed(base)).word
                continue
            rows = lexicon[base]
            row = rng.choice(rows)
            while base != slot and row == draw.words.get(base):
                row = rng.choice(rows)
            draw.words[slot] = row
        return draw

    def _typed(self, kind: str) -> tuple[Typed, ...]:
        return self.spec.professions if kind == "profession" else self.spec.pastimes

    def _draw_terms(self, draw: Draw, rng: random.Random, fixed: dict) -> None:
        domain = draw.form.source.domain
        terms = self.spec.terms[domain]
        if "attribute" in draw.form.slots:
            word = fixed.get("attribute")
            if word is None:
                word = rng.choice(self._attributes[domain]).word
            draw.words["attribute"] = word
            draw.cls = fixed.get("cls") or self._classes[domain, word](rng)
        else:
            draw.cls = fixed.get("cls") or rng.choice(list(terms))
        for slot in draw.form.slots:
            if slot in terms[draw.cls]:
                draw.words[slot] = terms[draw.cls][slot]

    def _draw_person(self, draw: Draw, rng: random.Random, fixed: dict) -> None:
        slots = draw.form.slots
        gender = fixed.get("gender")
        for kind in ("profession", "pastime"):
            if kind in slots:
                word = fixed.get(kind) or rng.choice(self._typed(kind)).word
                draw.words[kind] = word
                gender = gender or self._by_word[word](rng)
        needs_name = not {"name", "noun", "the noun", "person", "probe"}.isdisjoint(
            slots
        )
        if gender is None or (gender == "N" and needs_name):
            gender = self._two_way(draw, rng)
        draw.gender, slip = gender, None
        for slot in slots:
            if slot not in PERSON_SLOTS:
                continue
            how = self._how[slot](rng) if slot in self._how else slot
            if gender == "N" and how == "name":
                how = "noun"  # keeps the pronoun's share, so he : she : they is exact
            if how == "name":
                name = self._name(gender, rng, fixed)
                draw.words[slot] = name.name
                slip = name.agreement if name.split != "none" else 1.0
            elif how == "pronoun":
                draw.words[slot] = self.spec.gender["pronouns"]["he"][gender]
                draw.plural = gender == "N"
            elif how == "probe":
                pair = rng.choice(self._pairs)
                draw.words |= {"probe": pair[gender]}
                draw.words |= {"probe_m": pair["M"], "probe_f": pair["F"]}
            elif gender == "N":
                draw.words[slot] = rng.choice(self._plural)
                draw.plural = True
            else:
                noun = rng.choice(self._nouns)
                bare = noun[gender]
                draw.words[slot] = (
                    bare if how == slot == "noun" else (f"{noun['article']} {bare}")
                )
                slip = slip or _SLIP
        self._draw_pronouns(draw, rng, slip)

    def _two_way(self, draw: Draw, rng: random.Random) -> str:
        """M or F, by the driver's strengths without "they" where there is one."""
        for kind in ("profession", "pastime"):
            if kind in draw.words:
                gender = "N"
                while gender == "N":
                    gender = self._by_word[draw.words[kind]](rng)
                return gender
        return "M" if rng.random() < 0.5 else "F"

    def _name(self, gender: str, rng: random.Random, fixed: dict):
        if "name" in fixed:
            return next(n for n in self.spec.names if n.name == fixed["name"])
        return self._names[gender](rng)

    def _draw_pronouns(
        self, draw: Draw, rng: random.Random, slip: float | None
    ) -> None:
        draw.pronoun = draw.gender
        slots = [slot for slot in draw.form.slots if slot in PRONOUN_SLOTS]
        if not slots:
            return
        if slip is not None and rng.random() >= slip:
            draw.pronoun = rng.choice([g for g in GENDERS if g != draw.gender])
        draw.plural = draw.pronoun == "N"
        for slot in slots:
            draw.words[slot] = self.spec.gender["pronouns"][slot][draw.pronoun]


@cache
def world_of(spec_folder: str | None = None) -> World:
    """The compiled world of a folder (default: the project's), built once."""
    from pathlib import Path

    from study.sources.world.spec import load_spec

    return World(load_spec(Path(spec_folder) if spec_folder else None))
