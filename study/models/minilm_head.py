"""Training MiniLM-L6's prediction head again, by its recipe.

``./run_all.sh standins minilm-l6``; ``data/minilm-l6`` has the recipe and its outcome.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import torch
import transformers
import yaml
from safetensors.torch import save_file
from torch import Tensor
from transformers import BertForMaskedLM

from gradiend.files import atomic_folder, sha256, write_json
from gradiend.lm.cloze import ClozeLM
from study.models import minilm
from study.models.adaptation_quality import quality
from study.models.adaptation_text import name_sentences, real_sentences
from study.models.masked_training import MaskedTraining, train_masked, trained_names
from study.results.making import provenance

NAME = "minilm-l6"
RECIPE = minilm.HEAD / "recipe.yaml"
_EVERY = 100  # steps between two lines on how it goes


def recipe() -> dict:
    """How the committed head was trained."""
    return yaml.safe_load(RECIPE.read_text(encoding="utf-8"))


def train_head(
    out: Path,
    *,
    texts: Sequence[str] | None = None,
    judged: bool = True,
    threads: int | None = None,
    **changes: float,
) -> Path:
    """Train a head by the recipe and write it to the folder ``out``.

    Parameters
    ----------
    texts
        Instead of the recipe's.
    judged
        Measure the quality of what was written, after its rounding; a minute or two.
    threads
        Instead of the recipe's: other last digits, and soon other weights.
    changes
        Values of the recipe's ``training`` to replace; they are recorded with it.

    Raises
    ------
    InputError
        if the published weights or the packages with the text are not there.
    """
    asked = recipe()
    asked["threads"] = threads or asked["threads"]
    how = MaskedTraining(**asked["training"] | changes)
    asked["training"] = vars(how)
    if texts is None:
        texts = [*real_sentences(), *name_sentences(asked["names"], seed=how.seed)]
    torch.set_num_threads(asked["threads"])
    transformers.set_seed(how.seed)  # the untrained head's beginning
    model, tokenizer = minilm.without_head()
    start = time.perf_counter()
    train_masked(model, tokenizer, texts, how, after_step=_tell)
    print(f"{NAME}: {how.steps} steps, {time.perf_counter() - start:.0f} s", flush=True)
    tensors = _stored(model, tokenizer.mask_token_id, how.layers)
    record = {
        "recipe": asked,
        "sentences": len(texts),
        "base_sha256": minilm.base_digest(),
        "versions": provenance(),
    }
    if judged:
        record["quality"] = _judged(tensors)
    return _write(out, tensors, record)


def _judged(tensors: dict[str, Tensor]) -> dict[str, float]:
    model, tokenizer = minilm.without_head()
    minilm.put_on(model, tensors, tokenizer.mask_token_id)
    return quality(ClozeLM.wrap(model, tokenizer, causal=False, name=NAME))


def _tell(step: int, loss: float) -> None:
    if step % _EVERY == 0:
        print(f"{NAME}: step {step}, loss {loss:.2f}", flush=True)


def _stored(model: BertForMaskedLM, mask_id: int, layers: int) -> dict[str, Tensor]:
    """What training changed, in float16: what is loaded is what was judged."""
    parameters = dict(model.named_parameters())
    tensors = {name: parameters[name] for name in trained_names(model, layers)}
    tensors[minilm.MASK] = model.get_input_embeddings().weight[mask_id]
    return {name: tensor.detach().half() for name, tensor in tensors.items()}


def _write(out: Path, tensors: dict[str, Tensor], record: dict) -> Path:
    with atomic_folder(out, replace=True) as unfinished:
        save_file(tensors, unfinished / minilm.TENSORS)
        record["sha256"] = sha256(unfinished / minilm.TENSORS)
        write_json(unfinished / minilm.RECORD, record)
    return out
