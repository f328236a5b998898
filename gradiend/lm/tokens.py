"""From cloze rows to token ids: the only code that knows how tokenizers cut words.

A row is turned into token sequences by tokenizing the *finished* sentence, with the
target in its slot, and finding the target's tokens by their character offsets. The
leading space of byte-level BPE, WordPiece pieces and targets of several sub-tokens
need no special case that way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from transformers import PreTrainedModel, PreTrainedTokenizerBase

from gradiend.data import SLOT
from gradiend.errors import InputError


@dataclass(frozen=True)
class Target:
    """Where the tokens of a target are predicted, and which they are."""

    sequence: int  # index into the row's sequences
    positions: tuple[int, ...]
    tokens: tuple[int, ...]
    first: int | None = None  # how many of them are of the first slot; None: all

    def first_slot(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Positions and tokens of the first slot alone."""
        return self.positions[: self.first], self.tokens[: self.first]


@dataclass(frozen=True)
class EncodedRow:
    """Token sequences of one cloze row and its two targets in them.

    The factual and the counterfactual target share one sequence unless they are cut
    into different numbers of sub-tokens.
    """

    sequences: tuple[tuple[int, ...], ...]
    factual: Target
    counterfactual: Target

    @property
    def length(self) -> int:
        """Tokens of the longest sequence."""
        return max(map(len, self.sequences))


@dataclass(frozen=True)
class _Filled:
    """A tokenized sentence with its target(s) in place: ids and target positions."""

    ids: list[int]
    spans: list[list[int]]  # token positions of the target, one list a slot


def encode_rows(
    tokenizer: PreTrainedTokenizerBase,
    masked: Sequence[str],
    factual: Sequence[str],
    counterfactual: Sequence[str],
    *,
    causal: bool,
    prefix: str = "",
) -> list[EncodedRow]:
    """Encode cloze rows.

    Parameters
    ----------
    causal
        True: the sequence is the text up to the first slot and the target is the next
        token(s). False: the slots hold mask tokens, as many as the target has.
    prefix
        Text put before every row (a rendered chat turn); it brings its own special
        tokens.

    Raises
    ------
    InputError
        naming the text that has no slot, whose target cannot be told from its
        neighbours, or that has nothing before its slot (causal).
    """
    filled = fill_slots(
        tokenizer, [*masked, *masked], [*factual, *counterfactual], prefix=prefix
    )
    count = len(masked)
    rows = []
    for index in range(count):
        pair = filled[index], filled[index + count]
        if causal:
            rows.append(_causal_row(*pair, text=masked[index]))
        else:
            rows.append(_masked_row(*pair, mask=tokenizer.mask_token_id))
    return rows


def fill_slots(
    tokenizer: PreTrainedTokenizerBase,
    masked: Sequence[str],
    targets: Sequence[str],
    *,
    prefix: str = "",
) -> list[_Filled]:
    """Tokenize each text with its target in the slot(s) and locate the target."""
    texts, spans = [], []
    for text, target in zip(masked, targets, strict=True):
        pieces = text.split(SLOT)
        if len(pieces) == 1:
            raise InputError(f"no {SLOT} in {text!r}; write it where the word goes")
        starts, at = [], len(prefix)
        for piece in pieces[:-1]:
            at += len(piece)
            starts.append(at)
            at += len(target)
        texts.append(prefix + target.join(pieces))
        spans.append([(start, start + len(target)) for start in starts])
    if not texts:
        return []
    encoding = tokenizer(
        texts,
        add_special_tokens=not prefix,
        return_offsets_mapping=True,
        return_attention_mask=False,
        verbose=False,
    )
    return [
        _Filled(list(ids), [_locate(offsets, span, text) for span in slots])
        for ids, offsets, slots, text in zip(
            encoding["input_ids"], encoding["offset_mapping"], spans, texts, strict=True
        )
    ]


def padding_token(tokenizer: PreTrainedTokenizerBase, model: PreTrainedModel) -> int:
    """What fills a line behind its sequence: one that the model has an embedding of."""
    token = tokenizer.pad_token_id or 0
    return token if token < model.get_input_embeddings().weight.shape[0] else 0


def _locate(
    offsets: Sequence[tuple[int, int]], span: tuple[int, int], text: str
) -> list[int]:
    """Positions of the tokens that cover the characters ``span`` of ``text``."""
    start, end = span
    inside = [
        position
        for position, (first, last) in enumerate(offsets)
        if first < end and last > start and text[first:last].strip()
    ]
    if not inside:
        raise InputError(
            f"the tokenizer has no token for {text[start:end]!r} in {text!r}; "
            "use another word"
        )
    before = text[offsets[inside[0]][0] : start].strip()
    after = text[end : offsets[inside[-1]][1]].strip()
    if before or after:
        raise InputError(
            f"{text[start:end]!r} shares a token with its neighbours in {text!r}; "
            "put a space around the slot"
        )
    # All between them: of two words, a space that is a token of its own, too.
    inside = list(range(inside[0], inside[-1] + 1))
    return _with_its_space(inside, offsets, start, text)


def _with_its_space(
    inside: list[int], offsets: Sequence[tuple[int, int]], start: int, text: str
) -> list[int]:
    """The token of the space before a word with it, where that is one of its own.

    Most words have their space in their first token, but digits and letters that a
    tokenizer hardly knows have not: P of such a word is that of space and word, too.
    """
    first, end = offsets[inside[0] - 1] if inside[0] else (0, 0)
    alone = end == start == offsets[inside[0]][0] and not text[first:end].strip()
    spaced = text[start - 1 : start] == " " and start - first <= 1
    return [inside[0] - 1, *inside] if alone and spaced else inside


def _masked_row(factual: _Filled, counterfactual: _Filled, *, mask: int) -> EncodedRow:
    sequences: list[tuple[int, ...]] = []
    targets = []
    for side in (factual, counterfactual):
        positions = tuple(p for span in side.spans for p in span)
        ids = list(side.ids)
        for position in positions:
            ids[position] = mask
        if tuple(ids) not in sequences:
            sequences.append(tuple(ids))
        tokens = tuple(side.ids[position] for position in positions)
        place, first = sequences.index(tuple(ids)), len(side.spans[0])
        targets.append(Target(place, positions, tokens, first))
    return EncodedRow(tuple(sequences), *targets)


def _causal_row(factual: _Filled, counterfactual: _Filled, *, text: str) -> EncodedRow:
    inputs, targets = [], []
    for side in (factual, counterfactual):
        span = side.spans[0]
        if span[0] == 0:
            raise InputError(
                f"nothing stands before the slot of {text!r}, so a causal model has "
                "nothing to predict it from; move the slot back in the sentence"
            )
        inputs.append(tuple(side.ids[: span[-1]]))
        positions = tuple(position - 1 for position in span)
        targets.append((positions, tuple(side.ids[position] for position in span)))
    # A sequence that begins another one is contained in it: what follows a position
    # does not change what a causal model predicts there.
    longest = max(inputs, key=len)
    shared = all(longest[: len(ids)] == ids for ids in inputs)
    sequences = (longest,) if shared else tuple(inputs)
    places = (0, 0) if shared else (0, 1)
    return EncodedRow(
        sequences, *(Target(p, *t) for p, t in zip(places, targets, strict=True))
    )
