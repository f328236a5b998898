"""The steps of a profile and what each depends on, as the Snakefile reads them.

A step is one notebook on one model and its domains. Its inputs are the package files
the notebook imports, the world's declaration, the model and what earlier steps wrote;
its ``values`` are the notebook's cells (not the outputs stored with them) and the
profile's values that it reads. Whatever of these changes, the step runs again, and
nothing else does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from gradiend.benchmarks.files import RESULT_TABLES, SEAT_RESULTS
from gradiend.errors import known
from gradiend.notebooks import cells_digest, dependencies, module_dependencies
from gradiend.profiles import WORLD, Profile, Settings, load_profile
from gradiend.public import RECORD, fetched_mark, folder_of
from gradiend.report import INDEXES
from gradiend.results import REPOSITORY, resolved, results_root
from gradiend.variants import variants

NOTEBOOKS = REPOSITORY / "notebooks"
MINILM = "minilm-l6"
TRAINED = ("gradiend.safetensors", "training.json", "history.csv", "sizes.csv")
ENCODED = ("encodings.csv", "encoder.json")
DECODED = ("grid.csv", "selected.csv", "decoder.json", "associations.csv")
PREDICTED = "predictions.csv"
NAMED = ("names.csv", "words.csv", "probe.csv")
# What a step takes unless its model says otherwise: MB, minutes, cores.
SMALL = {"mem_mb": 2_000, "runtime": 60, "threads": 1}
SCORED = (*(f"{name}.csv" for name in RESULT_TABLES), SEAT_RESULTS)


@dataclass(frozen=True)
class Step:
    """A node of the graph: a command with its inputs and outputs."""

    name: str
    command: str  # arguments of the interpreter
    inputs: list[Path]
    outputs: list[Path]
    values: str = ""
    priority: int = 0  # the longest chain of steps starts first
    resources: Mapping[str, int] = field(default_factory=lambda: dict(SMALL))


def steps(
    profile: Profile,
    *,
    models: Iterable[str] | None = None,
    domains: Iterable[str] | None = None,
) -> list[Step]:
    """All steps of a profile, or those of some models and domains."""
    chosen_models = _chosen(models, profile.models, "model")
    chosen_domains = _chosen(domains, profile.domains, "domain")
    everything = chosen_models == profile.models and chosen_domains == profile.domains
    found: list[Step] = _fetch_steps(profile, chosen_models)
    if MINILM in chosen_models and any(
        profile.features_of(domain, MINILM) for domain in chosen_domains
    ):
        found.append(_minilm_step())
    # A small model's domains share a job: starting one takes longer than its work.
    whole = profile.content.get("jobs", "model") == "model"
    groups = ["all"] if whole and chosen_domains == profile.domains else chosen_domains
    for model in chosen_models:
        for domain in groups:
            found.extend(_model_steps(profile, model, domain))
    if chosen_domains == profile.domains:
        for model in chosen_models:
            found.extend(_comparison_steps(profile, model))
    if everything:
        found.extend(_summary_steps(profile, found))
        found.extend(_standalone_steps(profile))
        found.append(_report_step(profile, found))
    return found


def _fetch_steps(profile: Profile, models: list[str]) -> list[Step]:
    """Public files and models from the hub, before anything is computed."""
    if profile.data == WORLD:
        return []
    steps = [
        Step(
            name="fetch public data",
            command=f"-m gradiend.public {profile.source}",
            inputs=[Path(resolved(profile.data))],
            outputs=[_public_record(profile)],
        )
    ]
    for model in models:
        settings = profile.settings(model, profile.features[0])
        steps.append(
            Step(
                name=f"fetch {model}",
                command=f"-m gradiend.public {profile.source} {model}",
                inputs=[],
                outputs=[fetched_mark(settings)],
                values=repr((settings.path, settings.revision)),
            )
        )
    return steps


def _model_steps(profile: Profile, model: str, domain: str) -> Iterator[Step]:
    features = profile.features_of(domain, model)
    if not features:
        return
    runs = [profile.settings(model, name) for name in features]
    parameters = {"profile": profile.source, "model": model, "domain": domain}
    train = _notebook_step(
        profile,
        "02_train",
        parameters,
        runs,
        TRAINED,
        "training",
        [*_model_files(runs[0]), *_data_files(profile)],
    )
    yield train
    after = [*train.inputs[-1:], *train.outputs[1:]]
    yield _notebook_step(
        profile, "03_encoder", parameters, runs, ENCODED, "encoder", after
    )
    decode = _notebook_step(
        profile,
        "04_decoder_and_rewriting",
        parameters,
        runs,
        DECODED,
        "decoder",
        after,
        extra=[run.folder / PREDICTED for run in runs if run.domain == "gender"],
    )
    yield decode
    gender = [run for run in runs if run.domain == "gender"]
    if gender:
        del parameters["domain"]
        yield _notebook_step(
            profile,
            "07_names_and_gender_words",
            parameters,
            gender,
            NAMED,
            "encoder",
            [*after, *decode.outputs[1:]],
        )


def _notebook_step(
    profile: Profile,
    notebook: str,
    parameters: dict[str, str],
    runs: list[Settings],
    files: Iterable[str],
    part: str,
    upstream: list[Path],
    *,
    extra: Iterable[Path] = (),
) -> Step:
    source = NOTEBOOKS / f"{notebook}.ipynb"
    values = [value for key, value in parameters.items() if key != "profile"]
    stem = "--".join([notebook, *values])
    target = results_root() / profile.name / "notebooks" / f"{stem}.ipynb"
    outputs = [target, *(run.folder / file for run in runs for file in files), *extra]
    resources = SMALL | profile.resources(runs[0].model)
    return Step(
        name=stem,
        command=_notebook_command(
            source, outputs, parameters, threads=resources["threads"]
        ),
        inputs=[*dependencies(source), *_world_files(), *upstream],
        outputs=outputs,
        values=repr([cells_digest(source), *(run.part(part) for run in runs)]),
        priority=int(runs[0].model == MINILM),
        resources=resources,
    )


def _comparison_steps(profile: Profile, model: str) -> Iterator[Step]:
    """Fit the other methods, then ask all variants the benchmarks and the tasks."""
    runs = [profile.settings(model, name) for name in profile.features_of("all", model)]
    settings, folder = runs[0], runs[0].folder.parent
    upstream = [
        run.folder / name
        for run in runs
        for name in ("gradiend.safetensors", "selected.csv")
    ]
    fitted = [
        folder / "methods" / f"{variant.slug}.safetensors"
        for variant in variants(profile, model)
        if variant.stored
    ]
    upstream += [*_model_files(settings), *_data_files(profile)]
    parameters = {"profile": profile.source, "model": model, "domain": "all"}
    scores = [folder / "benchmarks" / name for name in (*SCORED, "associations.csv")]
    robustness = [folder / "robustness" / name for name in (*SCORED, "tasks.csv")]
    tasks = [folder / "tasks" / "tasks.csv", *robustness]
    for notebook, part, outputs in (
        ("05_baselines", "methods", fitted),
        ("06_benchmarks", "benchmarks", scores),
        *([("09_fine_tuning", "tasks", tasks)] if settings.tasks else []),
    ):
        yield _notebook_step(
            profile,
            notebook,
            parameters,
            [settings],
            (),
            part,
            upstream if part == "methods" else [*upstream, *fitted],
            extra=outputs,
        )


def _summary_steps(profile: Profile, before: list[Step]) -> Iterator[Step]:
    results = [path for step in before for path in step.outputs if _is_result(path)]
    for stem, index in (
        ("10_tables_and_figures", INDEXES[0]),
        ("10b_comparison_tables", INDEXES[1]),
    ):
        source = NOTEBOOKS / f"{stem}.ipynb"
        target = results_root() / profile.name / "notebooks" / source.name
        outputs = [target, profile.figures / index]
        yield Step(
            name=stem,
            command=_notebook_command(
                source, outputs, {"profile": profile.source, "gather": "true"}
            ),
            inputs=[*dependencies(source), *results],
            outputs=outputs,
            values=cells_digest(source),
        )


def _standalone_steps(profile: Profile) -> Iterator[Step]:
    folder = results_root() / profile.name / "notebooks"
    models = [profile.settings(model, profile.features[0]) for model in profile.models]
    stand_ins = [run for run in models if run.stand_in]
    if not stand_ins:  # then these three show what they show in the default profile
        yield from _standalone_steps(replace(load_profile("mini"), name=profile.name))
        return
    for stem, parameters, runs in (
        ("00_data_and_standins", {"profile": profile.source}, stand_ins),
        ("01_gradiend_step_by_step", {}, stand_ins[:1]),
        ("12_your_own_bias", {}, stand_ins[:1]),
    ):
        source = NOTEBOOKS / f"{stem}.ipynb"
        outputs = [folder / source.name]
        files = [path for run in runs for path in _model_files(run)]
        yield Step(
            name=stem,
            command=_notebook_command(source, outputs, parameters),
            inputs=[*dependencies(source), *_world_files(), *files],
            outputs=outputs,
            values=cells_digest(source),
        )


def _minilm_step() -> Step:
    folder = results_root() / "models" / MINILM
    module = REPOSITORY / "gradiend" / "world" / "minilm.py"
    return Step(
        name="adapt MiniLM-L6",
        command=f"-m gradiend.world.minilm {folder}",
        inputs=[module, *module_dependencies(module), *_world_files()],
        outputs=[folder / "model.safetensors"],
        priority=1,
        resources=SMALL | {"mem_mb": 4_000},
    )


def _report_step(profile: Profile, before: list[Step]) -> Step:
    module = REPOSITORY / "gradiend" / "report.py"
    notebooks = [s.outputs[0] for s in before if s.outputs[0].suffix == ".ipynb"]
    return Step(
        name="report",
        command=f"-m gradiend.report {profile.source}",
        inputs=[module, *(profile.figures / name for name in INDEXES), *notebooks],
        outputs=[results_root() / profile.name / "report.html"],
    )


def _notebook_command(
    source: Path, outputs: list[Path], parameters: dict[str, str], *, threads: int = 1
) -> str:
    options = "".join(f" -p {key} {value}" for key, value in parameters.items())
    options += f" --threads {threads}"
    written = " ".join(map(str, outputs[1:]))
    return f"-m gradiend.notebooks {source} {outputs[0]}{options}" + (
        f" --outputs {written}" if written else ""
    )


def _model_files(run: Settings) -> list[Path]:
    """What says which weights a model has: its file or, of the hub, its mark."""
    folder = Path(run.path)
    if folder.is_absolute():
        return [folder / "model.safetensors"]
    return [fetched_mark(run)]


def _data_files(profile: Profile) -> list[Path]:
    return [] if profile.data == WORLD else [_public_record(profile)]


def _public_record(profile: Profile) -> Path:
    return folder_of(profile.data) / RECORD


def _world_files() -> list[Path]:
    return sorted(path for path in (REPOSITORY / "data" / "world").glob("*.*"))


def _is_result(path: Path) -> bool:
    return path.suffix in {".csv", ".json"}


def _chosen(wanted: Iterable[str] | None, available: list[str], kind: str) -> list[str]:
    if wanted is None:
        return available
    wanted = list(wanted)
    for value in wanted:
        known(value, available, kind)
    return [value for value in available if value in wanted]
