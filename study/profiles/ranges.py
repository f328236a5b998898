"""Which values a setting may have: counts, rates and shares, checked as they are read.

A profile's mistake is one of these before anything is computed with it.
"""

from __future__ import annotations

import dataclasses
import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field


def _number(value: Any) -> Any:
    """Refuse yes and no, which would count as 1 and 0."""
    if isinstance(value, bool):
        raise ValueError(f"{value} should be a number")
    return value


def _distinct(values: Any) -> Any:
    """Refuse what is named twice: it would be computed twice, into one place."""
    for value in values:
        if values.count(value) > 1:
            raise ValueError(f"{value!r} stands there twice; name it once")
    return values


def _device(name: str) -> str:
    """Refuse what is no device; whether it is here is asked before a run."""
    if not re.fullmatch(r"auto|cpu|(cuda|mps|xpu)(:\d+)?", name):
        raise ValueError(
            f"{name!r} should be auto (a GPU where there is one), cpu, cuda, mps or "
            "xpu, of several GPUs e.g. cuda:1"
        )
    return name


def _known_resources(resources: dict[str, int]) -> dict[str, int]:
    """Refuse what no job is given, and a job without a thread; 0 is else none."""
    for name in resources:
        if name not in _RESOURCES:
            raise ValueError(
                f"{name!r} is no resource of a job (there are {', '.join(_RESOURCES)}; "
                "one of your cluster alone: --default-resources on the command line)"
            )
    if resources.get("threads") == 0:
        raise ValueError("threads: 0 should be at least 1")
    return resources


def said(group: Any) -> Any:
    """What a group says: nothing, if a file leaves it empty (``training:``)."""
    return {} if group is None else group


# Those of Snakemake and of its submission to a cluster that are counts.
_RESOURCES = (
    "threads",
    "mem_mb",
    "mem_mb_per_cpu",
    "disk_mb",
    "runtime",
    "gpu",
    "nodes",
    "tasks",
    "cpus_per_task",
)

Number = BeforeValidator(_number)
Whole = Annotated[int, Number]
Count = Annotated[int, Field(ge=0), Number]  # where 0 often stands for all
Positive = Annotated[int, Field(ge=1), Number]
Real = Annotated[float, Number]
NotNegative = Annotated[float, Field(ge=0), Number]
Rate = Annotated[float, Field(gt=0), Number]
Share = Annotated[float, Field(ge=0, le=1), Number]
Distinct = AfterValidator(_distinct)
Names = Annotated[list[str], Field(min_length=1), Distinct]
Seeds = Annotated[tuple[Count, ...], Field(min_length=1), Distinct]
Device = Annotated[str, AfterValidator(_device)]
MaySayNothing = BeforeValidator(said)
Resources = Annotated[dict[str, Count], MaySayNothing, AfterValidator(_known_resources)]


def within(kind: type, **ranges: Any) -> type:
    """A settings class of another package, its fields checked by these ranges."""
    fields = {field.name: field for field in dataclasses.fields(kind)}
    own = [
        (name, allowed, dataclasses.field(default=fields[name].default))
        for name, allowed in ranges.items()
    ]
    return dataclasses.make_dataclass(
        kind.__name__, own, bases=(kind,), frozen=True, kw_only=True
    )
