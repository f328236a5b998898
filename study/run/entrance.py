"""Checks before a run: the command line, models, devices, data, damaged results.

``python -m study.run.entrance PROFILE [models=a,b] [domains=c] [-- OPTIONS]``, called
by run_all.sh; the options are Snakemake's.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from gradiend.errors import InputError, check_choice, exit_status
from study.domains import DOMAINS
from study.profiles.devices import need_devices
from study.profiles.origins import Prepared
from study.profiles.profile import Profile
from study.profiles.reading import load_profile, profile_names
from study.profiles.settings import Settings
from study.profiles.yaml_files import ENDINGS
from study.results.places import REPOSITORY, resolved, results_root
from study.run.damage import remove_damaged
from study.run.model_steps import model_files
from study.run.options import check_targets, elsewhere, read_options
from study.run.plan import steps
from study.sources.chosen import has_associations, source_of
from study.sources.wheels.carried import check_carrier

# What run_all.sh does besides running a profile.
OTHERS = ("standins", "test", "lab", "bench")


def check(arguments: Sequence[str]) -> None:
    """Raise InputError for what cannot run; delete damaged results, naming them."""
    source, chosen, options = _parts(arguments)
    if not source.endswith(ENDINGS):
        check_choice(source, [*profile_names(), *OTHERS], "command or profile")
    profile = load_profile(source)
    _check_paths(profile)
    plan = steps(profile, **chosen)
    models = chosen.get("models", profile.models)
    here = True
    if options:
        asked = read_options(options)
        check_targets(asked, plan)
        here = not elsewhere(asked)
    _check_models(profile, models, here=here)
    _check_sources(profile, models, here=here)
    for path in remove_damaged(results_root() / profile.name / "notebooks"):
        print(f"{path}: damaged since it was written; it is made again")


def _parts(
    arguments: Sequence[str],
) -> tuple[str, dict[str, list[str]], Sequence[str]]:
    """The profile, what of it is chosen, and the options behind ``--``."""
    own, options = list(arguments), []
    if "--" in own:
        end = own.index("--")
        own, options = own[:end], own[end + 1 :]
    chosen = dict(argument.split("=", 1) for argument in own[1:])
    return own[0], {key: value.split(",") for key, value in chosen.items()}, options


def _check_paths(profile: Profile) -> None:
    """Refuse braces, which stand for anything in Snakemake's names of files."""
    for path in (REPOSITORY, results_root() / profile.name):
        if set("{}") & set(str(path)):
            raise InputError(f"{path}: a path with {{ or }} cannot be used; rename it")


def _check_models(profile: Profile, models: Iterable[str], *, here: bool) -> None:
    """Refuse a model that is not where it should be, or has no device to run on.

    Of one that is made here, and is not yet, the package that it is made of.
    """
    models = list(models)
    for model in models:
        for path in model_files(profile, model):
            if profile.entry(model).folder is not None and not path.is_file():
                raise InputError(
                    f"{path}: not there; check models.{model}.folder of the profile (a "
                    "whole path, or one seen from the checkout)"
                )
        prepared = profile.entry(model).prepared
        made = all(path.is_file() for path in model_files(profile, model))
        if prepared is not None and not made:
            _check_ingredients(prepared, model)
    if here:
        runs = (run for model in models for run in profile.runs(model))
        need_devices(run.load.device for run in runs)


def _check_ingredients(prepared: Prepared, model: str) -> None:
    """Refuse a model whose files and package, of which it is made, are not there."""
    for path in map(resolved, prepared.needs):
        if not Path(path).is_file():
            raise InputError(
                f"{path}: not there; check models.{model}.prepared.needs of the profile"
            )
    if prepared.carrier is not None:
        check_carrier(prepared.carrier)


def _check_sources(profile: Profile, models: Iterable[str], *, here: bool) -> None:
    """Refuse data that are not what is listed, and models that cannot be fetched."""
    models = list(models)
    sources = [source_of(data) for data in dict.fromkeys(map(profile.data_of, models))]
    for source in sources:
        source.check()
    for model in models:
        for run in profile.compared(model)[:1]:
            _check_tasks(run)
        _check_first_order(profile, model)
    hub = any(entry.hub for entry in profile.entries.values())
    if hub or any(source.preparation is not None for source in sources):
        # Imported here: it takes seconds, and only runs with the hub need it.
        from study.run.preflight import preflight

        preflight(profile, models, here=here, log=print)


def _check_tasks(run: Settings) -> None:
    """Refuse tasks that a model's data have no examples of."""
    asked = run.tasks
    there = source_of(run.data).tasks(zero_shot=asked.zero_shot)
    for name in asked.names:
        if name not in there:
            known = ", ".join(dict.fromkeys(there)) or "none"
            use = "to be asked" if asked.zero_shot else "to fine-tune on"
            raise InputError(
                f"{run.model}: of the task {name} (tasks.names) its data {run.data!r} "
                f"have no examples {use} (there are: {known}); leave it out, or name "
                "other data"
            )


def _check_first_order(profile: Profile, model: str) -> None:
    """Refuse the analysis of a feature whose domain a model is asked nothing of."""
    run = profile.runs(model)[0]
    if "first_order" in profile.entry(model).analyses and not has_associations(run):
        asked = [d.name for d in DOMAINS.values() if d.asked_of_real_models]
        raise InputError(
            f"{model}: the analysis first_order reads what a model says of its first "
            f"feature's domain, and of {run.domain.name} ({run.feature}) a real model "
            f"is asked nothing; put a feature of {' or '.join(asked)} first, or leave "
            "the analysis out"
        )


def main() -> int:
    """Command line of the module."""
    return exit_status(lambda: check(sys.argv[1:]))


if __name__ == "__main__":
    sys.exit(main())
