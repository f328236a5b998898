"""Zero-shot answers of causal models to GLUE and SuperGLUE, by the library lm-eval.

A task is a prompt and some answers; the model's is the one whose tokens are likeliest
after the prompt. :data:`TASKS` are the library's own, with data from the hub;
``include`` names a folder of task files instead, such as :data:`WORLD_TASKS`. The world
has no ``cola`` there: whether a sentence is one of the language is no question its
corpus asks, and a likelihood alone has no threshold without examples.
"""

from __future__ import annotations

import copy
import io
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gradiend.benchmarks.files import read_table
from gradiend.cloze import ClozeLM
from gradiend.errors import InputError, known
from gradiend.results import REPOSITORY

WORLD_TASKS = REPOSITORY / "data" / "world" / "zero_shot"
# Our names and the library's (mnli: the matched part).
TASKS = {
    "cola": "cola",
    "sst2": "sst2",
    "mrpc": "mrpc",
    "qqp": "qqp",
    "mnli": "mnli",
    "qnli": "qnli",
    "rte": "rte",
    "wnli": "wnli",
    "boolq": "boolq",
    "cb": "cb",
    "copa": "copa",
    "multirc": "multirc",
    "record": "record",
    "superglue_rte": "sglue_rte",
    "wic": "wic",
    "wsc": "wsc",
}
_COLUMNS = ("task", "unit", "label", "prediction", "correct")


def zero_shot(
    lm: ClozeLM,
    tasks: Sequence[str],
    *,
    include: str | Path | None = None,
    data: str | Path | None = None,
    chat: bool = False,
    limit: int | None = None,
    batch_size: int = 32,
) -> pd.DataFrame:
    """Answers of ``lm`` to every example of the tasks' validation splits.

    Parameters
    ----------
    lm
        A causal model; its weights and hooks are used as they are, and left so.
    tasks
        Names from :data:`TASKS`, or of the files in ``include``.
    include
        A folder of lm-eval task files (YAML), used instead of the library's.
    data
        The folder of the CSV files that those name (see :func:`csv_table`).
    chat
        Whether the prompt is a user's turn in the tokenizer's chat template and the
        answer the assistant's.
    limit
        Take the first ``limit`` examples of each task (all: None).
    batch_size
        Sequences a forward pass.

    Returns
    -------
    pandas.DataFrame
        One row an example, tasks in the order given: task, unit (the example's number
        in its split), label and prediction (numbers of answers) and correct (bool).

    Raises
    ------
    InputError
        for a masked model, an unknown task, a tokenizer without a chat template
        (``chat``), a file that is not there, or a prompt longer than the model reads.
    """
    _check(lm, tasks, chat=chat, limit=limit)
    # Imported here: it takes seconds, and few steps need it.
    import lm_eval

    with _quiet():
        names = _names(tasks, manager := _manager(include, data))
        found = lm_eval.simple_evaluate(
            _harness(lm, batch_size),
            tasks=[names[task] for task in tasks],
            task_manager=manager,
            limit=limit,
            apply_chat_template=chat,
            log_samples=True,
            # Intervals are made from the rows; nothing here is drawn.
            bootstrap_iters=0,
            random_seed=None,
            numpy_random_seed=None,
            torch_random_seed=None,
        )
    rows = [
        (task, *_answer(sample))
        for task in tasks
        for sample in sorted(
            found["samples"][names[task]], key=lambda sample: sample["doc_id"]
        )
    ]
    return pd.DataFrame(rows, columns=_COLUMNS)


def csv_table(*, file: str, data: str | None = None, **_: Any) -> Mapping[str, Any]:
    """The validation split of a task file: ``dataset_kwargs: {file: NAME}``.

    lm-eval calls this for files with ``custom_dataset`` and passes the folder on.
    """
    from datasets import Dataset

    if data is None:
        raise InputError(f"{file}: the folder of the tasks' files is not given (data)")
    # In memory, so that nothing lands in the cache of datasets.
    table = read_table(Path(data) / file, ())
    return {"validation": Dataset.from_pandas(table, preserve_index=False)}


def _check(
    lm: ClozeLM, tasks: Sequence[str], *, chat: bool, limit: int | None
) -> None:
    if not lm.causal:
        raise InputError(
            f"{lm.name!r} is a masked language model; zero-shot tasks need one that "
            "reads from left to right (fine-tune this one instead)"
        )
    if chat and not lm.tokenizer.chat_template:
        raise InputError(
            f"the tokenizer of {lm.name!r} has no chat template; leave chat out"
        )
    if not tasks:
        raise InputError("no zero-shot tasks are named; name at least one")
    if limit is not None and limit < 1:
        raise InputError(f"a limit of {limit} examples leaves none; give 1 or more")


def _manager(include: str | Path | None, data: str | Path | None):
    """Index of the task files: those of ``include``, or the library's."""
    import lm_eval.tasks

    if include is None:
        # Its two folders alone: reading all of the library's files takes 20 seconds.
        library = Path(lm_eval.tasks.__file__).parent
        folders = [library / "glue", library / "super_glue"]
    elif Path(include).is_dir():
        folders = [Path(include)]
    else:
        raise InputError(f"{include}: no folder of task files is there")
    metadata = {} if data is None else {"data": str(data)}
    return lm_eval.tasks.TaskManager(
        include_path=folders, include_defaults=False, metadata=metadata
    )


def _names(tasks: Sequence[str], manager) -> dict[str, str]:
    """The index's name of each task."""
    own = {name: name for name in manager.all_subtasks}
    library = {name: theirs for name, theirs in TASKS.items() if theirs in own}
    for task in tasks:
        known(task, own, "zero-shot task")
    return {task: library.get(task, task) for task in tasks}


def _harness(lm: ClozeLM, batch_size: int):
    """The model as the library sees it: the one in memory, not a copy."""
    from lm_eval.models.huggingface import HFLM

    class InMemory(HFLM):
        def _loglikelihood_tokens(self, requests, *_args, **_kwargs):
            for (prompt, _), before, answer in requests:
                # The last token is predicted, not read.
                if len(before) + len(answer) - 1 > lm.max_length:
                    raise InputError(
                        f"{len(before) + len(answer) - 1} tokens, more than the "
                        f"{lm.max_length} that {lm.name!r} reads, in {prompt[:80]!r}…; "
                        "leave the task out"
                    )
            return super()._loglikelihood_tokens(requests, disable_tqdm=True)

        def get_model_info(self) -> dict:
            """Nothing: the library would ask the hub about the model."""
            return {}

    # The library gives a tokenizer without padding one; ours is to stay as it is.
    tokenizer = copy.deepcopy(lm.tokenizer)
    return InMemory(
        lm.model,
        backend="causal",
        tokenizer=tokenizer,
        batch_size=batch_size,
        max_length=lm.max_length,
    )
