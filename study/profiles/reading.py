"""Reading profiles: YAML files, each mistake one line with file, key and remedy.

A profile stands in ``notebooks/profiles`` or anywhere: ``defaults`` hold for every run,
a ``domains`` entry overrides them for a domain, a model's ``settings`` for that model,
and its ``domains`` entry for that model on that domain. With ``like`` a profile takes
over another one and says what differs; its ``models`` may then be a list: those of the
other profile's that it wants, by name or as ``name: {changes}``.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import yaml
from pydantic import BaseModel, ValidationError

from gradiend.errors import InputError, check_choice
from study.comparison.methods import METHODS
from study.domains import DOMAINS, FEATURES
from study.profiles.profile import ModelEntry, Profile, checked_values, merged
from study.profiles.settings import RunSettings
from study.results.places import REPOSITORY

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
    with _named(path.name, Profile):
        profile = Profile(name=path.stem, source=source, path=path, **content)
    _check(profile, path.name)
    return profile


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
        raise InputError(f"{path}: not valid YAML ({error})") from error
    if "like" not in own:
        return own
    like = own.pop("like")
    base = _content(_profile_path(like))
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
            (item, {}) if isinstance(item, str) else next(iter(item.items()))
        )
        check_choice(name, there, f"model of profile {source}")
        yield name, merged(there[name], changes)


def _check(profile: Profile, file: str) -> None:
    for feature in profile.features:
        check_choice(feature, FEATURES, f"feature in {file}:")
    for where, values in _sections(profile, file):
        with _named(f"{file}, {where}", RunSettings):
            checked_values(values)
        for method in (values.get("methods") or {}).get("names", ()):
            check_choice(method, METHODS, f"method in {file}, {where}:")
    for model, entry in profile.entries.items():
        for feature in entry.features or ():
            check_choice(feature, profile.features, f"feature in {file}, {model}:")
        for run in profile.runs(model):
            slot = run.decoder.slot
            if slot is not None:
                check_choice(slot, run.domain.slots, f"slot in {file}, {model}:")


def _sections(profile: Profile, file: str) -> Iterator[tuple[str, dict]]:
    """Each place of a profile that says something of runs, by its name."""
    yield "defaults", profile.defaults
    for domain, values in profile.domain_values.items():
        check_choice(domain, DOMAINS, f"domain in {file}:")
        yield f"domains.{domain}", values
    for model, entry in profile.entries.items():
        yield model, entry.settings
        for domain, values in entry.domains.items():
            check_choice(domain, DOMAINS, f"domain in {file}, {model}:")
            yield f"{model}.{domain}", values


class _named:
    """Turns pydantic's errors into one line; ``where`` is file and section."""

    def __init__(self, where: str, model: type[BaseModel]) -> None:
        self.where, self.model = where, model

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind, error: BaseException | None, _trace) -> None:
        if not isinstance(error, ValidationError):
            return
        first = error.errors()[0]
        *groups, key = map(str, first["loc"]) if first["loc"] else ("",)
        where = ".".join((self.where, *groups)) if groups else self.where
        if first["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
            raise InputError(_unknown(key, where, self.model, groups)) from None
        message = first["msg"].removeprefix("Value error, ")
        said = f"{key} " if key else ""
        raise InputError(f"{where}: {said}{message[:1].lower()}{message[1:]}") from None


def _unknown(key: str, where: str, model: type[BaseModel], groups: list[str]) -> str:
    """One line with the nearest right name, in this group or in another one."""
    if groups[:1] == ["models"]:
        model, groups = ModelEntry, []
    names = list(_names(model))
    inside = ".".join((*groups, ""))
    here = [name.removeprefix(inside) for name in names if name.startswith(inside)]
    here = [name for name in here if "." not in name]
    close = difflib.get_close_matches(key, here, n=1)
    if not close:  # of the right name, but in another group
        close = [name for name in names if name.rpartition(".")[2] == key][:1]
    hint = f"; did you mean {close[0]!r}?" if close else ""
    there = f" (there are: {', '.join(here)})" if here else ""
    return f"unknown key in {where}: {key!r}{hint}{there}"


def _names(model: type) -> Iterable[str]:
    """Dotted names of a settings class's values."""
    fields = getattr(model, "model_fields", None) or model.__pydantic_fields__
    for name, field in fields.items():
        if model is Profile and name in ("name", "source", "path"):
            continue  # not the file's to say
        name = field.alias or name
        yield name
        kind = field.annotation
        if hasattr(kind, "__pydantic_fields__") and isinstance(kind, type):
            yield from (f"{name}.{inner}" for inner in _names(kind))
