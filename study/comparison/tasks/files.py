"""Reading task files: public ones and the world's, refused by name where damaged."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from gradiend.errors import InputError, check_choice
from gradiend.files import read_table
from study.comparison.tasks.registry import TASKS, Task

_FORMATS = (".parquet", ".jsonl", ".csv")


def read_split(folder: str | Path, name: str, split: str) -> pd.DataFrame:
    """A task's inputs: columns unit, text, second and label, one row an input.

    The file is ``<folder>/<task>_<split>`` as Parquet, JSON Lines or CSV.

    Raises
    ------
    InputError
        for an unknown task, a file that is not there or not readable, a missing
        column, an empty text or an unknown label.
    """
    check_choice(name, TASKS, "task")
    task = TASKS[name]
    path = _file(Path(folder), f"{name}_{split}")
    needs = f"{name} needs {', '.join(task.columns)}; fetch it again"
    table = read_table(path, task.columns, remedy=needs)
    rows = []
    for number, row in enumerate(table.to_dict("records"), start=1):
        found = list(task.inputs(row))
        _check(found, task, f"{path}, example {number}")
        rows.extend(found)
    return pd.DataFrame(rows, columns=["unit", "text", "second", "label"])


def _check(inputs: list[tuple], task: Task, where: str) -> None:
    if not inputs:
        raise InputError(f"{where}: no entity to choose from; leave it out")
    for _, text, second, label in inputs:
        empty = not isinstance(text, str) or not text.strip()
        if empty or not isinstance(second, str):
            raise InputError(f"{where}: a text is empty; fill it in or leave it out")
        if task.metric != "pearson" and label not in range(max(task.labels, 2)):
            raise InputError(
                f"{where}: unknown label {label!r}; {task.name} has 0 to "
                f"{max(task.labels, 2) - 1} (test splits are not labelled: use the "
                "validation split)"
            )


def _file(folder: Path, stem: str) -> Path:
    for suffix in _FORMATS:
        if (folder / f"{stem}{suffix}").is_file():
            return folder / f"{stem}{suffix}"
    raise InputError(
        f"{folder / stem}: not there as {', '.join(_FORMATS)}; check the folder"
    )
