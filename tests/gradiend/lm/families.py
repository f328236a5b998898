"""Which families of transformers the package computes right, and how: docs/models.md.

    python -m tests.gradiend.lm.families [FAMILY ...]

builds a tiny random model of each, saves it, loads it with ``ClozeLM.from_pretrained``
and compares what it says, its gradients and its encodings with the plain model's on
each row alone. With names it prints their lines; without, it writes the page.
"""

from __future__ import annotations

import logging
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from gradiend.autoencoder import Gradiend
from gradiend.encoding import encode
from gradiend.errors import InputError
from gradiend.gradients import gradients
from gradiend.lm.cloze import ClozeLM
from gradiend.lm.tokens import EncodedRow, Target
from gradiend.vectors import inner
from tests.gradiend.lm.tiny_families import (
    SPECIAL,
    VOCABULARY,
    families,
    tiny_model,
    tiny_tokenizer,
)
from tests.gradiend.plain import plain_gradient

PAGE = Path(__file__).parents[3] / "docs" / "models.md"
TOLERANCES = {"float64": 1e-5, "float32": 1e-3}
LENGTHS = (3, 6, 11, 19, 30, 45)
OUTCOMES = ("right", "falls back", "refused", "cannot be built")
_HEAD = """\
# Models

Of every family that transformers names as a masked or a causal language model, or as
one that reads images and text (*images*: without an image, its text part is a causal
model), a tiny random model was loaded and compared with itself, row by row: *right*
means that what it says, its gradients and its encodings agree to within 10⁻⁵ in float64
(10⁻³ in float32, where a family does not take float64) and that every quick way is
taken, *falls back* that they agree and that the plain ways under *how* are taken.
*Refused* means that loading ends with the line under *how*, and *cannot be built* that
no tiny model was found, which says nothing about the family.

Written by `python -m tests.gradiend.lm.families`, versions of `requirements.lock`.

"""


@dataclass(frozen=True)
class Line:
    """A line of the table."""

    family: str
    kind: str
    outcome: str
    how: str = ""

    def __str__(self) -> str:
        return f"| {self.family} | {self.kind} | {self.outcome} | {self.how} |"


def line(family: str, kind: str) -> Line:
    """Build, load and compare a family's tiny model."""
    try:
        model = tiny_model(family, kind)
    except Exception as error:  # whatever a configuration does not like
        return Line(family, kind, "cannot be built", _said(error))
    with TemporaryDirectory() as folder:
        try:
            model.save_pretrained(folder)
        except Exception as error:
            return Line(family, kind, "cannot be built", _said(error))
        tiny_tokenizer().save_pretrained(folder)
        wide = _compared(folder, family, kind, "float64")
        if wide.outcome != "refused":
            return wide
        # Some families mix their own float32 into float64, which ends in an error.
        return _compared(folder, family, kind, "float32")


def _compared(folder: str, family: str, kind: str, dtype: str) -> Line:
    try:
        lm = ClozeLM.from_pretrained(folder, dtype=dtype)
        found = apart(lm)
    except InputError as error:
        return Line(family, kind, "refused", _said(error).replace(folder, family))
    except Exception as error:
        return Line(family, kind, "wrong", f"ends in {error!r:.100}")
    if lm.causal == (kind == "masked"):
        return Line(family, kind, "wrong", "masked and causal are mixed up")
    worst = max(found, key=found.get)
    if not found[worst] <= TOLERANCES[dtype]:
        return Line(family, kind, "wrong", f"{dtype}, {worst}: {found[worst]:.0e}")
    ways = [plain for _, plain in lm.ways.without()]
    outcome = "falls back" if ways else "right"
    return Line(family, kind, outcome, "; ".join(ways))


def apart(lm: ClozeLM) -> dict[str, float]:
    """How far numbers are from the plain model's, as a share of the largest."""
    rows = _rows(lm)
    found: dict[str, float] = {}
    alone = torch.stack([_plain_log_probabilities(lm, row) for row in rows])
    each = {
        side: [plain_gradient(lm, row, side) for row in rows]
        for side in ("factual", "counterfactual")
    }
    each["difference"] = [
        {name: plus[name] - minus[name] for name in plus}
        for plus, minus in zip(each["factual"], each["counterfactual"], strict=True)
    ]
    for packed in (False, True):
        how = "packed" if packed else "padded"
        batch = lm.batch(rows, packed=packed)
        said = lm.log_probabilities(batch)[batch.factual.slot]
        found[f"log-probabilities, {how}"] = _share(said.detach(), alone)
        given = gradients(lm, batch, sources=("factual", "difference"))
        for source, gradient in given.items():
            mean = {
                name: torch.stack([own[name] for own in each[source]]).mean(0)
                for name in gradient
            }
            found[f"gradient, {source}, {how}"] = _share(_flat(gradient), _flat(mean))
    gradiend = Gradiend.initialise(lm.covered, seed=0)
    for source in ("factual", "difference"):
        slopes = torch.stack([inner(gradiend.encoder, own) for own in each[source]])
        h = torch.from_numpy(encode(lm, gradiend, rows, source=source))
        expected = torch.tanh(slopes + gradiend.encoder_bias)
        found[f"encodings, {source}"] = _share(h, expected)
    return found


def _rows(lm: ClozeLM) -> list[EncodedRow]:
    generator = torch.Generator().manual_seed(1)
    rows = []
    for length in LENGTHS:
        drawn = torch.randint(
            len(SPECIAL), VOCABULARY, (length + 2,), generator=generator
        )
        *ids, factual, counterfactual = drawn.tolist()
        slot = length // 2
        if not lm.causal:
            ids[slot] = lm.tokenizer.mask_token_id
        sides = (Target(0, (slot,), (token,)) for token in (factual, counterfactual))
        rows.append(EncodedRow((tuple(ids),), *sides))
    return rows


@torch.no_grad()
def _plain_log_probabilities(lm: ClozeLM, row: EncodedRow) -> torch.Tensor:
    logits = lm.model(input_ids=torch.tensor(row.sequences)).logits[0]
    return logits[row.factual.positions[0]].log_softmax(-1)


def _flat(tensors: dict[str, torch.Tensor]) -> torch.Tensor:
    return torch.cat([tensor.flatten() for tensor in tensors.values()])


def _share(found: torch.Tensor, expected: torch.Tensor) -> float:
    share = (found - expected).abs().max() / expected.abs().max()
    return float(share.nan_to_num(nan=torch.inf))


def _said(error: Exception) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return " ".join(lines)[:160].replace("|", "/")


def page(lines: list[Line]) -> str:
    """The page docs/models.md."""
    counts = {
        outcome: sum(line.outcome == outcome for line in lines)
        for outcome in (*OUTCOMES, "wrong")
    }
    summary = ", ".join(f"{number} {what}" for what, number in counts.items() if number)
    table = [
        "<!-- not results: names of families, and how they are run -->",
        "| family | read as | outcome | how |",
        "|---|---|---|---|",
    ]
    return "\n".join([f"{_HEAD}{summary}.\n", *table, *map(str, lines)]) + "\n"


def main(names: list[str]) -> None:
    """Print the lines of ``names``, or write the page of all."""
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    lines = []
    for family, kind in families():
        if not names or family in names:
            lines.append(line(family, kind))
            print(lines[-1], flush=True)
    if not names:
        PAGE.write_text(page(lines), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
