"""Reading profiles: YAML files, each mistake one line with file, key and remedy.

A profile stands in ``notebooks/profiles`` or anywhere: ``defaults`` hold for every run,
a ``domains`` entry overrides them for a domain, a model's ``settings`` for that model,
and its ``domains`` entry for that model on that domain. With ``like`` a profile takes
over another one and says what differs; its ``models`` may then be a list: those of the
other profile's that it wants, by name or as ``name: {changes}``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import yaml

from gradiend.errors import InputError, check_choice
from study.comparison.methods import METHODS
from study.comparison.tasks.registry import TASKS
from study.domains import DOMAINS, FEATURES
from study.profiles.mistakes import GIVEN, in_one_line
from study.profiles.profile import Profile, checked_values, merged
from study.profiles.settings import RunSettings
from study.results.places import REPOSITORY

# What a model is asked once for all its domains.
_OF_A_MODEL = ("load", "benchmarks", "tasks")
PROFILE_FOLDER = REPOSITORY / "notebooks" / "profiles"


def profile_names() -> list[str]:
    """The profiles there are."""
    return sorted(path.stem for path in PROFILE_FOLDER.glob("*.yaml"))


def load_profile(source: str) -> Profile:
    """Read and check a profile: a name in ``notebooks/profiles``, or a YAML file.

    Raises
    ------
    InputError
        naming file, key and the nearest right name.
    """
    path = _profile_path(source)
    content = _content(path)
    for key in content.keys() & set(GIVEN):
        raise InputError(f"{path.name}: {key} is not its to say; leave it out")
    given = {"name": path.stem, "source": source, "path": path}
    with in_one_line(path.name, Profile):
        profile = Profile(**content, **given)
    _check(profile, path.name)
    return profile


def profile_files(path: Path) -> list[Path]:
    """A profile's file, and those of the profiles that it takes over."""
    like = yaml.safe_load(path.read_text(encoding="utf-8")).get("like")
    return [path] if like is None else [path, *profile_files(_profile_path(like))]


def _profile_path(source: str) -> Path:
    if not source.endswith(".yaml"):
        check_choice(source, profile_names(), "profile")
        return PROFILE_FOLDER / f"{source}.yaml"
    if not Path(source).is_file():
        raise InputError(f"{source}: no such profile; check the path")
    return Path(source)


def _content(path: Path) -> dict:
    """What a profile says, with what it takes over from the one it is like."""
    try:
        own = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{path}: not valid YAML ({reason})") from error
    if not isinstance(own, dict):
        raise InputError(f"{path}: not a profile; it needs features and models")
    if "like" not in own:
        return own
    like = own.pop("like")
    base = _content(_profile_path(str(like)))
    base.pop("figures", None)  # each profile's figures are its own
    if isinstance(own.get("models"), list):  # a choice of the other profile's
        base["models"] = dict(_chosen(own.pop("models"), base["models"], like))
    return merged(base, own)


def _chosen(
    models: list[str | Mapping], there: Mapping, source: str
) -> Iterator[tuple[str, Mapping]]:
    """The entries of the models named, each with the changes given: ``name: {…}``."""
    for item in models:
        name, changes = (
            next(iter(item.items())) if isinstance(item, Mapping) else (item, {})
        )
        check_choice(name, there, f"model of profile {source}")
        yield name, merged(there[name], changes)


def _check(profile: Profile, file: str) -> None:
    """Refuse what only the whole of a profile shows to be a mistake."""
    for feature in profile.features:
        check_choice(feature, FEATURES, f"feature in {file}, features:")
    for section, values, domains in _sections(profile, file):
        with in_one_line(file, RunSettings, section):
            checked_values(values)
        _check_names(values, f"{file}, {section}", domains)
        for group in _OF_A_MODEL if "domains." in section else ():
            if group in values:
                raise InputError(
                    f"{file}, {section}: {group} is the same for all domains of a "
                    "model; say it in defaults or in the model's settings"
                )
    for model, entry in profile.entries.items():
        where = f"{file}, models.{model}"
        for feature in entry.features or ():
            check_choice(feature, profile.features, f"feature in {where}.features:")
        for domain in entry.compares or ():
            check_choice(domain, profile.domains, f"domain in {where}.compares:")
        for run in profile.runs(model):
            slot, domain = run.decoder.slot, run.domain
            if slot is not None:
                check_choice(slot, domain.slots, f"slot in {where} ({domain.name}):")


def _check_names(values: Mapping, where: str, domains: Iterable[str]) -> None:
    """Refuse an unknown method, task or slot; other values are checked by then."""
    for group, allowed, kind in (
        ("methods", METHODS, "method"),
        ("tasks", TASKS, "task"),
    ):
        for name in values.get(group, {}).get("names", ()):
            check_choice(name, allowed, f"{kind} in {where}.{group}.names:")
    slot = values.get("decoder", {}).get("slot")
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
