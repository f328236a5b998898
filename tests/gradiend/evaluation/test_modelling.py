"""The language-modelling score of models that say the same everywhere."""

from __future__ import annotations

import dataclasses
import math

import pytest
import torch

from gradiend.errors import InputError
from gradiend.evaluation.scoring import LanguageModelling
from gradiend.lm.cloze import ClozeLM
from tests.conftest import tiny_lm

MASKED = ("bert", "distilbert", "roberta")
CAUSAL = ("gpt2", "llama")
LONG = " ".join(["family"] * 40)


class Fixed:
    """A head that says ``word`` with a logit of ``height`` more than all others.

    What it is asked with is kept: the input ids of each batch.
    """

    def __init__(self, lm: ClozeLM, word: str, height: float = 9.0) -> None:
        ((self.token,),) = lm.token_ids([word])
        self.height = height
        self.read: list[torch.Tensor] = []

    def __call__(self, _plain, inputs, logits, _parameters):
        self.read.append(inputs.input_ids)
        fixed = torch.zeros_like(logits)
        fixed[:, self.token] = self.height
        return fixed


def score(
    lm: ClozeLM, head: Fixed, texts: list[str], *, seed: int = 0, **options
) -> float:
    changed = dataclasses.replace(lm, says=head)
    return LanguageModelling(changed, texts, seed=seed, **options)()


def of_words(lm: ClozeLM, word: str, count: int) -> str:
    """A text of ``count`` tokens, all of them ``word`` as it stands after a space."""
    text = f" {' '.join([word] * count)}"
    ids = lm.tokenizer(text, add_special_tokens=False)["input_ids"]
    assert len(ids) == count and len(set(ids)) == 1
    return text


@pytest.mark.parametrize("architecture", MASKED)
def test_accuracy_counts_masked_tokens_not_texts(architecture):
    """15 % of 20 and of 40 tokens: three and six, of which the head knows one kind."""
    lm = tiny_lm(architecture)
    texts = [of_words(lm, "family", 20), of_words(lm, "that", 40)]
    for word, share in (("family", 3 / 9), ("that", 6 / 9), ("said", 0.0)):
        assert score(lm, Fixed(lm, word), texts) == pytest.approx(share), word
    assert score(lm, Fixed(lm, "that"), texts[1:]) == 1.0


@pytest.mark.parametrize("architecture", MASKED)
@pytest.mark.parametrize(("tokens", "masked"), [(1, 1), (5, 1), (20, 3), (40, 6)])
def test_fifteen_percent_are_masked_and_one_at_least(architecture, tokens, masked):
    lm = tiny_lm(architecture)
    head = Fixed(lm, "family")
    score(lm, head, [of_words(lm, "family", tokens)])
    (ids,) = head.read
    assert int((ids == lm.tokenizer.mask_token_id).sum()) == masked
    assert ids.shape[1] == tokens + 2


@pytest.mark.parametrize("architecture", MASKED)
def test_special_tokens_are_never_masked(architecture):
    lm = tiny_lm(architecture)
    head = Fixed(lm, "family")
    first, last = lm.tokenizer("")["input_ids"]
    for seed in range(20):
        score(lm, head, [of_words(lm, "family", 3)], seed=seed)
    read = torch.cat(head.read)
    assert (read[:, 0] == first).all() and (read[:, -1] == last).all()
    # And every other token is, sooner or later.
    assert ((read == lm.tokenizer.mask_token_id).sum(0)[1:-1] > 0).all()


def test_a_seed_masks_its_tokens_and_another_one_others():
    lm = tiny_lm("bert")
    masked = []
    for seed in (1, 1, 2):
        head = Fixed(lm, "family")
        score(lm, head, [of_words(lm, "family", 40)], seed=seed)
        masked.append(head.read[0].tolist())
    assert masked[0] == masked[1] != masked[2]


def test_every_candidate_is_asked_the_same_tokens():
    lm = tiny_lm("bert")
    head = Fixed(lm, "family")
    asked = LanguageModelling(dataclasses.replace(lm, says=head), [LONG], seed=0)
    assert asked() == asked() == 1.0
    assert torch.equal(*head.read)


@pytest.mark.parametrize("architecture", [*MASKED, *CAUSAL])
def test_batches_change_nothing(architecture):
    lm = tiny_lm(architecture)
    texts = ["The road was long.", "Tom said that he was tired.", LONG, "The house."]
    alone, together = (
        LanguageModelling(lm, texts, seed=0, batch_size=size)() for size in (1, 64)
    )
    assert alone == pytest.approx(together, rel=1e-5)
    assert 0 <= alone < 1


def test_a_text_longer_than_the_model_reads_is_cut():
    lm = tiny_lm("bert")
    head = Fixed(lm, "family")
    assert score(lm, head, [of_words(lm, "family", 200)]) == 1.0
    assert head.read[0].shape[1] == lm.max_length


@pytest.mark.parametrize("architecture", CAUSAL)
def test_a_causal_model_that_knows_nothing_scores_by_its_vocabulary(architecture):
    lm = tiny_lm(architecture)
    uniform = Fixed(lm, "family", height=0.0)
    found = score(lm, uniform, ["The road was long.", LONG])
    assert found == pytest.approx(1 / (1 + math.log(len(lm.tokenizer))), rel=1e-5)


@pytest.mark.parametrize("architecture", CAUSAL)
def test_a_causal_score_is_of_the_mean_over_predicted_tokens(architecture):
    """Of 4 + 10 tokens, 3 + 9 are predicted; the head expects those of one text."""
    lm = tiny_lm(architecture)
    texts = [of_words(lm, "family", 4), of_words(lm, "that", 10)]
    height, others = 2.0, len(lm.tokenizer) - 1
    total = math.log(math.exp(height) + others)  # of all tokens' exponentials
    nll = (3 * (total - height) + 9 * total) / 12
    found = score(lm, Fixed(lm, "family", height), texts)
    assert found == pytest.approx(1 / (1 + nll), rel=1e-5)


@pytest.mark.parametrize("architecture", ["bert", "gpt2"])
def test_texts_with_nothing_to_predict_are_left_out(architecture):
    """A text that is empty or, of a causal model, one token: all of some batches."""
    lm = tiny_lm(architecture)
    texts = ["Tom said that he was tired.", LONG, "The house."]
    empty = ["", " "] if architecture == "bert" else ["", "a", "b", "c"]
    mixed = [empty[0], texts[0], *empty, *texts[1:]]
    alone, together = (
        LanguageModelling(lm, some, seed=0, batch_size=2)() for some in (texts, mixed)
    )
    assert alone == together
    with pytest.raises(InputError, match="no neutral text has a token") as error:
        LanguageModelling(lm, empty, seed=0)
    assert "\n" not in str(error.value)
