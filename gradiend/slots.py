"""The slot of a text, however a file writes it: found, checked, and as ``[MASK]``."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

import pandas as pd

from gradiend.errors import InputError
from gradiend.reading import counted, row_name

SLOT = "[MASK]"
# What may be a slot, and what is one wherever it stands.
_BRACKETS = re.compile(
    r"\[[^\[\]\s]+\]|<[^<>\s]+>|\{+[^{}\s]*\}+"
    r"|(?<!\w)_{2,}(?:[^\W_]+_{2,})?(?!\w)"
)
_PLACEHOLDER = re.compile(r"\[[A-Z_]{2,}\]")


def with_slot(table: pd.DataFrame, slot: str | None, source: str) -> pd.DataFrame:
    """The table with its slot, however it is written, as ``[MASK]``."""
    slot = slot or _slot_of(table["masked"].tolist(), source)
    for index, masked in table["masked"].items():
        check_slot(masked, slot, where=f"{source}, {row_name(table, index)}")
    table["masked"] = table["masked"].str.replace(_alone(slot), SLOT, regex=True)
    return counted(table, f"texts with the slot as {slot}", len(table) * (slot != SLOT))


def check_slot(masked: str, slot: str, *, where: str) -> None:
    """Refuse a text without the slot, or with two spellings of one."""
    if not _alone(slot).search(masked):
        raise InputError(
            f"{where}: no {slot} in {masked!r}; write {slot} where the word goes"
        )
    around = slot[0].isalnum()  # X of [X] is not all of the slot
    slots = {slot}
    for item in _BRACKETS.findall(masked):
        if _is_mask(item) or (around and _alone(slot).search(item)):
            slots.add(item)
    if len(slots) > 1:
        raise InputError(
            f"{where}: two different slots ({', '.join(sorted(slots))}); write every "
            f"slot as {slot}"
        )


def check_placeholders(texts: Iterable[str], source: str) -> None:
    """Refuse what stands in every text as if it were another slot."""
    common = set.intersection(*({*_PLACEHOLDER.findall(text)} for text in texts))
    if common - {SLOT}:
        raise InputError(
            f"{source}: every text also has {', '.join(sorted(common - {SLOT}))}; put "
            "real words there"
        )


def _slot_of(texts: list[str], source: str) -> str:
    """How texts write their slot: as a mask, or what stands in every one of them."""
    counts = Counter(
        item for text in texts for item in dict.fromkeys(_BRACKETS.findall(text))
    )
    masks = [item for item in counts if _is_mask(item)]
    if masks:
        return max(masks, key=lambda item: (counts[item], item == SLOT))
    common = [item for item, count in counts.items() if count == len(texts)]
    if len(common) > 1:
        raise InputError(
            f"{source}: every text has {' and '.join(sorted(common))}; write {SLOT} "
            f"where the word goes, or say which it is (slot={common[0]!r})"
        )
    return common[0] if common else SLOT


def _alone(slot: str) -> re.Pattern:
    """The slot where it stands alone: X of *X said*, not of *Xavier said*."""
    before = r"(?<![^\W_])" if slot[0].isalnum() else ""
    after = r"(?![^\W_])" if slot[-1].isalnum() else ""
    return re.compile(before + re.escape(slot) + after)


def _is_mask(item: str) -> bool:
    return item.strip("[]<>{}|_").casefold() == "mask"
