"""The rows of a profile's comparison: which variants of a model there are."""

from __future__ import annotations

from study.comparison.variants import (
    ANY,
    OURS,
    Variant,
    single,
)
from study.domains import DOMAINS, FEATURES
from study.domains.domain import BALANCED
from study.profiles.profile import Profile
from study.profiles.settings import Settings
from study.results import files, selected
from study.results.published import reason_left_out


def variants(profile: Profile, model: str, domain: str = "all") -> list[Variant]:
    """Every variant of a model, the base model first; those of a domain, or of all.

    All are those of the domains that the profile compares.

    A domain's are GRADIEND's rows of its features, then the methods that the profile
    names and the domain has, then the domain's combinations of them.
    """
    found = [Variant(ANY)]
    compared = dict.fromkeys(run.domain.name for run in profile.compared(model))
    for name in compared if domain == "all" else [domain]:
        runs = profile.runs(model, name)
        if not runs:
            continue
        own = DOMAINS[name]
        there = [part for run in runs for part in gradiend_parts(run)]
        there += [m for m in runs[0].methods.names if m not in own.without]
        found += [single(name, part) for part in there]
        found += [Variant(name, c) for c in own.combinations if set(c) <= set(there)]
    return list(dict.fromkeys(found))


def gradiend_parts(run: Settings) -> dict[str, tuple[str, str]]:
    """GRADIEND's rows of one feature: name → (variant, decoder) of selected.csv."""
    names = run.domain.row_names(FEATURES[run.feature])
    rows = {name: (variant, selected.TRAINED) for variant, name in names.items()}
    further = {
        selected.REFINED: run.decoder.refinement.candidates,
        selected.CLOSED_FORM: run.decoder.closed_form_rows,
        selected.CLOSED_FORM_REFINED: run.decoder.refines_closed_form,
        selected.AUTHORS: has_published(run),
    }
    for decoder in (name for name, asked in further.items() if asked):
        rows[selected.called(names[BALANCED], decoder)] = (BALANCED, decoder)
    return rows


def has_published(run: Settings) -> bool:
    """Whether a published checkpoint stands beside ours: asked for and to be had.

    Before it was fetched, one that is asked for counts.
    """
    asked = run.decoder.published is not None
    return asked and reason_left_out(run.folder / files.PUBLISHED) is None


def balanced_variant(run: Settings) -> Variant:
    """GRADIEND's balanced variant of a run's feature, refined where that is asked."""
    own = gradiend_parts(run)
    found = [name for name, (variant, _) in own.items() if variant == BALANCED]
    refined = [name for name in found if own[name][1] == selected.REFINED]
    return Variant(run.domain.name, ((refined or found)[0],))


__all__ = ["OURS", "balanced_variant", "gradiend_parts", "has_published", "variants"]
