"""Reading profiles: YAML files, each mistake one line with file, key and remedy.

A profile stands in ``notebooks/profiles`` or anywhere: ``defaults`` hold for every run,
a ``domains`` entry overrides them for a domain, a model's ``settings`` for that model,
and its ``domains`` entry for that model on that domain. With ``like`` a profile takes
over another one, by its name or by its path seen from the file, and says what differs;
its ``models`` may then be a list: those of the other profile's that it wants, by name
or as ``name: {changes}``. What is left empty says nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from gradiend.errors import InputError, check_choice
from study.profiles.called import check_profile_name
from study.profiles.checks import check
from study.profiles.mistakes import GIVEN, in_one_line
from study.profiles.profile import Profile, merged
from study.profiles.ranges import said
from study.profiles.yaml_files import ENDINGS, read_yaml
from study.results.places import REPOSITORY

PROFILE_FOLDER = REPOSITORY / "notebooks" / "profiles"
_ORIGINS = {"folder", "hub", "prepared"}  # what a model of one's own has one of


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
    if path.resolve().parent == PROFILE_FOLDER:
        source = path.stem  # by its path it is the same profile
    else:
        check_profile_name(path, profile_names())
    return _checked(_content(path), path, source)


def profile_files(path: Path) -> list[Path]:
    """A profile's file and those of the profiles that it is like."""
    like = _said(path).get("like")
    return [path] if like is None else [path, *profile_files(_like(like, path))]


def _profile_path(source: str, folder: Path = Path()) -> Path:
    """The file of a profile's name, or of a path that is seen from ``folder``."""
    if not source.endswith(ENDINGS):
        check_choice(source, profile_names(), "profile")
        return PROFILE_FOLDER / f"{source}.yaml"
    path = folder / source
    if not path.is_file():
        raise InputError(f"{path}: no such profile; check the path")
    return path


def _like(like: Any, path: Path) -> Path:
    """The file of the profile that the one in ``path`` is like."""
    if not isinstance(like, str):
        raise InputError(
            f"{path.name}, like: {like!r} should be the name of a profile or the path "
            "of its file"
        )
    try:
        return _profile_path(like, path.parent)
    except InputError as error:
        raise InputError(f"{path.name}, like: {error}") from None


def _said(path: Path) -> dict:
    """What a file says itself."""
    own = read_yaml(path)
    if not isinstance(own, dict):
        raise InputError(
            f"{path}: not a profile; it needs features and models, or like: and the "
            "name of another profile"
        )
    return own


def _content(path: Path, before: tuple[Path, ...] = ()) -> dict:
    """What a profile says, with what it takes over from the one it is like.

    ``before`` are the profiles that are like this one.
    """
    own = _said(path)
    if own.get("like") is None:
        own.pop("like", None)
        return own
    other = _like(own.pop("like"), path)
    chain = (*before, path)
    if other.resolve() in [known.resolve() for known in chain]:
        names = " → ".join(known.name for known in (*chain, other))
        raise InputError(
            f"{path.name}, like: goes round in a circle ({names}); one of them has to "
            "say its models itself"
        )
    base = _content(other, chain)
    # Its own mistakes are told of its own file.
    _checked(base, other, other.stem)
    base.pop("figures", None)  # each profile's figures are its own
    models = _models(own.pop("models", None), base.pop("models"), path, other)
    return merged(base, own) | {"models": models}


def _models(own: Any, there: Mapping, path: Path, other: Path) -> dict:
    """The models of a profile that is like another one.

    All of those ``there``, with what is said of them or of new ones; or those that a
    list names.
    """
    named = dict(_listed(own)) if isinstance(own, list) else said(own)
    if not isinstance(named, Mapping):
        raise InputError(
            f"{path.name}, models: {own!r} should be a list; write [{own}]"
        )
    for name, entry in named.items():
        new = isinstance(entry, Mapping) and entry.keys() & _ORIGINS
        if not new:
            check_choice(
                name, there, f"model of profile {other.stem} in {path.name}, models:"
            )
    both = merged(there, named)
    return {name: both[name] for name in named} if isinstance(own, list) else both


def _listed(models: list) -> Iterator[tuple[str, Any]]:
    """The models named, each with the changes given: ``name: {…}``."""
    for item in models:
        yield from item.items() if isinstance(item, Mapping) else [(str(item), None)]


def _checked(content: dict, path: Path, source: str) -> Profile:
    """The profile that a file's content is."""
    for key in content.keys() & set(GIVEN):
        raise InputError(f"{path.name}: {key} is not its to say; leave it out")
    given = {"name": path.stem, "source": source, "path": path}
    with in_one_line(path.name, Profile):
        profile = Profile.model_validate(content | given)
    check(profile, path.name)
    return profile
