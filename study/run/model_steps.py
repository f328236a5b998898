"""The steps of one model: its folder, GRADIEND on its domains, the comparison."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from study.profiles.profile import Profile
from study.profiles.settings import Settings
from study.profiles.variants import variants
from study.results import files
from study.results.places import resolved
from study.run.step import Step, module_step, run_step
from study.sources.chosen import source_files
from study.sources.weights import weight_files
from study.sources.wheels.manifest import MANIFEST


def folder_steps(profile: Profile, model: str) -> Iterator[Step]:
    """How the model's folder comes about, where it is not there already."""
    entry = profile.entry(model)
    path = entry.path(model)
    if entry.hub is not None:
        mark = model_files(profile, model)
        revision = [entry.revision] if entry.revision else []
        yield module_step(
            f"fetch {model}",
            "study.sources.hub",
            *("model", path, *mark, *revision),
            makes=mark,
            values=(path, entry.revision),
        )
    if entry.prepared is not None:
        yield module_step(
            f"prepare {model}",
            entry.prepared.module,
            path,
            needs=[
                *source_files(profile.data_of(model)),
                MANIFEST,
                *map(Path, map(resolved, entry.prepared.needs)),
            ],
            makes=model_files(profile, model),
            priority=entry.priority,
            resources=entry.prepared.resources,
        )


def model_files(profile: Profile, model: str) -> list[Path]:
    """What says which weights a model has: its file or files, or the hub's mark."""
    entry = profile.entry(model)
    if entry.hub is not None:
        return [profile.runs(model)[0].model_folder / files.FETCHED]
    return weight_files(Path(entry.path(model)))


def gradiend_steps(profile: Profile, model: str, domain: str) -> Iterator[Step]:
    """Train, evaluate the encoder, choose rewritten models, ask about names."""
    runs = profile.runs(model, domain)
    if not runs:
        return
    parameters = {"profile": profile.source, "model": model, "domain": domain}
    given = [*model_files(profile, model), *source_files(profile.data_of(model))]
    trained = [*given, *_of_each(runs, files.TRAINED)]
    yield from _published_steps(runs)
    yield run_step(
        profile,
        "02_train",
        parameters,
        runs,
        "training",
        needs=given,
        makes=[*_of_each(runs, files.TRAINED), *_kept_seeds(runs)],
    )
    yield run_step(
        profile,
        "03_encoder",
        parameters,
        runs,
        "encoder",
        needs=trained,
        makes=_of_each(runs, files.ENCODED),
    )
    shown = [run for run in runs if run.domain.examples]
    decoded = [*_of_each(runs, files.DECODED), *_of_each(shown, [files.PREDICTIONS])]
    decoded += _of_each(_with_published(runs), [files.DIFFERENCES])
    yield run_step(
        profile,
        "04_decoder_and_rewriting",
        parameters,
        runs,
        "decoder",
        needs=[*trained, *_of_each(_with_published(runs), [files.PUBLISHED])],
        makes=decoded,
    )
    named = [run for run in runs if run.domain.has_names]
    if named:
        yield run_step(
            profile,
            "07_names_and_gender_words",
            {"profile": profile.source, "model": model},
            named,
            "encoder",
            needs=[*trained, *decoded],
            makes=_of_each(named, files.NAMED),
        )


def comparison_steps(profile: Profile, model: str) -> Iterator[Step]:
    """Fit the other methods, then ask all variants the benchmarks and the tasks."""
    runs = profile.compared(model)
    if not runs:
        return
    folder = runs[0].model_folder
    given = [*model_files(profile, model), *source_files(profile.data_of(model))]
    chosen = [*_of_each(runs, [files.GRADIEND, files.SELECTED]), *given]
    chosen += _of_each(_with_published(runs), [files.PUBLISHED])
    fitted = [
        folder / files.METHODS_FOLDER / f"{variant.slug}.safetensors"
        for variant in variants(profile, model)
        if variant.stored
    ]
    benchmarks = folder / files.BENCHMARKS_FOLDER
    robustness = folder / files.ROBUSTNESS_FOLDER
    parameters = {"profile": profile.source, "model": model, "domain": "all"}
    yield run_step(
        profile,
        "05_baselines",
        parameters,
        runs,
        "methods",
        needs=chosen,
        makes=fitted,
    )
    yield run_step(
        profile,
        "06_benchmarks",
        parameters,
        runs,
        "benchmarks",
        needs=[*chosen, *fitted],
        makes=[benchmarks / name for name in files.BENCHMARKED],
    )
    asked = runs[0].tasks
    if asked.names:
        yield run_step(
            profile,
            "09_fine_tuning",
            parameters,
            runs,
            "tasks",
            needs=[*chosen, *fitted],
            makes=[
                folder / files.TASKS_FOLDER / files.TASKS,
                *(robustness / name for name in files.SURVIVED if asked.survival),
            ],
        )


def analysis_steps(profile: Profile, model: str) -> Iterator[Step]:
    """What a model is asked besides: where the feature sits, why it works, …"""
    runs = profile.runs(model)
    entry = profile.entry(model)
    given = [*model_files(profile, model), *source_files(profile.data_of(model))]
    learned = [
        *_of_each(runs, [*files.TRAINED, files.SELECTED]),
        *_kept_seeds(runs),
    ]
    for name in entry.analyses if runs else ():
        notebook, made = files.ANALYSES[name]
        yield run_step(
            profile,
            notebook,
            {"profile": profile.source, "model": model},
            runs,
            name,
            needs=[*given, *learned],
            makes=[runs[0].model_folder / name / file for file in made],
        )


def _kept_seeds(runs: list[Settings]) -> list[Path]:
    return [path for run in runs for path in run.kept_seeds]


def _published_steps(runs: list[Settings]) -> Iterator[Step]:
    """Fetch what others published of the same base model, if it is to be had."""
    for run in _with_published(runs):
        name, _, revision = run.decoder.published.partition("@")
        mark = run.folder / files.PUBLISHED
        yield module_step(
            f"fetch published {run.model} {run.feature}",
            "study.sources.hub",
            *("published", name, mark, revision or "main"),
            makes=[mark],
            values=run.decoder.published,
        )


def _with_published(runs: list[Settings]) -> list[Settings]:
    return [run for run in runs if run.decoder.published is not None]


def _of_each(runs: list[Settings], names: Iterable[str]) -> list[Path]:
    return [run.folder / name for run in runs for name in names]
