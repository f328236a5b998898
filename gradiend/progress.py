"""A progress bar for long loops, when a person is watching."""

from __future__ import annotations

import os
from collections.abc import Callable

from tqdm.auto import tqdm


def bar(title: str) -> Callable[[int, int], None]:
    """A ``progress(done, total)`` callback that draws a bar.

    Silent where the environment sets ``TQDM_DISABLE``, as unattended runs do.
    """
    shown: list[tqdm] = []
    if os.environ.get("TQDM_DISABLE"):
        return lambda _done, _total: None

    def progress(done: int, total: int) -> None:
        if not shown or shown[0].total != total or done < shown[0].n:
            shown[:] = [tqdm(total=total, desc=title, leave=False)]
        shown[0].update(done - shown[0].n)
        if done == total:
            shown.pop().close()

    return progress
