"""What :func:`gradiend.debias` leaves on disk: a checkpoint and what is known of it."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from gradiend.autoencoder import PARTS
from gradiend.evaluation.encoder import class_spread
from gradiend.files import write_csv, write_json
from gradiend.matching import source_of
from gradiend.rewriting import checkpoint_folder, write_rewritten
from gradiend.sampling import evenly
from gradiend.vectors import inner

if TYPE_CHECKING:
    from gradiend.autoencoder import Gradiend
    from gradiend.debiased import Debiased
    from gradiend.evaluation.levelling import Report

_log = logging.getLogger(__name__)

GRADIEND_FILE, SUMMARY, PICTURE = "gradiend.safetensors", "summary.md", "summary.png"
_PROBES = 10  # that a summary shows
_NUMBERS = {
    "gap": "mean difference of the two classes' P",
    "share": "mean share of the first class; one half is level",
    "said": "P of both classes together",
    "LMS": "language-modelling score",
}


def save_debiased(
    found: Debiased, folder: str | Path, *, overwrite: bool = False
) -> Path:
    """Write the rewritten model, its GRADIEND, the candidates and a summary.

    The folder is a checkpoint for ``from_pretrained``; it appears when it is complete.
    ``summary.png`` is drawn where matplotlib is installed.

    Raises
    ------
    InputError
        if the folder exists and is not, with ``overwrite``, such a checkpoint itself,
        other than the model's.
    """
    folder = Path(folder)
    with checkpoint_folder(found.lm, folder, overwrite=overwrite) as unfinished:
        text = summary(found)
        place = found.h, found.learning_rate
        write_rewritten(found.lm, found.gradiend, *place, unfinished, description=text)
        found.gradiend.save(unfinished / GRADIEND_FILE)
        (unfinished / SUMMARY).write_text(text, encoding="utf-8")
        write_csv(unfinished / "candidates.csv", found.candidates)
        write_csv(unfinished / "probes.csv", found.probes)
        if found.beside is not None:
            write_csv(unfinished / "test_texts.csv", found.beside.texts)
        write_csv(unfinished / "encodings.csv", found.encodings)
        if found.history is not None:
            write_csv(unfinished / "history.csv", found.history)
        write_json(unfinished / "debiased.json", _facts(found))
        if find_spec("matplotlib"):
            _draw(found, unfinished / PICTURE)
    return folder


def _draw(found: Debiased, path: Path) -> None:
    """The picture; the model is worth keeping without it, whatever goes wrong."""
    try:
        from gradiend.picture import draw_probes

        draw_probes(found.probes, found.words.positive, path)
    except Exception as error:
        path.unlink(missing_ok=True)
        _log.warning("%s is not drawn (%s)", PICTURE, error)


def summary(found: Debiased) -> str:
    """The result in Markdown: before and after, ten probes, the cost."""
    first, second = found.words.positive, found.words.negative
    lines = [
        f"**{first} / {second}**, {found.method}: h = {found.h:.4g}, "
        f"α = {found.learning_rate:.4g} ({len(found.candidates) - 1} candidates). "
        + _of_what(found),
        "",
        *_table(_header(found), _rows(found)),
        "",
        f"Pearson of h and the label on test rows: {found.correlation:.3f}.",
        f"h of each class: {_encoded(found)}.",
        *_plainer(found),
        "",
        f"Share of *{first}* in the slot:",
        "",
        *_table(
            ("text", "before", "after"),
            [
                (row["text"], f"{row['before']:.2f}", f"{row['after']:.2f}")
                for _, row in _some(found.probes).iterrows()
            ],
        ),
        "",
        "Seconds: " + ", ".join(f"{k} {v:.0f}" for k, v in found.seconds.items()) + ".",
        "Rows: " + ", ".join(f"{k} {v}" for k, v in found.counts.items()) + ".",
        *(f"\n**Note:** {remark}." for remark in found.remarks),
    ]
    return "\n".join(lines) + "\n"


def _of_what(found: Debiased) -> str:
    """Which texts the numbers are of."""
    if found.beside is None:
        return "All numbers are of test texts, by which nothing was chosen."
    return (
        "Chosen by one half of the probes; *before* and *after* are of the other half, "
        "by which nothing was chosen. A test text may say which word is right: what is "
        "left there may be knowledge."
    )


def _header(found: Debiased) -> Sequence[str]:
    beside = () if found.beside is None else ("test texts: before", "after")
    return "", "before", "after", *beside, ""


def _rows(found: Debiased) -> Iterable[Sequence[str]]:
    said = {
        f"P({name})": f"P of its words: {', '.join(list(words)[:4])}"
        for name, words in found.words.of.items()
    }
    columns = [found.before, found.after]
    if found.beside is not None:
        columns += [found.beside.before, found.beside.after]
    for name, meaning in {**said, **_NUMBERS}.items():
        yield name, *(f"{numbers[name]:.3f}" for numbers in columns), meaning


def _encoded(found: Debiased) -> str:
    """Mean and spread of h on test rows, class by class, +1 first."""
    groups = _spread(found)
    return ", ".join(
        f"{name} {of['mean']:.3f} ± {of['std']:.3f} ({of['rows']} rows)"
        for name, of in groups.items()
    )


def _plainer(found: Debiased) -> list[str]:
    """That the numbers were come by in plainer ways, where they were."""
    if not found.fallbacks:
        return []
    ways = "; ".join(found.fallbacks)
    return ["", f"Computed in plainer, slower ways, as this model needs: {ways}."]


def _spread(found: Debiased) -> dict[str, dict[str, float]]:
    """mean, std and rows of h (as ``gradiend encode`` has them), class by class."""
    of = class_spread(found.encodings, ["factual_class"]).to_dict("index")
    return {name: of[name] for name in (found.words.positive, found.words.negative)}


def _some(probes: pd.DataFrame) -> pd.DataFrame:
    """Probes from one end to the other of what the model said before."""
    ordered = probes.sort_values("before", kind="stable")
    return ordered.iloc[evenly(len(ordered), _PROBES)]


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterable[str]:
    yield f"| {' | '.join(header)} |"
    yield f"|{' --- |' * len(header)}"
    for row in rows:
        cells = (" ".join(cell.replace("|", r"\|").splitlines()) for cell in row)
        yield f"| {' | '.join(cells)} |"


def _facts(found: Debiased) -> dict:
    return {
        "base_model": found.lm.name,
        "classes": {name: list(words) for name, words in found.words.of.items()},
        "method": found.method,
        "h": found.h,
        "learning_rate": found.learning_rate,
        "correlation": found.correlation,
        "encoder": _spread(found),
        "source": source_of(found.gradiend),
        "fallbacks": list(found.fallbacks),
        "asked": found.asked,
        **_told(found),
        "beside": None if found.beside is None else _told(found.beside),
        "seconds": found.seconds,
        "counts": found.counts,
        "remarks": list(found.remarks),
    }


def _told(report: Debiased | Report) -> dict:
    return {"before": _finite(report.before), "after": _finite(report.after)}


def _finite(numbers: dict[str, float]) -> dict[str, float | None]:
    """As JSON has them: nothing where there is no share."""
    return {k: v if math.isfinite(v) else None for k, v in numbers.items()}


def norms_by_layer(gradiend: Gradiend) -> pd.DataFrame:
    """Norms of W_e, W_d and b_d, a row a layer (or what is outside of one)."""
    squares = pd.DataFrame(
        {
            symbol: {
                name: float(inner({name: tensor}, {name: tensor}))
                for name, tensor in getattr(gradiend, part).items()
            }
            for symbol, part in PARTS.items()
        }
    )
    layers = [_layer(name) for name in squares.index]
    sizes = pd.Series([tensor.numel() for tensor in gradiend.decoder_bias.values()])
    table = squares.groupby(layers, sort=False).sum().pow(0.5)
    return table.assign(numbers=sizes.groupby(layers, sort=False).sum())


def _layer(name: str) -> str:
    """``layer 3`` of ``model.layers.3.mlp…``; what has no number goes by its name."""
    numbers = [part for part in name.split(".") if part.isdigit()]
    return f"layer {numbers[0]}" if numbers else name.removesuffix(".weight")
