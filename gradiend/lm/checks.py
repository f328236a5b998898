"""What a model's tokenizer cannot do well is refused before anything is computed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import pandas as pd
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from gradiend.errors import InputError, need_columns
from gradiend.reading import row_name

if TYPE_CHECKING:
    from gradiend.lm.cloze import ClozeLM
    from gradiend.lm.tokens import EncodedRow

_ASKED = ("masked", "factual", "counterfactual")


def check_targets(
    lm: ClozeLM,
    table: pd.DataFrame,
    pieces: Mapping[str, tuple[int, ...]],
    *,
    max_tokens: int,
) -> None:
    """Refuse targets that the tokenizer does not tell apart or hardly knows.

    A word in more than ``max_tokens`` pieces is a word the model hardly knows; its
    gradient says more about spelling than about the feature. ``pieces`` are the token
    ids of every target.
    """
    unknown = lm.tokenizer.unk_token_id
    for column in ("factual", "counterfactual"):
        for index, word in table[column].items():
            where = f"{row_name(table, index)}: the tokenizer of {lm.name!r}"
            if len(pieces[word]) > max_tokens:
                split = lm.tokenizer.convert_ids_to_tokens(list(pieces[word]))
                raise InputError(
                    f"{where} splits {column} {word!r} into {len(split)} tokens "
                    f"({' '.join(split)}); use a word it knows, or raise max_tokens"
                )
            if unknown in pieces[word]:
                part = "" if len(pieces[word]) == 1 else "all of "
                raise InputError(
                    f"{where} does not know {part}{column} {word!r}; use a word it "
                    "knows"
                )
    pairs = zip(table.index, table["factual"], table["counterfactual"], strict=True)
    for index, factual, counterfactual in pairs:
        if pieces[factual] == pieces[counterfactual]:
            raise InputError(
                f"{row_name(table, index)}: to the tokenizer of {lm.name!r} "
                f"{factual!r} and {counterfactual!r} are the same; use words that it "
                "tells apart"
            )


def known_rows(lm: ClozeLM, table: pd.DataFrame) -> list[EncodedRow]:
    """The encoded rows of a cloze table; refuses a word that is not known.

    Rows of no class (label 0) may ask for any word.
    """
    need_columns(table.columns, _ASKED, "the rows", "read_cloze_table gives them all")
    rows = lm.encode(table)
    labels = table["label"] if "label" in table else [1] * len(rows)
    asked = [
        (row, row_name(table, index))
        for row, index, label in zip(rows, table.index, labels, strict=True)
        if label != 0
    ]
    check_known(lm, asked)
    return rows


def check_known(lm: ClozeLM, rows: Iterable[tuple[EncodedRow, str]]) -> None:
    """Refuse encoded rows, each with its name, one of whose targets is not known."""
    unknown = lm.tokenizer.unk_token_id
    for row, name in rows:
        for column in ("factual", "counterfactual"):
            tokens = getattr(row, column).tokens
            if unknown in tokens:
                said = " ".join(lm.tokenizer.convert_ids_to_tokens(list(tokens)))
                raise InputError(
                    f"{name}: the tokenizer of {lm.name!r} reads {said!r} for the "
                    f"{column} word, which it does not know; use a word it knows"
                )


def check_tokenizer(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, name: str
) -> None:
    """Refuse a tokenizer that is not the model's.

    That is one that lacks most of what the model reads (where a folder has no
    tokenizer's files, transformers makes one up that knows next to nothing), or that
    has words which the model has no embeddings of. Tokens added to it do no harm there,
    as long as it is not the mask.
    """
    try:
        rows = model.get_input_embeddings().weight.shape[0]
    except (AttributeError, NotImplementedError) as error:
        raise InputError(
            f"model {name!r} (family {model.config.model_type}) has no table of input "
            "embeddings; take a model of another family"
        ) from error
    if 2 * len(tokenizer) < rows:
        raise InputError(
            f"the tokenizer of {name!r} knows {len(tokenizer)} of the model's {rows} "
            "tokens; put the files of the model's own tokenizer (tokenizer.json) "
            "beside its weights"
        )
    added = {*tokenizer.get_added_vocab().values()} - {tokenizer.mask_token_id}
    largest = max({*tokenizer.get_vocab().values()} - added, default=-1)
    if largest >= rows:
        raise InputError(
            f"the tokenizer of {name!r} has {largest + 1} tokens and the model "
            f"embeddings of {rows}; put the files of the model's own tokenizer "
            "(tokenizer.json) beside its weights"
        )


def check_slots(tokenizer: PreTrainedTokenizerBase, name: str, *, causal: bool) -> None:
    """Refuse a tokenizer with which a slot is not found or not filled with masks."""
    if not tokenizer.is_fast:
        raise InputError(
            f"the tokenizer of {name!r} reports no character offsets; use a model "
            "with a fast tokenizer (tokenizer.json)"
        )
    if not causal and tokenizer.mask_token_id is None:
        raise InputError(f"the tokenizer of {name!r} has no mask token")
