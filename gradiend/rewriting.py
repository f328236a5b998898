"""Rewriting a model along its feature: W̃ = W + α·dec(h) (paper, Sec. 3)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch

from gradiend.autoencoder import Factors, Gradiend
from gradiend.errors import InputError, check_finite
from gradiend.files import atomic_folder
from gradiend.fitting import need_fitting, note_other_base
from gradiend.lm.caching import cache_as_it_was
from gradiend.lm.cloze import ClozeLM
from gradiend.vectors import ParameterDict

_TAG = "gradiend-rewritten"


class Rewriter:
    """Moves a model between rewritten states without copying it for each.

    Holds one copy of the covered parameters; :meth:`restore` puts them back bit for
    bit. Use it as a context, so that this happens on exceptions too.
    """

    def __init__(self, lm: ClozeLM, gradiend: Gradiend) -> None:
        need_fitting(lm, gradiend)
        self.gradiend = gradiend
        self.parameters = list(lm.covered.values())
        self.names = list(lm.covered)
        self._decoded: tuple[tuple[float, ...], list[torch.Tensor]] | None = None
        self._original: list[torch.Tensor] | None = None

    def __enter__(self) -> Rewriter:
        self._original = [parameter.detach().clone() for parameter in self.parameters]
        return self

    def __exit__(self, *_exception) -> None:
        self.restore()
        self._original = None

    @torch.no_grad()
    def apply(self, h: Factors, learning_rate: float) -> None:
        """Set W̃ = W + α·dec(h), from the original W whatever was applied before.

        ``h`` is a number or, of several neurons, as many numbers.

        Raises
        ------
        InputError
            outside the block, where there is no original to start from, or for a
            number that is not finite.
        """
        check_finite(learning_rate, "α")
        factors = tuple(np.ravel(h).tolist())
        for factor in factors:
            check_finite(factor, "h")
        kept = self._kept()
        if self._decoded is None or self._decoded[0] != factors:
            self._decoded = None  # n numbers, before as many new ones are made
            decoded: ParameterDict = self.gradiend.decode(factors)
            self._decoded = (factors, [decoded[name] for name in self.names])
        change = self._decoded[1]
        if change[0].dtype != self.parameters[0].dtype:
            change = [tensor.to(self.parameters[0].dtype) for tensor in change]
        for parameter, original, moved in zip(
            self.parameters, kept, change, strict=True
        ):
            torch.add(original, moved, alpha=learning_rate, out=parameter)

    @torch.no_grad()
    def restore(self) -> None:
        """Put the original weights back.

        Raises
        ------
        InputError
            outside the block, where there are none.
        """
        for parameter, original in zip(self.parameters, self._kept(), strict=True):
            parameter.copy_(original)

    def _kept(self) -> list[torch.Tensor]:
        if self._original is None:
            raise InputError("apply a rewriting inside `with Rewriter(…) as rewriter:`")
        return self._original


@contextmanager
def rewritten(
    lm: ClozeLM, gradiend: Gradiend, h: Factors, learning_rate: float
) -> Iterator[ClozeLM]:
    """``with rewritten(lm, gradiend, h, lr): …`` – W + lr·dec(h) inside."""
    with Rewriter(lm, gradiend) as rewriter:
        rewriter.apply(h, learning_rate)
        yield lm


def save_rewritten(
    lm: ClozeLM,
    gradiend: Gradiend,
    h: Factors,
    learning_rate: float,
    folder: str | Path,
    *,
    description: str = "",
    overwrite: bool = False,
) -> Path:
    """Write W + lr·dec(h) as a Hugging Face checkpoint with tokenizer and model card.

    Its numbers are of the type that the model was loaded in (float32, unless you said
    another one), whatever the base's files have: rounded to a narrower one, it would
    not be the model that was measured. The folder appears when it is complete. An
    existing one is refused, or with ``overwrite`` replaced if it is such a checkpoint
    itself, other than the model's.
    """
    folder = Path(folder)
    with checkpoint_folder(lm, folder, overwrite=overwrite) as unfinished:
        write_rewritten(
            lm, gradiend, h, learning_rate, unfinished, description=description
        )
    return folder


@contextmanager
def checkpoint_folder(lm: ClozeLM, folder: Path, *, overwrite: bool) -> Iterator[Path]:
    """A folder for :func:`write_rewritten` that becomes ``folder`` when it is whole.

    Raises
    ------
    InputError
        if ``folder`` is taken (:func:`need_free`), before the block or after it.
    """
    need_free(folder, overwrite=overwrite, reads=[Path(lm.name)])
    with atomic_folder(folder, replace=overwrite) as unfinished:
        yield unfinished
        # Writing takes its time: what came meanwhile is not to be lost.
        need_free(folder, overwrite=overwrite, reads=[Path(lm.name)])


def write_rewritten(
    lm: ClozeLM,
    gradiend: Gradiend,
    h: Factors,
    learning_rate: float,
    folder: Path,
    *,
    description: str = "",
) -> None:
    """The same into a folder that is there; whole only once this returns."""
    note_other_base(lm, gradiend)
    with rewritten(lm, gradiend, h, learning_rate), cache_as_it_was(lm.model):
        lm.model.save_pretrained(folder)
    lm.tokenizer.save_pretrained(folder)
    card = _model_card(lm, gradiend, h, learning_rate, description)
    (folder / "README.md").write_text(card, encoding="utf-8")


def need_free(
    folder: Path,
    *,
    overwrite: bool,
    reads: Iterable[Path] = (),
    remedy: str = "remove it or give another folder",
) -> None:
    """Refuse a folder that is taken, but for a checkpoint of ours to ``overwrite``.

    Not that either where one is in it, or where one of ``reads`` is: files and folders
    that are still needed.
    """
    if not folder.exists():
        return
    if not (overwrite and is_rewritten(folder)):
        raise InputError(f"{folder} exists; {remedy}")
    for read in (Path.cwd(), *(path for path in reads if path.exists())):
        if read.resolve().is_relative_to(folder.resolve()):
            raise InputError(
                f"{folder} cannot be overwritten: {read} is in use; give another folder"
            )


def is_rewritten(folder: Path) -> bool:
    """Whether a folder holds a checkpoint of :func:`write_rewritten`."""
    card = folder / "README.md"
    return card.is_file() and _TAG in card.read_text(encoding="utf-8", errors="replace")


def _model_card(
    lm: ClozeLM, gradiend: Gradiend, h: Factors, learning_rate: float, description: str
) -> str:
    feature = gradiend.metadata.get("feature", "a feature")
    # A name of the hub links the card to its base; of a folder, the last part will do.
    base = Path(lm.name).resolve().name if Path(lm.name).exists() else lm.name
    factors = ", ".join(f"{factor:g}" for factor in np.ravel(h))
    lines = [
        "---",
        f"base_model: {base}",
        "library_name: transformers",
        f"tags: [{_TAG}]",
        "---",
        "",
        f"# {base}, rewritten along {feature}",
        "",
        description,
        "",
        f"The weights are `W + α·dec(h)` of {base} with a GRADIEND trained on "
        f"{feature}: feature factor h = {factors}, learning rate "
        f"α = {learning_rate:g}, {gradiend.size:,} covered parameters. All other "
        "weights, the tokenizer and the configuration are those of the base model.",
        "",
        "Rewriting lowers, raises or removes what the model associates with this one "
        "feature in the texts it was measured on. It is no guarantee of fairness in a "
        "use of your own: measure there.",
        "",
        "Method: Drechsel and Herbold, *GRADIEND: Feature Learning within Neural "
        "Networks Exemplified through Biases*, ICLR 2026.",
        "",
    ]
    return "\n".join(lines)
