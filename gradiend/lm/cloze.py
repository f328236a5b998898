"""ClozeLM: cloze rows in, logits and losses *at the slots* out.

The only place that tells masked from causal language models. How a batch is computed
is in :mod:`gradiend.lm.running`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from gradiend.devices import device_here, dtype_of
from gradiend.errors import InputError
from gradiend.lm import reach
from gradiend.lm.batches import Batch, Inputs, by_length, targets_of
from gradiend.lm.checks import check_slots, check_targets, check_tokenizer
from gradiend.lm.covering import covered_parameters
from gradiend.lm.head import HeadChange
from gradiend.lm.loading import load_checkpoint, prepared
from gradiend.lm.packing import (
    Layout,
    own_attention,
    packed_layout,
    padded_layout,
    place,
)
from gradiend.lm.running import slot_logits
from gradiend.lm.tokens import EncodedRow, encode_rows, fill_slots, padding_token
from gradiend.lm.ways import Ways
from gradiend.reading import row_name


@dataclass(frozen=True)
class ClozeLM:
    """A language model of transformers that answers cloze rows.

    :meth:`from_pretrained` and :meth:`wrap` try out which quick ways give its numbers;
    made directly, it takes ``ways`` unseen.

    Parameters
    ----------
    model, tokenizer
        A masked or causal LM, :func:`prepared`, and its fast tokenizer.
    causal
        Whether the model predicts from the left context only.
    name
        Folder or hub name, as messages and results show it.
    prefix
        Text before every row (see :meth:`in_chat`).
    autocast
        Compute matrix products in bfloat16, whatever the weights are (forward-mode
        derivatives excepted).
    checkpointing
        Keep the activations of layers' inputs only and compute the others again in a
        backward pass: a third more time, a fraction of the memory.
    says
        What is done to the logits before anybody sees them.
    ways
        Which quick ways to its numbers may be taken.
    """

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    causal: bool
    name: str
    prefix: str = field(default="", repr=False)
    autocast: bool = False
    checkpointing: bool = False
    says: HeadChange | None = field(default=None, repr=False)
    ways: Ways = field(default=Ways(), repr=False)

    @classmethod
    def from_pretrained(
        cls,
        name: str | Path,
        *,
        device: str | torch.device = "cpu",
        dtype: str | torch.dtype = "float32",
        revision: str | None = None,
        device_map: str | dict | None = None,
        autocast: bool = False,
        checkpointing: bool = False,
    ) -> ClozeLM:
        """Load a masked or causal LM, on a ``device`` or the best there is (auto).

        ``dtype`` "auto" is the checkpoint's own.

        Raises
        ------
        InputError
            if the name, device or dtype is unknown, the checkpoint has no LM head, its
            tokenizer does not fit, or :func:`gradiend.lm.selfcheck.checked` refuses it.
        """
        name, place = str(name), device_here(device)
        model, tokenizer, causal = load_checkpoint(
            name, dtype=dtype_of(dtype), revision=revision, device_map=device_map
        )
        if device_map is None:
            model.to(place)
        check_tokenizer(model, tokenizer, name)
        lm = cls.wrap(model, tokenizer, causal=causal, name=name)
        return dataclasses.replace(lm, autocast=autocast, checkpointing=checkpointing)

    @classmethod
    def wrap(
        cls,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        *,
        causal: bool,
        name: str,
    ) -> ClozeLM:
        """Use a model that is in memory, checked as a loaded one is.

        It stays :func:`prepared`: in evaluation mode, without gradients of its
        parameters and with ``config.use_cache`` off.

        Raises
        ------
        InputError
            if the tokenizer does not fit, or ``checked`` refuses it (as above).
        """
        from gradiend.lm.selfcheck import checked  # here: it asks a ClozeLM

        check_slots(tokenizer, name, causal=causal)
        return checked(cls(prepared(model), tokenizer, causal, name))

    @property
    def device(self) -> torch.device:
        """Where inputs go (the device of the input embeddings)."""
        return self.model.get_input_embeddings().weight.device

    @cached_property
    def covered(self) -> dict[str, nn.Parameter]:
        """The parameters W that GRADIEND covers: all but prediction head and pooler.

        Input embeddings are covered, whether or not the head shares them (paper,
        Sec. 3). Keys are names in ``model.named_parameters()``; see
        :func:`gradiend.lm.covering.covered_parameters`.
        """
        return covered_parameters(self.model)

    def in_chat(self, instruction: str) -> ClozeLM:
        """The same model, every row an assistant's answer to ``instruction``."""
        if not self.tokenizer.chat_template:
            raise InputError(f"the tokenizer of {self.name!r} has no chat template")
        prefix = self.tokenizer.apply_chat_template(
            [{"role": "user", "content": instruction}],
            tokenize=False,
            add_generation_prompt=True,
        )
        return dataclasses.replace(self, prefix=prefix)

    def encode(self, table: pd.DataFrame) -> list[EncodedRow]:
        """Tokenize the rows of a cloze table (once; batches are made from these).

        Raises
        ------
        InputError
            for a row longer than the model reads, which it names (``row_name``).
        """
        rows = self._encoded(table)
        for row, number, text in zip(rows, table.index, table["masked"], strict=True):
            where = row_name(table, number)
            self.check_length(
                row.length, f"{where}: {text[:80]!r}…", "shorten the text"
            )
        return rows

    def _encoded(self, table: pd.DataFrame) -> list[EncodedRow]:
        return encode_rows(
            self.tokenizer,
            table["masked"].tolist(),
            table["factual"].tolist(),
            table["counterfactual"].tolist(),
            causal=self.causal,
            prefix=self.prefix,
        )

    def check_length(self, tokens: int, where: str, remedy: str) -> None:
        """Refuse a sequence longer than the model reads; ``where`` names it."""
        if tokens > self.max_length:
            raise InputError(
                f"{tokens} tokens, more than the {self.max_length} that {self.name!r} "
                f"reads, in {where}; {remedy}"
            )

    def readable(self, table: pd.DataFrame) -> pd.DataFrame:
        """Rows of a cloze table that are not longer than the model reads."""
        rows = self._encoded(table)
        return table[[row.length <= self.max_length for row in rows]]

    def check_targets(self, table: pd.DataFrame, *, max_tokens: int = 3) -> None:
        """See :func:`gradiend.lm.checks.check_targets`."""
        words = pd.unique(table[["factual", "counterfactual"]].to_numpy().ravel())
        pieces = dict(zip(words, self.token_ids(list(words)), strict=True))
        check_targets(self, table, pieces, max_tokens=max_tokens)

    @cached_property
    def max_length(self) -> int:
        """Tokens the model can read."""
        return reach.max_length(self.model)

    @cached_property
    def first_position(self) -> int:
        """The position of a first token."""
        return reach.first_position(self.model)

    @cached_property
    def reach(self) -> int:
        """See :func:`gradiend.lm.reach.reach`."""
        return reach.reach(self.model)

    def usable(self, table: pd.DataFrame) -> pd.DataFrame:
        """Rows this model can answer: a causal LM needs text before the slot."""
        if not self.causal:
            return table
        before = table["masked"].str.split("[MASK]", n=1, regex=False).str[0]
        return table[before.str.strip() != ""]

    def token_ids(
        self, words: Sequence[str], *, context: str = "a [MASK]."
    ) -> list[tuple[int, ...]]:
        """Token ids (a tuple a word) of words standing in the slot of ``context``."""
        filled = fill_slots(self.tokenizer, [context] * len(words), words)
        return [tuple(item.ids[p] for p in item.spans[0]) for item in filled]

    def batch(self, rows: Sequence[EncodedRow], *, packed: bool = False) -> Batch:
        """Pad rows to the longest of them, or pack them side by side.

        Packing (:mod:`gradiend.lm.packing`) is for rows of different lengths.
        """
        sequences = [sequence for row in rows for sequence in row.sequences]
        lengths = [len(sequence) for sequence in sequences]
        beside = packed and self.ways.packed and max(lengths) <= self.reach
        layout = (packed_layout if beside else padded_layout)(lengths)
        return Batch(
            **targets_of(rows, layout, self.device),
            rows=len(rows),
            **self._lines(sequences, layout),
        )

    def batches(
        self, rows: Sequence[EncodedRow], *, batch_size: int
    ) -> Iterator[tuple[list[int], Batch]]:
        """Batches of rows of like length, with the indices of their rows."""
        for indices in by_length([row.length for row in rows], batch_size):
            yield indices, self.batch([rows[index] for index in indices])

    def inputs(
        self, sequences: Sequence[Sequence[int]], slots: Sequence[tuple[int, int]] = ()
    ) -> Inputs:
        """Right-padded sequences, asked at each (sequence, position) of ``slots``."""
        layout = padded_layout([len(sequence) for sequence in sequences])
        places = torch.tensor(list(slots), device=self.device)
        return Inputs(slots=places, **self._lines(sequences, layout))

    def _lines(self, sequences: Sequence[Sequence[int]], layout: Layout) -> dict:
        """Inputs of a batch: padded, or packed with a position and mask of each."""
        fill = padding_token(self.tokenizer, self.model)
        ids, positions = place(layout, sequences, fill=fill)
        parts = {"input_ids": ids, "attention_mask": (positions >= 0).long()}
        if layout.lines < len(sequences):
            parts["attention_mask"] = own_attention(
                positions, causal=self.causal, dtype=self.model.dtype
            )
            parts["position_ids"] = positions.clamp(min=0) + self.first_position
        return {name: tensor.to(self.device) for name, tensor in parts.items()}

    def logits(
        self, inputs: Inputs, parameters: dict[str, Tensor] | None = None
    ) -> Tensor:
        """Logits [S, V], in float32 at least, at the slots, and nowhere else.

        ``parameters`` stand in for the model's own of the same names (functional
        call), which is how forward mode differentiates along a direction.
        """
        if self.says is not None:
            plain = dataclasses.replace(self, says=None)
            logits = plain.logits(inputs, parameters)
            return self.says(plain, inputs, logits, parameters)
        # Forward mode has no rules for autocast's changes of type.
        lower = self.autocast and parameters is None
        with torch.autocast(self.device.type, torch.bfloat16, enabled=lower):
            logits = slot_logits(self, inputs, parameters)
        return logits if logits.dtype == torch.float64 else logits.float()

    def log_probabilities(self, inputs: Inputs) -> Tensor:
        """Log-probabilities [S, V] at the slots."""
        return functional.log_softmax(self.logits(inputs), dim=-1)
