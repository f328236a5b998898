"""Time of StereoSet: this package against one sentence at a time.

``./run_all.sh bench stereoset`` scores as many examples as the public file has with a
BERT of random weights and the size of BERT-base, by turns with
``stereoset_scores`` of the study and with a plain loop that knows nothing of it: per
sentence and sub-token one forward pass of the whole model.
The loop scores a part of the examples, drawn with a seed; its time is scaled up to all.
``--real`` asks SmolLM2-135M-Instruct a seeded draw of the public examples instead. It
reads from the left, so that what the sentences of an example begin with is read once;
a third side reads each sentence whole. ``--check`` fails if what was written compares
different scores.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from dataclasses import replace
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
from study.models.smollm2 import dequantised
from study.results.places import results_root
from study.sources.chosen import source_of
from study.sources.world.benchmarks import stereoset
from study.sources.world.drawing import world_of

TOKENIZER = "standin-bert-base"
SMOLLM2 = "SmolLM2-135M-Instruct (4-bit weights)"
REAL = {"examples": 200, "plain_examples": 200}  # instead of the other defaults
# A result's name → the bar's.
BARS = {
    "largest_relative_difference": "largest relative difference of a score",
    "largest_absolute_difference": "largest difference of a score",
    "ratio_whole": "whole sentences / shared beginnings",
}


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


@torch.no_grad()
def plain_sentence(model, tokenizer, sentence: str) -> float:
    """Geometric mean of the probabilities of a sentence's tokens, from the left."""
    ids = tokenizer(sentence, add_special_tokens=False)["input_ids"]
    asked = torch.tensor([[tokenizer.bos_token_id, *ids]])
    log_p = model(input_ids=asked).logits[0, :-1].log_softmax(-1)
    return float(log_p[range(len(ids)), ids].double().mean().exp())


def plain_scores(lm: ClozeLM, examples: pd.DataFrame) -> pd.DataFrame:
    """One score an example and label, one sentence after the other."""
    model, tokenizer = lm.model, lm.tokenizer
    scores = {}
    for label in LABELS:
        if lm.causal:
            found = [plain_sentence(model, tokenizer, s) for s in examples[label]]
        else:
            asked = zip(examples["context"], examples[f"{label} word"], strict=True)
            found = [plain_score(model, tokenizer, *pair) for pair in asked]
        scores[label] = found
    return pd.DataFrame(scores, index=examples.index)


def subject(options: argparse.Namespace) -> tuple[ClozeLM, pd.DataFrame]:
    """Model and examples: a random one's and the world's, or (``--real``) real ones."""
    if options.real:
        folder = results_root() / "models" / "smollm2-135m-instruct"
        lm = ClozeLM.from_pretrained(folder if folder.exists() else dequantised(folder))
        path = source_of("carried").folder / "stereoset.json"
        examples = read_stereoset(path, left_out=[])
        drawn = examples.sample(options.examples, random_state=options.seed)
        return lm, drawn.reset_index(drop=True)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "stereoset.json"
        make_file(path, options.examples)
        return random_lm(options), read_stereoset(path)


def measure(options: argparse.Namespace) -> dict:
    """Time both by turns and compare their scores."""
    for name in ("examples", "plain_examples", "repeats", "threads"):
        if getattr(options, name) < 1:
            flag = "--" + name.replace("_", "-")
            raise InputError(f"{flag} {getattr(options, name)}: give 1 or more")
    torch.set_num_threads(options.threads)
    lm, examples = subject(options)
    sides = {"ours": lm}
    if lm.causal:  # every sentence whole, whatever others begin with
        sides["whole"] = replace(lm, ways=replace(lm.ways, packed=False))
    part = min(options.plain_examples, len(examples))
    chosen = sorted(random.Random(options.seed).sample(range(len(examples)), part))
    few = examples.iloc[chosen]
    # The first passes of a process are slow; neither side pays for them.
    plain_scores(lm, few[:4])
    stereoset_scores(lm, examples[:64])
    times: dict[str, list[float]] = {name: [] for name in ("plain", *sides)}
    apart = {"relative": 0.0, "absolute": 0.0}
    for _ in range(options.repeats):
        seconds, slow = timed(lambda: plain_scores(lm, few))
        times["plain"].append(seconds)
        for name, side in sides.items():
            seconds, fast = timed(lambda side=side: stereoset_scores(side, examples))
            times[name].append(seconds)
            gap = (fast.loc[chosen, list(LABELS)] - slow).abs()
            for kind, found in (("relative", gap / slow), ("absolute", gap)):
                apart[kind] = max(apart[kind], float(found.max(axis=None)))
    return report(options, times, part, apart)


def report(
    options: argparse.Namespace,
    times: dict[str, list[float]],
    part: int,
    apart: dict[str, float],
) -> dict:
    """Medians, rates and ratio of the times, as they are written and printed."""
    scale = options.examples / part
    plain = float(pd.Series(times["plain"]).median()) * scale
    ours = float(pd.Series(times["ours"]).median())
    found = {f"largest_{kind}_difference": value for kind, value in apart.items()}
    if "whole" in times:
        found["ratio_whole"] = float(pd.Series(times["whole"]).median()) / ours
    return found | {
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
    }


def show(found: dict) -> None:
    """Print the table."""
    options = found["options"]
    size = (
        f"hidden {options['hidden']}, {options['layers']} layers, vocabulary "
        f"{options['vocabulary']}"
    )
    print(
        f"{options['examples']} examples, {options['repeats']} repeats by turns, "
        f"{options['threads']} threads, {SMOLLM2 if options['real'] else size}"
    )
    print(f"{'':24}{'median s':>10}{'examples/s':>12}")
    for name, side in (("one at a time (scaled)", "plain"), ("this package", "ours")):
        seconds, rate = found[f"{side}_seconds"], found[f"{side}_examples_per_second"]
        print(f"{name:24}{seconds:10.1f}{rate:12.1f}")
    print(
        f"one at a time was measured on {found['plain_examples_scored']} examples and "
        f"scaled up\nratio {found['ratio']:.1f}; scores differ by at most "
        f"{found['largest_relative_difference']:.1e} of their size, "
        f"{found['largest_absolute_difference']:.1e} in all"
    )
    if "ratio_whole" in found:
        print(f"{found['ratio_whole']:.2f} times faster than every sentence whole")


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
    text = f"ask {SMOLLM2} examples of the public file"
    parser.add_argument("--real", action="store_true", help=text)
    text = "measure nothing; fail if a bar is missed"
    parser.add_argument("--check", action="store_true", help=text)
    options = parser.parse_args(arguments)
    if options.real:  # what the command line says comes before what is there already
        options = parser.parse_args(arguments, argparse.Namespace(**REAL))
    return options


def run(options: argparse.Namespace) -> None:
    """Measure, show, write, check; InputError if the scores are not the same."""
    path = options.out / f"stereoset{'_real' if options.real else ''}.json"
    if not options.check:
        found = measure(options)
        show(found)
        write_json(path, found)
    # Times of unequal scores would compare different things.
    found = read_json(path)
    figures = {bar: found.get(name) for name, bar in BARS.items()}
    bars.hold(bars.STEREOSET_REAL if options.real else bars.STEREOSET, figures)


if __name__ == "__main__":
    chosen = parse()
    sys.exit(exit_status(lambda: run(chosen)))
