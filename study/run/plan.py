"""The steps of a profile and what each depends on, as the Snakefile reads them.

A step is one notebook on one model and its domains, or a command. It names the files it
makes and needs: the package files it imports, the source's declaration, the model and
what earlier steps wrote. Its ``values`` are the notebook's cells (not the outputs
stored with them) and the profile's values that it reads. Whatever of these changes, the
step runs again, and nothing else does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from gradiend.errors import InputError, check_choice
from study.profiles.profile import CARRIED, WORLD, Profile
from study.profiles.reading import load_profile
from study.report.committed import committed_files
from study.results.files import INDEXES
from study.results.places import REPOSITORY, results_root
from study.run.model_steps import (
    analysis_steps,
    comparison_steps,
    folder_steps,
    gradiend_steps,
    model_files,
)
from study.run.step import Step, module_step, notebook_step
from study.sources.chosen import source_files, source_of
from study.sources.wheels.manifest import MANIFEST

REAL, REAL_MODEL = "real", "smollm2-135m-instruct"  # what notebooks 01 and 12 ask


# What reads a real model of packages and needs no other notebook, with its own files.
OF_REAL_MODEL = {
    "01_gradiend_step_by_step": [],
    "12_your_own_bias": [REPOSITORY / "data" / "examples" / "nationality_probes.txt"],
}


def steps(
    profile: Profile,
    *,
    models: Iterable[str] | None = None,
    domains: Iterable[str] | None = None,
) -> list[Step]:
    """All steps of a profile, or those of some models and domains.

    Raises
    ------
    InputError
        for what the profile has not, or if of its models none may be fetched.
    """
    chosen_models = _chosen_models(profile, models)
    chosen_domains = _chosen(domains, profile.domains, "domain")
    all_domains = chosen_domains == profile.domains
    found: list[Step] = list(_source_steps(profile))
    for model in chosen_models:
        if any(profile.features_of(domain, model) for domain in chosen_domains):
            found.extend(folder_steps(profile, model))
    # A small model's domains share a job: starting one takes longer than its work.
    whole = profile.jobs == "model" and all_domains
    for model in chosen_models:
        for domain in ["all"] if whole else chosen_domains:
            found.extend(gradiend_steps(profile, model, domain))
    if all_domains:
        for model in chosen_models:
            found.extend(comparison_steps(profile, model))
            found.extend(analysis_steps(profile, model))
        if chosen_models == profile.models:
            found.extend(_summary_steps(profile, found))
            found.extend(_introduction_steps(profile, found))
            found.append(_report_step(profile, found))
    return found


def _source_steps(profile: Profile) -> Iterator[Step]:
    """What has to be fetched before anything is computed."""
    for source in map(source_of, profile.sources):
        command = source.preparation
        if command is not None:
            yield module_step(
                "fetch public data",
                *command,
                needs=source.declared,
                makes=source.inputs,
            )


def _summary_steps(profile: Profile, before: list[Step]) -> Iterator[Step]:
    """The tables and figures of all models, behind those of a real one."""
    results = [path for step in before for path in step.outputs if _is_result(path)]
    results += committed_files(profile)
    for notebook, index in INDEXES.items():
        yield notebook_step(
            profile,
            notebook,
            {"profile": profile.source, "gather": "true"},
            needs=results,
            makes=[profile.report_figures / index],
        )


def _introduction_steps(profile: Profile, before: list[Step]) -> Iterator[Step]:
    """The notebooks that need no other one: the data, the method, a bias.

    All read real texts of packages; the last two a real model, which is made here if
    no step of the profile makes it. A profile of the hub's data leaves them to others,
    as does one that does not walk through them.
    """
    shown = profile if profile.introduces is None else load_profile(profile.introduces)
    stand_ins = [m for m in shown.models if shown.entry(m).stand_in]
    if not stand_ins:
        return
    real = load_profile(REAL)
    walks = profile.walks and bool({WORLD, CARRIED} & set(profile.sources))
    making = list(folder_steps(real, REAL_MODEL)) if walks else []
    made = {path for step in before for path in step.outputs}
    yield from (step for step in making if made.isdisjoint(step.outputs))
    texts = [*source_files(CARRIED), MANIFEST]
    asked = [*texts, *model_files(real, REAL_MODEL)]
    weights = [path for model in stand_ins for path in model_files(shown, model)]
    large = {"mem_mb": 7_500, "threads": 2}
    data = {"profile": shown.source}
    found = [("00_data_and_standins", data, [*weights, *texts], {})]
    if walks:
        found += [
            (name, {}, [*asked, *own], large) for name, own in OF_REAL_MODEL.items()
        ]
    for notebook, parameters, needed, resources in found:
        yield notebook_step(
            profile,
            notebook,
            parameters,
            needs=[*source_files(shown.data), *needed],
            resources=resources,
        )


def _report_step(profile: Profile, before: list[Step]) -> Step:
    """What a run ends with: the page, its notebooks as pages, and their provenance."""
    notebooks = [s.outputs[0] for s in before if s.outputs[0].suffix == ".ipynb"]
    folder = results_root() / profile.name
    return module_step(
        "report",
        "study.report",
        profile.source,
        needs=[
            *(profile.report_figures / name for name in INDEXES.values()),
            *notebooks,
            *sorted((REPOSITORY / "study" / "report" / "templates").iterdir()),
        ],
        makes=[
            folder / "report.html",
            folder / "ro-crate-metadata.json",
            *(path.with_suffix(".html") for path in notebooks),
        ],
    )


def _is_result(path: Path) -> bool:
    return path.suffix in {".csv", ".json"}


def _chosen_models(profile: Profile, wanted: Iterable[str] | None) -> list[str]:
    """Those wanted; all that are not left out, if nobody says which."""
    asked = _chosen(wanted, list(profile.entries), "model")
    closed = [name for name in asked if name in profile.left_out]
    if closed and (wanted is not None or closed == asked):
        raise InputError(
            f"{', '.join(closed)}: gated, and no cache has it; accept its licence on "
            "the hub and set HF_TOKEN, or run other models"
        )
    return [name for name in asked if name not in closed]


def _chosen(wanted: Iterable[str] | None, available: list[str], kind: str) -> list[str]:
    if wanted is None:
        return available
    wanted = list(wanted)
    for value in wanted:
        check_choice(value, available, kind)
    return [value for value in available if value in wanted]
