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
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

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
        Whether the tokenizer's chat template is applied: ``doc_to_text`` of the task
        file is the user's turn, ``gen_prefix`` begins the assistant's.
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
        manager = _manager(include, data)
        names = {n: n for n in manager.all_subtasks} if include else TASKS
        loaded = {task: _load(manager, task, names) for task in tasks}
        found = lm_eval.simple_evaluate(
            _harness(lm, batch_size),
            tasks=list(loaded.values()),
            task_manager=manager,
            limit=limit,
            apply_chat_template=chat,
            log_samples=True,
            # Intervals are made from the rows, and nothing here is drawn.
            bootstrap_iters=0,
            random_seed=None,
            numpy_random_seed=None,
            torch_random_seed=None,
        )
    rows = [
        (task, *_answer(sample))
        for task in loaded
        for sample in found["samples"][names[task]]
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


def _check(lm: ClozeLM, tasks: Sequence[str], *, chat: bool, limit: int | None) -> None:
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


def _load(manager, task: str, names: Mapping[str, str]):
    """A task of the library with its data."""
    known(task, names, "zero-shot task")
    try:
        (loaded,) = manager.load([names[task]])["tasks"].values()
    except (ImportError, OSError) as error:  # of its code, of its data
        reason = str(error).splitlines()[0]
        raise InputError(
            f"zero-shot task {task!r} cannot be loaded ({reason}); leave it out"
        ) from error
    return loaded


class _InMemory:
    """What the library needs of a model: to be called, and nothing that changes it.

    It would tie the output embeddings to the input's again in a model of torch.
    """

    def __init__(self, lm: ClozeLM) -> None:
        self.lm = lm
        self.config = lm.model.config
        self.device = lm.device

    def __call__(self, input_ids: Tensor) -> _Output:
        """Logits [B, T, V]; padding is on the right, where no token looks."""
        logits = self.lm.model(
            input_ids, attention_mask=torch.ones_like(input_ids)
        ).logits
        return _Output(logits.to(self.device))


@dataclass(frozen=True)
class _Output:
    logits: Tensor


def _harness(lm: ClozeLM, batch_size: int):
    """The model as the library asks it."""
    from lm_eval.models.huggingface import HFLM

    class Harness(HFLM):
        def _loglikelihood_tokens(self, requests, *_args, **_kwargs):
            for (prompt, _), before, answer in requests:
                # The last token is predicted, not read.
                tokens = len(before) + len(answer) - 1
                where = f"the prompt {prompt[:80]!r}…"
                lm.check_length(tokens, where, "leave the task out")
            return super()._loglikelihood_tokens(requests, disable_tqdm=True)

        def get_model_info(self) -> dict:
            """Nothing: the library would ask the hub about the model."""
            return {}

    return Harness(
        _InMemory(lm),
        backend="causal",
        # The library gives a tokenizer without padding one; ours stays as it is.
        tokenizer=copy.deepcopy(lm.tokenizer),
        batch_size=batch_size,
        max_length=lm.max_length,
    )


def _answer(sample: Mapping[str, Any]) -> tuple[int, int, int, bool]:
    """Unit, label, prediction and correct of one of the library's samples."""
    prediction = int(np.argmax([score for score, _ in sample["filtered_resps"]]))
    label = sample["target"]
    if isinstance(label, str):  # the answer itself, not its number
        answers = [answer.strip() for _, answer in sample["arguments"]]
        label = answers.index(label.strip())
    # Several answers may be right (ReCoRD): then the library's exact match counts.
    correct = sample.get("em", prediction == label)
    return sample["doc_id"], int(label), prediction, bool(correct)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the library's progress bars and its remarks on models in memory back."""
    logger = logging.getLogger("lm_eval")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with redirect_stderr(io.StringIO()):
            yield
    finally:
        logger.setLevel(level)
