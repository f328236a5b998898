"""Time of StereoSet: this package against one sentence at a time.

``./run_all.sh bench stereoset`` scores as many examples as the public file has with a
BERT of random weights and the size of BERT-base, by turns with
``stereoset_scores`` of the study and with a plain loop that knows nothing of it: per
sentence and sub-token one forward pass of the whole model.
The loop scores a part of the examples, drawn with a seed; its time is scaled up to all.
``--check`` fails if what was written compares different scores.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from pathlib import Path

import bars
import pandas as pd
import torch
from measuring import RESULTS, machine, timed
from random_models import random_model, stand_ins_tokenizer

from gradiend.errors import InputError, exit_status
from gradiend.files import read_json, write_json
from gradiend.lm.cloze import ClozeLM
from study.comparison.benchmarks.stereoset import (
    LABELS,
    read_stereoset,
    stereoset_scores,
)
from study.sources.world.benchmarks import stereoset
from study.sources.world.drawing import world_of

TOKENIZER = "standin-bert-base"


def make_file(path: Path, count: int) -> None:
    """Write ``count`` examples of the world, of as many seeds as that takes."""
    world = world_of()
    examples: list[dict] = []
    seed = 0
    while len(examples) < count:
        for example in stereoset(world, seed=seed)["data"]["intrasentence"]:
            examples.append(example | {"id": f"seed {seed} {example['id']}"})
        seed += 1
    content = {"data": {"intrasentence": examples[:count]}}
    path.write_text(json.dumps(content), encoding="utf-8")


def random_lm(options: argparse.Namespace) -> ClozeLM:
    """A BERT of the size asked for, its weights random."""
    tokenizer = stand_ins_tokenizer(TOKENIZER)
    if options.vocabulary < len(tokenizer):
        raise InputError(
            f"--vocabulary {options.vocabulary} is less than the tokenizer's "
            f"{len(tokenizer)}; give at least that"
        )
    model = random_model(
        "Bert",
        tokenizer,
        seed=options.seed,
        vocab_size=options.vocabulary,
        hidden_size=options.hidden,
        num_hidden_layers=options.layers,
        num_attention_heads=options.heads,
        intermediate_size=options.intermediate,
        # What ClozeLM.from_pretrained loads with.
        attn_implementation="eager",
    )
    return ClozeLM.wrap(model, tokenizer, causal=False, name="random BERT")


@torch.no_grad()
def plain_score(model, tokenizer, context: str, word: str) -> float:
    """Mean probability of the word's sub-tokens, filled in from left to right."""
    before, after = context.split("BLANK")
    encoding = tokenizer(before + word + after, return_offsets_mapping=True)
    ids, offsets = encoding["input_ids"], encoding["offset_mapping"]
    start, end = len(before), len(before) + len(word)
    span = [i for i, (a, b) in enumerate(offsets) if a < end and b > start]
    total = 0.0
    for place in span:
        asked = [*ids[:place], tokenizer.mask_token_id, *ids[span[-1] + 1 :]]
        logits = model(input_ids=torch.tensor([asked])).logits
        total += float(logits[0, place].softmax(-1)[ids[place]])
    return total / len(span)


def plain_scores(lm: ClozeLM, examples: pd.DataFrame) -> pd.DataFrame:
    """One score an example and label, one sentence after the other."""
    scores = {
        label: [
            plain_score(lm.model, lm.tokenizer, context, word)
            for context, word in zip(
                examples["context"], examples[f"{label} word"], strict=True
            )
        ]
        for label in LABELS
    }
    return pd.DataFrame(scores, index=examples.index)


