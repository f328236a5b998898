"""Notebooks under nbval as a reader opens them, in JupyterLab or an editor.

A plugin of pytest (``-p tests.by_hand``): each notebook runs in the kernel that it
names, in its own folder, without what ``run_all.sh`` sets for its steps. (Threads are
as pytest has them: workers of pytest share the cores, and that is not the reader's.)
Numbers are compared in the tables of notebooks that draw from committed source data.
Progress bars are let pass. Whatever else a cell writes and is not stored with it, a
warning for one, is a difference for nbval, and an error is one anyway.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from jupyter_client.kernelspec import KernelSpecManager
from nbformat import NotebookNode

from study.results.files import INDEXES
from study.run.notebooks import KERNEL

# What the entrance, its test command and the notebook runner set, threads apart.
ENTRANCE = (
    "PYTHONPATH",
    "PYTHONHASHSEED",
    "GLIBC_TUNABLES",
    "TQDM_DISABLE",
    "HF_HUB_DISABLE_PROGRESS_BARS",
)
# nbval waits 5 s for the last output once a cell is done; a loaded machine takes more.
_PATIENCE = 120
_WIDGET = "application/vnd.jupyter.widget-view+json"
_BAR = re.compile(r"\d+%\||\d+it \[")


def pytest_configure(config: pytest.Config) -> None:
    """Where this environment has no kernel of that name, its plain one serves."""
    if not has_kernel():
        config.option.nbval_current_env = True


def pytest_itemcollected(item: pytest.Item) -> None:
    """Outputs are waited for, and compared without the bars among them."""
    if _is_notebook(item):
        item.output_timeout = _PATIENCE
        item.compare_outputs = partial(_compared, item.compare_outputs)
        if item.path.stem in INDEXES:
            item.sanitize = partial(sanitized, item.sanitize)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    """A kernel, which starts with a notebook's first cell, inherits nothing of ours."""
    if not _is_notebook(item):
        return (yield)
    with readers_environment():
        return (yield)


@contextmanager
def readers_environment() -> Iterator[None]:
    """The environment without the entrance's variables."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ENTRANCE:
            patch.delenv(name, raising=False)
        yield


def has_kernel() -> bool:
    """Whether the notebooks' kernel is installed in this environment."""
    found = KernelSpecManager().find_kernel_specs().get(KERNEL)
    return found is not None and Path(found).is_relative_to(sys.prefix)


def is_bar(output: NotebookNode) -> bool:
    """Whether an output is a progress bar, as a widget or as text."""
    if output["output_type"] == "stream":
        lines = re.split(r"[\r\n]+", output["text"])
        return output["name"] == "stderr" and all(
            _BAR.search(line) for line in lines if line.strip()
        )
    data = output.get("data", {})
    return _WIDGET in data and bool(_BAR.search(data.get("text/plain", "")))


def sanitized(sanitize: Callable[[str], str], text: str) -> str:
    """A table as it is, since its numbers are rounded; all else without its numbers."""
    return text if isinstance(text, str) and "<table" in text else sanitize(text)


def _compared(compare, test: list[NotebookNode], *rest) -> bool:
    return compare([output for output in test if not is_bar(output)], *rest)


def _is_notebook(item: pytest.Item) -> bool:
    return item.path.suffix == ".ipynb"
