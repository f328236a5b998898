"""What only the whole of a profile shows to be a mistake."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gradiend.errors import InputError, check_choice
from study.comparison.methods import METHODS
from study.comparison.tasks.registry import TASKS
from study.domains import DOMAINS, FEATURES
from study.domains.pronouns import PRONOUN_TRIO
from study.profiles.called import check_model_names
from study.profiles.mistakes import in_one_line
from study.profiles.profile import Profile, checked_values
from study.profiles.settings import RunSettings, Settings
from study.profiles.variants import variants
from study.results.files import ANALYSES
from study.results.first_order import NEAR, SELECTED
from study.results.selected import BASE

# What a model is asked once for all its domains.
_OF_A_MODEL = ("load", "benchmarks", "tasks", "anatomy")


def check(profile: Profile, file: str) -> None:
    """Refuse a name that is not one, and a wrong value of a run.

    Raises
    ------
    InputError
        naming file, key and the nearest right name.
    """
    check_model_names(profile, file)
    for feature in profile.features:
        check_choice(feature, FEATURES, f"feature in {file}, features:")
    for section, values, domains in _sections(profile, file):
        with in_one_line(file, RunSettings, section):
            asked = checked_values(values)
        _check_names(asked, f"{file}, {section}", domains)
        for group in _OF_A_MODEL if "domains." in section else ():
            if group in values:
                raise InputError(
                    f"{file}, {section}: {group} is the same for all domains of a "
                    "model; say it in defaults or in the model's settings"
                )
    for model in profile.entries:
        _check_model(profile, model, f"{file}, models.{model}")


def _check_model(profile: Profile, model: str, where: str) -> None:
    entry = profile.entries[model]
    for feature in entry.features or ():
        check_choice(feature, profile.features, f"feature in {where}.features:")
    for domain in entry.compares or ():
        check_choice(domain, profile.domains, f"domain in {where}.compares:")
    for name in entry.analyses:
        check_choice(name, ANALYSES, f"analysis in {where}.analyses:")
    for run in profile.runs(model):
        slot, domain = run.decoder.slot, run.domain
        if slot is not None:
            check_choice(slot, domain.slots, f"slot in {where} ({domain.name}):")
        _check_analyses(run, entry.analyses, profile.features_of("all", model), where)
    rows = [variant.name for variant in variants(profile, model)]
    for run in profile.compared(model):
        named = run.tasks.variants
        for name in named:
            check_choice(name, rows, f"variant in {where}, tasks.variants:")
        if named and BASE not in named:
            raise InputError(
                f"{where}, tasks.variants: {BASE} is not among them, and the others "
                "are told as a change against it; name it as well"
            )


def _check_analyses(
    run: Settings, asked: list[str], features: list[str], where: str
) -> None:
    """Refuse what an analysis would, hours later."""
    for name in run.anatomy.features if "anatomy" in asked else ():
        check_choice(name, features, f"feature in {where}, anatomy.features:")
    shares = run.first_order.shares
    if "first_order" in asked and not {NEAR, SELECTED} <= {*shares}:
        raise InputError(
            f"{where}, first_order.shares: {NEAR} and {SELECTED} are not both among "
            "them, and single probes are kept at these; name them as well"
        )
    for name in run.classes.trios:
        trios = [PRONOUN_TRIO, *DOMAINS]
        check_choice(name, trios, f"group of classes in {where}, classes.trios:")


def _check_names(asked: RunSettings, where: str, domains: Iterable[str]) -> None:
    """Refuse an unknown method, task or slot; other values are checked by then."""
    for group, allowed, kind in (
        ("methods", METHODS, "method"),
        ("tasks", TASKS, "task"),
    ):
        for name in getattr(asked, group).names:
            check_choice(name, allowed, f"{kind} in {where}.{group}.names:")
    slot = asked.decoder.slot
    if slot is not None:
        slots = dict.fromkeys(slot for name in domains for slot in DOMAINS[name].slots)
        check_choice(slot, slots, f"slot in {where}.decoder:")


def _sections(profile: Profile, file: str) -> Iterator[tuple[str, dict, list[str]]]:
    """Each part of a profile that says something of runs, and of which domains'."""
    yield "defaults", profile.defaults, profile.domains
    for domain, values in profile.domain_values.items():
        check_choice(domain, DOMAINS, f"domain in {file}, domains:")
        yield f"domains.{domain}", values, [domain]
    for model, entry in profile.entries.items():
        yield f"models.{model}.settings", entry.settings, profile.domains
        own = f"models.{model}.domains"
        for domain, values in entry.domains.items():
            check_choice(domain, DOMAINS, f"domain in {file}, {own}:")
            yield f"{own}.{domain}", values, [domain]