def measure(options: argparse.Namespace) -> dict:
    """Time both by turns and compare their scores."""
    for name in ("examples", "plain_examples", "repeats", "threads"):
        if getattr(options, name) < 1:
            flag = "--" + name.replace("_", "-")
            raise InputError(f"{flag} {getattr(options, name)}: give 1 or more")
    torch.set_num_threads(options.threads)
    lm = random_lm(options)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "stereoset.json"
        make_file(path, options.examples)
        examples = read_stereoset(path)
    part = min(options.plain_examples, len(examples))
    chosen = sorted(random.Random(options.seed).sample(range(len(examples)), part))
    few = examples.iloc[chosen]
    # The first passes of a process are slow; neither side pays for them.
    plain_scores(lm, few[:4])
    stereoset_scores(lm, examples[:64])
    times: dict[str, list[float]] = {"plain": [], "ours": []}
    difference = 0.0
    for _ in range(options.repeats):
        seconds, slow = timed(lambda: plain_scores(lm, few))
        times["plain"].append(seconds)
        seconds, fast = timed(lambda: stereoset_scores(lm, examples))
        times["ours"].append(seconds)
        apart = (fast.loc[chosen, list(LABELS)] / slow - 1).abs()
        difference = max(difference, float(apart.max(axis=None)))
    return report(options, times, part, difference)


def report(
    options: argparse.Namespace,
    times: dict[str, list[float]],
    part: int,
    difference: float,
) -> dict:
    """Medians, rates and ratio of the times, as they are written and printed."""
    scale = options.examples / part
    plain = float(pd.Series(times["plain"]).median()) * scale
    ours = float(pd.Series(times["ours"]).median())
    return {
        "options": {
            k: v for k, v in vars(options).items() if k not in ("out", "check")
        },
        "machine": machine(),
        "torch": torch.__version__,
        "plain_examples_scored": part,
        "seconds_measured": times,
        "plain_seconds": plain,  # of all examples, scaled up
        "ours_seconds": ours,
        "plain_examples_per_second": options.examples / plain,
        "ours_examples_per_second": options.examples / ours,
        "ratio": plain / ours,
        "largest_relative_difference": difference,
    }


def show(found: dict) -> None:
    """Print the table."""
    options = found["options"]
    print(
        f"{options['examples']} examples, {options['repeats']} repeats by turns, "
        f"{options['threads']} threads, hidden {options['hidden']}, "
        f"{options['layers']} layers, vocabulary {options['vocabulary']}"
    )
    print(f"{'':24}{'median s':>10}{'examples/s':>12}")
    for name, side in (("one at a time (scaled)", "plain"), ("this package", "ours")):
        seconds, rate = found[f"{side}_seconds"], found[f"{side}_examples_per_second"]
        print(f"{name:24}{seconds:10.1f}{rate:12.1f}")
    print(
        f"one at a time was measured on {found['plain_examples_scored']} examples and "
        f"scaled up\nratio {found['ratio']:.1f}; scores differ by at most "
        f"{found['largest_relative_difference']:.1e} of their size"
    )


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """The command line; sizes default to those of BERT-base."""
    parser = argparse.ArgumentParser(
        description="StereoSet with this package and one sentence at a time"
    )
    for name, default, meaning in (
        ("examples", 2106, "examples of the file (the public one has 2,106)"),
        ("plain-examples", 150, "of them for one sentence at a time"),
        ("repeats", 3, "of both, by turns"),
        ("threads", 2, "of torch"),
        ("seed", 0, "of the weights and of the part"),
        ("hidden", 768, "size of hidden states"),
        ("layers", 12, "number of layers"),
        ("heads", 12, "attention heads a layer"),
        ("intermediate", 3072, "size between a layer's two projections"),
        ("vocabulary", 28_996, "size of the vocabulary"),
    ):
        text = f"{meaning} (default: {default})"
        parser.add_argument(f"--{name}", type=int, default=default, help=text)
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the JSON")
    text = "measure nothing; fail if a bar is missed"
    parser.add_argument("--check", action="store_true", help=text)
    return parser.parse_args(arguments)


def run(options: argparse.Namespace) -> None:
    """Measure, show, write, check; InputError if the scores are not the same."""
    path = options.out / "stereoset.json"
    if not options.check:
        found = measure(options)
        show(found)
        write_json(path, found)
    # Times of unequal scores would compare different things.
    difference = read_json(path)["largest_relative_difference"]
    bars.hold(bars.STEREOSET, {"largest relative difference of a score": difference})


if __name__ == "__main__":
    chosen = parse()
    sys.exit(exit_status(lambda: run(chosen)))
