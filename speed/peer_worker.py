"""The same work as ``our_worker.py`` by the authors' package, ``gradiend==0.2.3``.

Runs in an environment of its own and knows nothing of this repository. Every measure
calls what the package's trainer calls: ``trainer.core.training.train`` on the trainer's
gradient dataset, ``encode_dataset_to_rows`` behind its encoder evaluation, and
``rewrite_base_model`` with ``evaluate_base_model`` behind its decoder grid.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"

import pandas as pd
import torch
from gradiend.trainer.core.arguments import TrainingArguments
from gradiend.trainer.core.training import train
from gradiend.trainer.factory import create_model_with_gradiend
from gradiend.trainer.text.prediction.trainer import TextPredictionTrainer
from gradiend.util.encoding_rows import encode_dataset_to_rows
from measuring import peak, timed

NEUTRAL = ["The bridge over the river was closed for a week."]  # never scored


class Peer:
    """The package's trainer and its model on our rows."""

    def __init__(self, model: Path, rows: pd.DataFrame) -> None:
        table = pd.DataFrame(
            {
                "masked": rows["masked"],
                "split": "train",
                "label": rows["factual"],
                "label_class": rows["factual_class"],
                "alternative": rows["counterfactual"],
                "alternative_class": rows["counterfactual_class"],
            }
        )
        self.texts = [
            masked.replace("[MASK]", word)
            for masked, word in zip(rows["masked"], rows["factual"], strict=True)
        ]
        self.folder = tempfile.mkdtemp()
        self.arguments = TrainingArguments(
            output_dir=self.folder,
            source="factual",
            num_train_epochs=1,
            do_eval=False,
            eval_strategy="no",
            save_strategy="no",
            torch_dtype=torch.float32,
        )
        self.trainer = TextPredictionTrainer(
            model=str(model),
            data=table,
            target_classes=sorted(set(table["label_class"])),
            args=self.arguments,
        )
        self.model = create_model_with_gradiend(
            str(model),
            feature_definition=self.trainer,
            model_class=self.trainer.default_model_with_gradiend_cls,
            training_args=self.arguments,
        )
        self.trainer._model_instance = self.model

    def dataset(self, batch: int):
        """The trainer's gradients of batches of rows."""
        raw = self.trainer.create_training_data(self.model, batch_size=batch)
        return self.trainer.create_gradient_training_dataset(raw, self.model)

    def encode(self, rows: int) -> dict:
        """h of the first rows, as the encoder evaluation computes it."""
        every = self.dataset(1)
        chosen = _First(every, rows)
        seconds, found = timed(lambda: encode_dataset_to_rows(self.model, chosen))
        return {"seconds": seconds, "rows": len(found)}

    def candidate(self, texts: int) -> dict:
        """One rewritten model, asked for probabilities and LMS on some texts."""
        few, _ = self.trainer._get_decoder_eval_dataframe(
            self.model.tokenizer, max_size_training_like=texts, split="train"
        )
        neutral = pd.DataFrame({"text": self.texts[:texts]})

        def work() -> None:
            changed = self.model.rewrite_base_model(
                learning_rate=1e-2, feature_factor=1.0
            )
            self.trainer.evaluate_base_model(
                changed,
                self.model.tokenizer,
                use_cache=False,
                training_like_df=few.head(texts),
                neutral_df=neutral,
            )

        seconds, _ = timed(work)
        return {"seconds": seconds, "texts": len(few.head(texts))}


class _First:
    """The first items of a dataset, which keeps its source."""

    def __init__(self, dataset, count: int) -> None:
        self.dataset, self.count = dataset, count
        self.source = dataset.source

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[dict]:
        return (self.dataset[index] for index in range(self.count))


class Steps:
    """Batches for the training loop, one a request; tells how long each step took."""

    def __init__(self, peer: Peer, batch: int) -> None:
        self.peer, self.batch = peer, batch
        self.datasets: dict[int, object] = {}

    def __len__(self) -> int:
        return 1_000_000  # until the requests end

    def __iter__(self) -> Iterator[dict]:
        number = 0
        while True:
            if self.batch not in self.datasets:
                self.datasets[self.batch] = self.peer.dataset(self.batch)
            dataset = self.datasets[self.batch]
            start = time.perf_counter()
            yield dataset[number % len(dataset)]
            # The loop asks for the next batch when its step is done.
            answer({"seconds": time.perf_counter() - start})
            number += 1
            for request in requests():
                if request["do"] == "step":
                    self.batch = request["batch"]
                    break
                answer(peak())
            else:
                return


def requests() -> Iterator[dict]:
    """What is asked, until the end."""
    for line in sys.stdin:
        request = json.loads(line)
        if request["do"] == "quit":
            return
        yield request


def answer(content: dict) -> None:
    """One line to whoever asks; everything else goes to stderr."""
    print(json.dumps(content), file=ANSWERS, flush=True)


ANSWERS = os.fdopen(os.dup(1), "w")


def main() -> None:
    """Command line of the script."""
    os.dup2(2, 1)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--rows", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    peer = Peer(options.model, pd.read_json(options.rows))
    answer({"ready": True, "n": len(peer.model), "version": version("gradiend")})
    for request in requests():
        work = request.pop("do")
        if work == "step":  # the loop takes over
            train(peer.model, Steps(peer, **request), peer.arguments)
            return
        answer(peak() if work == "peak" else getattr(peer, work)(**request))


if __name__ == "__main__":
    main()
