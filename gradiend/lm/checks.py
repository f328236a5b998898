"""What a model's tokenizer cannot do well is refused before anything is computed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pandas as pd

from gradiend.errors import InputError

if TYPE_CHECKING:
    from gradiend.lm.cloze import ClozeLM


def check_targets(
    lm: ClozeLM,
    table: pd.DataFrame,
    pieces: Mapping[str, tuple[int, ...]],
    *,
    max_tokens: int,
) -> None:
    """Refuse targets the tokenizer splits into more than ``max_tokens`` pieces.

    A word in many pieces is a word the model hardly knows; its gradient says more about
    spelling than about the feature. ``pieces`` are the token ids of every target.
    """
    for column in ("factual", "counterfactual"):
        for row, word in enumerate(table[column], start=2):
            if len(pieces[word]) > max_tokens:
                split = lm.tokenizer.convert_ids_to_tokens(list(pieces[word]))
                raise InputError(
                    f"row {row}: the tokenizer of {lm.name!r} splits "
                    f"{column} {word!r} into {len(split)} tokens ({' '.join(split)}); "
                    "use a word it knows, or raise max_tokens"
                )
