"""The paper's largest models on one GPU: does GRADIEND fit, and how fast is a step?

``./run_all.sh bench gpu [--models …]`` builds models of random weights on the GPU (no
download), trains GRADIEND on each for a few steps, encodes some rows, and sets what it
reached against the card's own copy and matmul rates. Llama-3.2-3B runs in bfloat16,
with full and with 8-bit AdamW moments. Without a GPU it says so.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import torch
from measuring import RESULTS
from random_models import random_model, stand_ins_tokenizer
from torch.utils.flop_counter import FlopCounterMode

from gradiend.autoencoder import Gradiend
from gradiend.encoding import encode
from gradiend.errors import InputError, exit_status
from gradiend.files import write_json
from gradiend.gradients import gradients
from gradiend.lm.cloze import ClozeLM
from gradiend.lm.loading import prepared
from gradiend.settings import TrainingSettings
from gradiend.update import Update
from study.domains import load_feature
from study.run.preflight import measure
from study.sources.world import ensure_world

LLAMA = {
    "vocab_size": 128_256,
    "hidden_size": 3_072,
    "intermediate_size": 8_192,
    "num_hidden_layers": 28,
    "num_attention_heads": 24,
    "num_key_value_heads": 8,
    "head_dim": 128,
    "tie_word_embeddings": True,
    "max_position_embeddings": 4_096,
}
BERT_LARGE = {
    "vocab_size": 28_996,
    "hidden_size": 1_024,
    "num_hidden_layers": 24,
    "num_attention_heads": 16,
    "intermediate_size": 4_096,
}
# Name → stand-in with the tokenizer, class, configuration, type, moments, options.
MODELS = {
    "Llama-3.2-3B": ("standin-llama", "Llama", LLAMA, "bfloat16", "full"),
    "Llama-3.2-3B, 8-bit moments": (
        "standin-llama",
        "Llama",
        LLAMA,
        "bfloat16",
        "8bit",
    ),
    "BERT-large": ("standin-bert-base", "Bert", BERT_LARGE, "float32", "full"),
    "BERT-large, autocast": (
        "standin-bert-base",
        "Bert",
        BERT_LARGE,
        "float32",
        "full",
    ),
    "GPT-2": ("standin-gpt2", "GPT2", {"vocab_size": 50_257}, "float32", "full"),
}
NUMBERS_MOVED = 22
SOURCES = ("factual", "difference")


def random_lm(name: str) -> ClozeLM:
    """The model, made on the GPU."""
    like, kind, sizes, dtype, _ = MODELS[name]
    tokenizer = stand_ins_tokenizer(like)
    before = torch.get_default_dtype()
    torch.set_default_dtype(getattr(torch, dtype))
    try:
        with torch.device("cuda"):
            model = random_model(kind, tokenizer, attn_implementation="eager", **sizes)
    finally:
        torch.set_default_dtype(before)
    # Unchecked: the families are known, and weights this random tell bfloat16 little.
    lm = ClozeLM(prepared(model), tokenizer, kind != "Bert", name)
    return replace(lm, autocast="autocast" in name)


def timed(work: Callable[[], object]) -> tuple[float, object]:
    """Seconds that ``work`` takes on the GPU, and what it returns."""
    torch.cuda.synchronize()
    start = time.perf_counter()
    found = work()
    torch.cuda.synchronize()
    return time.perf_counter() - start, found


def run_model(name: str, options: argparse.Namespace) -> dict:
    """Step time, its parts against the card's rates, peak memory, rows a second."""
    torch.cuda.reset_peak_memory_stats()
    lm = random_lm(name)
    table = load_feature("gender_MF", ensure_world()).table
    table = lm.usable(table[table["split"] == "train"])
    rows = lm.encode(table[table["label"] == 1].head(options.batch))
    batch = lm.batch(rows, packed=True)
    with FlopCounterMode(display=False) as counter:
        gradients(lm, batch, sources=SOURCES)
    gradiend = Gradiend.initialise(lm.covered, seed=0)
    settings = TrainingSettings(moments=MODELS[name][-1])
    gradient, moved = _steps(lm, batch, Update(gradiend, settings), options.repeats)
    peak = torch.cuda.max_memory_allocated()
    few = table.head(options.rows)
    encode(lm, gradiend, few.head(4))
    encoding, _ = timed(lambda: encode(lm, gradiend, few))
    card = measure("cuda")
    each = next(iter(lm.covered.values())).element_size()
    return {
        "model": name,
        "n (million)": gradiend.size / 1e6,
        "step (s)": gradient + moved,
        "gradients (s)": gradient,
        "update (s)": moved,
        "peak memory (GB)": peak / 1e9,
        "card's memory (GB)": card.memory / 1e9,
        "share of a matmul's rate": counter.get_total_flops() / gradient / card.speed,
        "share of a copy's rate": (
            NUMBERS_MOVED * each * gradiend.size / moved / card.bandwidth
        ),
        "rows encoded a second": len(few) / encoding,
    }


def _steps(lm: ClozeLM, batch, update: Update, repeats: int) -> tuple[float, float]:
    """Median seconds of the gradients and of the update, the first step aside."""
    parts = []
    for _ in range(repeats + 1):
        gradient, found = timed(lambda: gradients(lm, batch, sources=SOURCES))
        moved, _ = timed(lambda found=found: update(*found.values()))
        parts.append((gradient, moved))
        del found
    first, second = (statistics.median(p[i] for p in parts[1:]) for i in (0, 1))
    return first, second


def run(options: argparse.Namespace) -> None:
    """Measure each model; one that does not fit is a row that says so."""
    if not torch.cuda.is_available():
        raise InputError(
            "torch sees no GPU here; ./run_all.sh bench speed measures on a CPU"
        )
    found = []
    for name in options.models:
        try:
            found.append(run_model(name, options))
        except torch.cuda.OutOfMemoryError as error:
            found.append({"model": name, "failed": str(error).split(".")[0]})
        gc.collect()
        torch.cuda.empty_cache()
        print(pd.DataFrame(found).T.to_string())
        card = torch.cuda.get_device_name()
        write_json(options.out / "gpu.json", {"card": card, "measures": found})


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="GRADIEND on one GPU")
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS))
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rows", type=int, default=128, help="rows to encode")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the JSON")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    chosen = parse()
    sys.exit(exit_status(lambda: run(chosen)))
