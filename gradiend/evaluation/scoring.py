"""What a (rewritten) model says: class probabilities at a slot, and how well it models.

Every scorer tokenizes its texts once, when it is made, and is then called on the model
in whatever state it is: once per candidate of a grid.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torch.nn import functional

from gradiend.data import SLOT
from gradiend.errors import InputError
from gradiend.evaluation.long_words import Ids, LongWord, LongWords, distinct
from gradiend.files import digest
from gradiend.lm.batches import Inputs
from gradiend.lm.cloze import ClozeLM
from gradiend.lm.tokens import EncodedRow
from gradiend.lm.trees import Questions, questions
from gradiend.reading import given_texts

_DUMMY = "a"  # what stands in the slot of a text whose target does not matter


class ClassProbabilities:
    """P(class) at the slot of each text: a weighted sum over the class's words.

    Parameters
    ----------
    texts
        Texts with a slot; all words of all classes compete in it. A word is cut into
        tokens as it is cut *there*: after a space, a bracket, or where a text begins.
        Of several slots the first is asked, the others hold masks (masked) or are not
        read (causal).
    words
        For each class, its words and their weights: 1 for the terms of a class, or
        prob_F / prob_M of a name (paper, Sec. 4). Words of one token are read off one
        distribution; one of several has the product of its tokens' probabilities, for
        which a causal model reads the text before the slot once for all words, and a
        masked one as many masks as there are tokens.
    single_tokens
        Leave words of several tokens out (names: there are thousands).

    Raises
    ------
    InputError
        if there is no text, or no word of one token where ``single_tokens`` asks for
        them.
    """

    def __init__(
        self,
        lm: ClozeLM,
        texts: Sequence[str],
        words: Mapping[str, Mapping[str, float]],
        *,
        single_tokens: bool = False,
        batch_size: int = 64,
    ) -> None:
        texts = given_texts(texts, "texts")
        if not texts:
            raise InputError("no texts to score; give at least one with a slot")
        self.classes = list(words)
        self.count = len(texts)
        self.asked = digest(list(texts), {n: {**w} for n, w in words.items()})
        places: dict[str, list[int]] = {}
        for index, text in enumerate(texts):
            places.setdefault(_context(text), []).append(index)
        self.groups = [
            (
                indices,
                _LikeSlots(
                    lm,
                    [texts[index] for index in indices],
                    words,
                    context=context,
                    single_tokens=single_tokens,
                    batch_size=batch_size,
                ),
            )
            for context, indices in places.items()
        ]

    def __call__(self) -> dict[str, np.ndarray]:
        """P(class) of every text, [texts] for each class."""
        found = np.zeros((self.count, len(self.classes)))
        for indices, group in self.groups:
            found[indices] = group()
        return {name: found[:, i] for i, name in enumerate(self.classes)}


class _LikeSlots:
    """Texts in whose slots a word is cut into the same tokens, as in ``context``."""

    def __init__(
        self,
        lm: ClozeLM,
        texts: Sequence[str],
        words: Mapping[str, Mapping[str, float]],
        *,
        context: str,
        single_tokens: bool,
        batch_size: int,
    ) -> None:
        self.lm, self.batch_size, self.texts = lm, batch_size, texts
        every_word = sorted({word for group in words.values() for word in group})
        cut = lm.token_ids(every_word, context=context)
        tokens = dict(zip(every_word, cut, strict=True))
        single = next((word for word, ids in tokens.items() if len(ids) == 1), None)
        if single_tokens and single is None:
            raise InputError(
                f"no word is a single token for {lm.name!r}, e.g. {every_word[0]!r}; "
                "give words the tokenizer knows"
            )
        groups = [distinct(group, tokens) for group in words.values()]
        self.weights = self._weights(groups)
        self.rows = self._encoded(single or every_word[0])
        self.long = [] if single_tokens else list(self._long_words(groups))
        # Texts first, then each of them with each longer word; at the first slot.
        asked = [(row.sequences[0], row.factual.positions[:1]) for row in self.rows]
        asked += [
            (row.sequences[0], row.factual.first_slot()[0])
            for word in self.long
            for row in word.rows
        ]
        self.batches = [
            (batch, *self._places(batch))
            for batch in questions(lm, asked, batch_size=batch_size)
        ]

    def __call__(self) -> np.ndarray:
        """P(class) of every text, [texts, classes]."""
        found = np.zeros((len(self.rows), self.weights.shape[1]))
        for batch, texts, slots, long in self.batches:
            with torch.no_grad():
                told = self.lm.log_probabilities(batch.inputs(self.lm))
            short = told[slots.to(told.device)].exp().float() @ self.weights
            found[texts] += short.cpu().numpy()
            long.add(found, told)
        return found

    def _places(self, batch: Questions) -> tuple[list[int], Tensor, LongWords]:
        """Texts asked for words of one token, their slots, and the longer words."""
        count, device = len(self.rows), self.lm.device
        texts = [index for index in batch.asked if index < count]
        slots = [batch.asked[index][0] for index in texts]
        longer = [index for index in batch.asked if index >= count]
        asked = [(i % count, self.long[i // count - 1]) for i in longer]
        long = LongWords.of(asked, [batch.asked[i] for i in longer], device)
        return texts, torch.tensor(slots, dtype=torch.long, device=device), long

    def _weights(self, groups: Sequence[Mapping[Ids, tuple[str, float]]]) -> Tensor:
        """[V, classes], of the words of one token."""
        head = self.lm.model.get_output_embeddings()
        size = head.weight.shape[0] if head is not None else len(self.lm.tokenizer)
        weights = torch.zeros(size, len(groups))
        for column, group in enumerate(groups):
            for ids, (_, weight) in group.items():
                if len(ids) == 1:
                    weights[ids[0], column] = weight
        return weights.to(self.lm.device)

    def _long_words(
        self, groups: Sequence[Mapping[Ids, tuple[str, float]]]
    ) -> Iterator[LongWord]:
        for column, group in enumerate(groups):
            for ids, (word, weight) in group.items():
                if len(ids) > 1:
                    yield LongWord(column, weight, self._encoded(word))

    def _encoded(self, word: str) -> list[EncodedRow]:
        return self.lm.encode(_cloze_rows(self.texts, [word] * len(self.texts)))


class LanguageModelling:
    """LMS on neutral texts (paper, Sec. 4): how well the model still models language.

    Masked LM: top-1 accuracy on 15 % of the non-special tokens, masked with ``seed``.
    Causal LM: 1 / (1 + mean negative log-likelihood of the next token, in nats).
    Texts without anything to predict (an empty one; causal, one of a single token) are
    left out.

    Raises
    ------
    InputError
        if no text is left.
    """

    def __init__(
        self,
        lm: ClozeLM,
        texts: Sequence[str],
        *,
        seed: int,
        share: float = 0.15,
        batch_size: int = 64,
    ) -> None:
        texts = given_texts(texts, "texts")
        if not texts:
            raise InputError("no neutral texts for the language-modelling score")
        self.lm, self.batch_size = lm, batch_size
        encoding = lm.tokenizer(
            list(texts),
            return_special_tokens_mask=True,
            truncation=True,
            max_length=lm.max_length,
        )
        generator = np.random.default_rng(seed)
        items = [
            self._item(ids, special, share, generator)
            for ids, special in zip(
                encoding["input_ids"], encoding["special_tokens_mask"], strict=True
            )
        ]
        self.items = sorted(
            (item for item in items if item[1]), key=lambda item: len(item[0])
        )
        if not self.items:
            raise InputError(
                f"no neutral text has a token that {lm.name!r} can predict, e.g. "
                f"{texts[0]!r}; give whole sentences"
            )
        self.asked = digest(self.items)

    def __call__(self) -> float:
        """The score, in (0, 1]."""
        total, count = 0.0, 0
        for inputs, target, _ in self.batches():
            with torch.no_grad():
                logits = self.lm.logits(inputs)
            target = target.to(logits.device)
            if self.lm.causal:
                total += float(functional.cross_entropy(logits, target) * len(target))
            else:
                total += int((logits.argmax(-1) == target).sum())
            count += len(target)
        return 1 / (1 + total / count) if self.lm.causal else total / count

    def batches(self) -> Iterator[tuple[Inputs, Tensor, Tensor]]:
        """What is read, the token that is right at each slot [S], and whose it is [S].

        The texts of a batch, of like length, are numbered from 0.
        """
        for start in range(0, len(self.items), self.batch_size):
            items = self.items[start : start + self.batch_size]
            places = [(i, p) for i, (_, found) in enumerate(items) for p, _ in found]
            tokens = [token for _, found in items for _, token in found]
            inputs = self.lm.inputs([ids for ids, _ in items], places)
            target = torch.tensor(tokens, device=self.lm.device)
            yield inputs, target, inputs.slots[:, 0]

    def _item(self, ids, special, share, generator):
        """Input ids and (position, token) pairs to predict, if there are any."""
        if self.lm.causal:
            return ids, [(p, ids[p + 1]) for p in range(len(ids) - 1)]
        free = [p for p, is_special in enumerate(special) if not is_special]
        if not free:
            return ids, []
        count = max(1, round(share * len(free)))
        chosen = sorted(generator.choice(free, size=count, replace=False).tolist())
        masked = list(ids)
        for position in chosen:
            masked[position] = self.lm.tokenizer.mask_token_id
        return masked, [(p, ids[p]) for p in chosen]


def top_words(lm: ClozeLM, text: str, *, count: int = 10) -> pd.DataFrame:
    """The ``count`` likeliest tokens for the slot of ``text``: columns word, p.

    A token of white space alone is shown as Python writes it.
    """
    rows = lm.encode(_cloze_rows([text], [_DUMMY]))
    with torch.no_grad():
        probabilities = lm.log_probabilities(lm.batch(rows)).exp()[0]
    values, tokens = probabilities.topk(count)
    texts = [lm.tokenizer.decode([token]) for token in tokens.tolist()]
    words = [text.strip() or repr(text) for text in texts]
    return pd.DataFrame({"word": words, "p": values.tolist()})


def _context(text: str) -> str:
    """A short text in whose slot a word is cut as it is in the slot of ``text``."""
    before = text.partition(SLOT)[0][-1:]
    return f"the{before}{SLOT}." if before else f"{SLOT} the."


def _cloze_rows(texts: Sequence[str], words: Sequence[str]) -> pd.DataFrame:
    return pd.DataFrame({"masked": texts, "factual": words, "counterfactual": words})
