"""Suites of tasks on the hub, and what their folders are called here."""

from __future__ import annotations

from gradiend.errors import InputError
from study.comparison.tasks.registry import TASKS

SUITES = {"glue": "GLUE", "super_glue": "SuperGLUE"}  # source of a manifest → suite


def task_name(folder: str, suite: str) -> str:
    """A task's name here; both suites have an rte, and the hub two versions of wsc."""
    folder = folder.removesuffix(".fixed")
    for name in (folder, f"{suite.lower()}_{folder}"):
        if name in TASKS and TASKS[name].suite == suite:
            return name
    raise InputError(f"{folder}: no task of {suite} is called that")
