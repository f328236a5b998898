"""How long a model's steps will take: an estimate from counts and two rates.

A forward pass is 2·n operations a token, at a share of the device's plain matrix
product; rewriting moves a few numbers a parameter. The shares are those measured
(docs/speed.md). Fine-tuning, continued training and fits are not in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from study.profiles.settings import Settings

TOKENS = 40  # of a row of text, about
RATE = 0.75  # of a plain matrix product's rate, at BERT-base's size
UPDATE_TRAFFIC = 22  # numbers that one update reads and writes
REWRITE_TRAFFIC = 4  # the same of one rewriting
# In forward passes: a training row (two losses, their gradients), a row of the closed
# form, an encoded row (forward-mode derivative).
TRAINED, MEANT, ENCODED = 5, 5, 2
# Where a profile says 0, that is all there are: GENTYPES, test rows, CrowS-Pairs.
ALL_SLOT_TEXTS, ALL_TEST_ROWS, ALL_PAIRS, ALL_PERPLEXITY = 500, 5_000, 500, 2_900
GRID = 240  # the paper's candidates
CLOSED_FORM_FACTORS = 4
SENTENCES = 20_000  # tokens of SEAT and the associations


@dataclass(frozen=True)
class Asked:
    """Tokens that a variant is asked: StereoSet, a pair of CrowS-Pairs, a text of 100.

    A masked model reads a context of StereoSet once, and a pair or text once a token.
    """

    stereoset: int
    pair: int
    text: int


MASKED, CAUSAL = Asked(25_000, 450, 10_000), Asked(75_000, 32, 100)


@dataclass(frozen=True)
class Rates:
    """A model on a device: seconds of a token's forward pass, and of moving numbers."""

    parameters: int
    bytes_each: int
    speed: float  # operations a second of a plain matrix product
    bandwidth: float  # bytes a second of a plain copy, read and written

    def forward(self, tokens: float) -> float:
        """Seconds of a forward pass of so many tokens."""
        return 2 * self.parameters * tokens / (self.speed * RATE)

    def moved(self, numbers: float) -> float:
        """Seconds of reading and writing so many numbers a parameter."""
        return numbers * self.parameters * self.bytes_each / self.bandwidth


def training_seconds(run: Settings, rates: Rates) -> float:
    """All seeds of one feature, with their validations."""
    asked = run.training
    step = rates.forward(TRAINED * TOKENS * asked.batch_size)
    step += rates.moved(UPDATE_TRAFFIC)
    validations = asked.steps // asked.evaluate_every + 2
    validation = rates.forward(ENCODED * TOKENS * (asked.validation_rows or 500))
    return len(run.seeds) * (asked.steps * step + validations * validation)


def evaluation_seconds(run: Settings, rates: Rates) -> float:
    """Encoder and decoder evaluation of one feature."""
    asked, refinement = run.decoder, run.decoder.refinement
    test = run.encoder.test_rows or ALL_TEST_ROWS
    rows = 3 * test + min(run.encoder.neutral_texts, ALL_TEST_ROWS)
    encoder = rates.forward(ENCODED * TOKENS * rows)
    closed = rates.forward(MEANT * TOKENS * 2 * asked.closed_form_rows)
    slots, lms = asked.slot_texts or ALL_SLOT_TEXTS, asked.lms_texts
    factors, alphas = len(asked.feature_factors), len(asked.learning_rates)
    grid = factors * alphas or GRID
    if asked.closed_form_rows:
        grid += CLOSED_FORM_FACTORS * (alphas or 16)
    further = refinement.candidates * (2 if asked.refines_closed_form else 1)
    shown = 2 * len(run.domain.variants) + 4
    texts = grid * (slots + lms) + (further + shown) * (slots + refinement.lms_texts)
    moved = rates.moved(REWRITE_TRAFFIC * (grid + further + shown))
    return encoder + closed + rates.forward(TOKENS * texts) + moved


def benchmark_seconds(
    run: Settings, variants: int, rates: Rates, *, causal: bool
) -> float:
    """The benchmarks of so many variants."""
    asked, each = run.benchmarks, CAUSAL if causal else MASKED
    tokens = SENTENCES + each.stereoset
    tokens += 3 * (asked.crows_pairs or ALL_PAIRS) * each.pair
    tokens += (asked.perplexity_texts or ALL_PERPLEXITY) * each.text
    return variants * (rates.forward(tokens) + rates.moved(REWRITE_TRAFFIC))


def left_out(runs: Sequence[Settings]) -> str:
    """What of these runs the estimate does not know, for the line that tells it."""
    parts = []
    if any(run.tasks.names for run in runs):
        parts.append("tasks")
    if any({"CDA", "Dropout"} & set(run.methods.names) for run in runs):
        parts.append("continued training")
    return f", without {' and '.join(parts)}" if parts else ""
