"""One step of a plan: a command with the files it needs and makes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from study.profiles.profile import Profile
from study.profiles.settings import Settings
from study.results.places import results_root
from study.run.imports import module_files, notebook_files
from study.run.notebooks import NOTEBOOKS, cells_digest

# What a step takes unless its model says otherwise: MB, minutes, cores.
SMALL = {"mem_mb": 2_000, "runtime": 60, "threads": 1}


@dataclass(frozen=True)
class Step:
    """A node of the graph."""

    name: str
    command: tuple[str, ...]  # arguments of the interpreter
    inputs: list[Path]
    outputs: list[Path]
    values: str = ""  # what else it depends on
    priority: int = 0  # the longest chain of steps starts first
    resources: Mapping[str, int] = field(default_factory=lambda: dict(SMALL))

    @property
    def rule(self) -> str:
        """What Snakemake calls it."""
        return self.name.replace(" ", "_").replace("-", "_")


def notebook_step(
    profile: Profile,
    notebook: str,
    parameters: Mapping[str, str],
    *,
    needs: Iterable[Path],
    makes: Iterable[Path] = (),
    name: str | None = None,
    values: object = None,
    priority: int = 0,
    resources: Mapping[str, int] | None = None,
) -> Step:
    """A notebook with its parameters; what it imports is among its inputs.

    ``values`` are what it reads of the profile.
    """
    source, name = NOTEBOOKS / f"{notebook}.ipynb", name or notebook
    target = results_root() / profile.name / "notebooks" / f"{name}.ipynb"
    makes, resources = list(makes), SMALL | dict(resources or {})
    command = ["-m", "study.run.runner", str(source), str(target)]
    for key, value in parameters.items():
        command += ["-p", key, value]
    command += ["--threads", str(resources["threads"])]
    if makes:
        command += ["--outputs", *map(str, makes)]
    return Step(
        name=name,
        command=tuple(command),
        inputs=[*notebook_files(source), *needs],
        outputs=[target, *makes],
        values=repr([cells_digest(source), values]),
        priority=priority,
        resources=resources,
    )


def module_step(
    name: str,
    module: str,
    *arguments: object,
    needs: Iterable[Path] = (),
    makes: Iterable[Path],
    values: object = None,
    priority: int = 0,
    resources: Mapping[str, int] | None = None,
) -> Step:
    """A module with its arguments; what it imports is among its inputs."""
    return Step(
        name=name,
        command=("-m", module, *map(str, arguments)),
        inputs=[*module_files(module), *needs],
        outputs=list(makes),
        values=repr(values),
        priority=priority,
        resources=SMALL | dict(resources or {}),
    )


def run_step(
    profile: Profile,
    notebook: str,
    parameters: Mapping[str, str],
    runs: list[Settings],
    part: str,
    **files: Iterable[Path],
) -> Step:
    """A notebook on a model; ``part`` are the settings that it reads."""
    model = runs[0].model
    named = {key: value for key, value in parameters.items() if key != "profile"}
    return notebook_step(
        profile,
        notebook,
        parameters,
        name="--".join([notebook, *named.values()]),
        values=[run.part(part) for run in runs],
        priority=profile.entry(model).priority,
        resources=profile.job_resources(model),
        **files,
    )
