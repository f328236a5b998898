"""Zero-shot answers of causal models to GLUE and SuperGLUE, by the library lm-eval.

A task is a prompt and some answers; the model's is the one whose tokens are likeliest
after the prompt. :data:`TASKS` are the library's own, asked of the examples in a folder
of public files; ``include`` names a folder of task files instead, such as the world's.
That has no ``cola``: whether a sentence is one of the language is no question its
corpus asks, and a likelihood alone has no threshold without examples.
"""

from __future__ import annotations

import copy
import io
import logging
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from gradiend.errors import InputError, check_choice, first_line
from gradiend.files import read_table
from gradiend.lm.cloze import ClozeLM

# Our names, and the library's files (mnli: the matched part; its ReCoRD needs a module
# that transformers 5 no longer has).
TASKS = {
    **{
        name: f"glue/{name}"
        for name in ("cola", "sst2", "mrpc", "qqp", "mnli", "qnli", "rte", "wnli")
    },
    **{
        name: f"super_glue/{name}"
        for name in ("boolq", "cb", "copa", "multirc", "wic", "wsc")
    },
    "superglue_rte": "super_glue/rte",
}
_VALIDATION = {"mnli": "validation_matched"}
_TASK_FILE = """\
include: {library}/default.yaml
task: {name}
custom_dataset: !function study.comparison.benchmarks.zero_shot.examples
dataset_kwargs: {{file: {file}}}
training_split: null
test_split: null
validation_split: validation
"""
# A task file that names this metric asks for the likeliest answer by its character: of
# answers of different lengths the shortest is else the likeliest.
_NORMALISED = "acc_norm"
_LOGITS = 1 << 28  # of a forward pass at most: a GiB, of which there are some copies
_COLUMNS = ("task", "unit", "label", "prediction", "correct")


def zero_shot(
    lm: ClozeLM,
    tasks: Sequence[str],
    *,
    data: str | Path,
    include: str | Path | None = None,
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
        The folder of the examples: of the files that those name (:func:`examples`), or
        of ``<task>_validation.parquet``.
    chat
        Whether the tokenizer's chat template is applied: ``doc_to_text`` of the task
        file is the user's turn, ``gen_prefix`` begins the assistant's.
    limit
        Take the first ``limit`` examples of each task (all: None).
    batch_size
        Sequences a forward pass; fewer where their logits would take a GiB.

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
    with _quiet(), _task_files(tasks, include) as folder:
        manager = _manager(folder, data)
        loaded = {task: _load(manager, task) for task in tasks}
        samples = _samples(_harness(lm, batch_size), loaded, chat=chat, limit=limit)
    rows = [(task, *_answer(sample)) for task in loaded for sample in samples[task]]
    return pd.DataFrame(rows, columns=_COLUMNS)


def _samples(model, tasks: Mapping, *, chat: bool, limit: int | None) -> Mapping:
    """The library's record of every example, by task."""
    # Imported here: it takes seconds, and few steps need it.
    import lm_eval

    # Not its simple_evaluate, which lists all installed packages in each result.
    found = lm_eval.evaluate(
        model,
        {"tasks": tasks, "groups": {}, "group_map": {}},
        limit=limit,
        apply_chat_template=chat,
        log_samples=True,
        # Intervals are made from the rows, and nothing here is drawn.
        bootstrap_iters=0,
    )
    return found["samples"]


def examples(*, file: str, data: str, **_: Any) -> Mapping[str, Any]:
    """The validation split of a task file: ``dataset_kwargs: {file: NAME}``.

    lm-eval calls this for files with ``custom_dataset`` and passes the folder on.
    """
    from datasets import Dataset

    path = Path(data) / file
    if path.suffix == ".parquet":
        return {"validation": Dataset.from_parquet(str(path), keep_in_memory=True)}
    # In memory, so that nothing lands in the cache of datasets.
    return {"validation": Dataset.from_pandas(read_table(path), preserve_index=False)}


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


@contextmanager
def _task_files(tasks: Sequence[str], include: str | Path | None) -> Iterator[Path]:
    """A folder with the tasks' files: ``include``, or the library's on our examples."""
    if include is not None:
        if not Path(include).is_dir():
            raise InputError(f"{include}: no folder of task files is there")
        yield Path(include)
        return
    import lm_eval.tasks

    library = Path(lm_eval.tasks.__file__).parent
    with tempfile.TemporaryDirectory() as folder:
        for name in tasks:
            check_choice(name, TASKS, "zero-shot task")
            split = _VALIDATION.get(name, "validation")
            text = _TASK_FILE.format(
                library=library / TASKS[name],
                name=name,
                file=f"{name}_{split}.parquet",
            )
            (Path(folder) / f"{name}.yaml").write_text(text, encoding="utf-8")
        yield Path(folder)


def _manager(folder: Path, data: str | Path):
    """Index of the task files of a folder (all of the library's: 20 seconds)."""
    import lm_eval.tasks

    return lm_eval.tasks.TaskManager(
        include_path=folder, include_defaults=False, metadata={"data": str(data)}
    )


def _load(manager, task: str):
    """A task of the library with its examples."""
    check_choice(task, manager.all_subtasks, "zero-shot task")
    try:
        (loaded,) = manager.load([task])["tasks"].values()
    except (ImportError, OSError) as error:  # of its code, of its data
        raise InputError(
            f"zero-shot task {task!r} cannot be loaded ({first_line(error)}); leave it "
            "out"
        ) from error
    if loaded.get_config("num_fewshot") is None:
        loaded.set_config(key="num_fewshot", value=0)
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

    batch_size = batch_size if lm.ways.padded else 1

    class Harness(HFLM):
        def _loglikelihood_tokens(self, requests, *_args, **_kwargs):
            for (prompt, _), before, answer in requests:
                # The last token is predicted, not read.
                tokens = len(before) + len(answer) - 1
                where = f"the prompt {prompt[:80]!r}…"
                lm.check_length(tokens, where, "leave the task out")
            lengths = (len(before) + len(answer) for _, before, answer in requests)
            longest = max(lengths, default=1)
            # The library computes and keeps the logits of all words at all tokens.
            fitting = _LOGITS // (longest * lm.model.config.vocab_size)
            self.batch_size_per_gpu = max(1, min(batch_size, fitting))
            return super()._loglikelihood_tokens(requests, disable_tqdm=True)

    return Harness(
        _InMemory(lm),
        backend="causal",
        # The library gives a tokenizer without padding one; ours stays as it is.
        tokenizer=copy.deepcopy(lm.tokenizer),
        batch_size=batch_size,
        max_length=lm.max_length,
    )


def _answer(sample: Mapping[str, Any]) -> tuple[str, int, int, bool]:
    """Unit, label, prediction and correct of one of the library's samples."""
    scores = np.array([score for score, _ in sample["filtered_resps"]])
    if _NORMALISED in sample:
        scores /= [len(answer.strip()) for _, answer in sample["arguments"]]
    prediction, label = int(np.argmax(scores)), sample["target"]
    if isinstance(label, str):  # the answer itself, not its number
        answers = [answer.strip() for _, answer in sample["arguments"]]
        label = answers.index(label.strip())
    return _unit(sample), int(label), prediction, prediction == int(label)


def _unit(sample: Mapping[str, Any]) -> str:
    """What belongs together: the example, or (MultiRC) the question of its answers."""
    index = sample["doc"].get("idx")
    if isinstance(index, Mapping):
        return "-".join(str(index[key]) for key in ("paragraph", "question"))
    return str(sample["doc_id"])


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
