"""The command ``gradiend``: from a file of your own to a rewritten model, and back.

``gradiend debias MODEL rows.csv --out folder`` is :func:`gradiend.debias`; ``rows``
makes such a file out of plain texts; ``encode``, ``inspect`` and ``rewrite`` use the
feature that ``debias`` (or training) has left.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from gradiend.errors import InputError, exit_status

_EXAMPLES = """\
examples
  gradiend rows texts.txt --words American British --out rows.csv
  gradiend debias gpt2 rows.csv --out balanced
  gradiend debias ./my-model rows.csv --out balanced --method train --steps 200
  gradiend encode ./my-model balanced/gradiend.safetensors rows.csv --out encodings.csv
  gradiend inspect balanced/gradiend.safetensors
  gradiend rewrite gpt2 balanced/gradiend.safetensors --h 1 --alpha 0.05 --out more

rows.csv has a row a text: masked (with [MASK] where the word goes), factual,
counterfactual, label (1 or -1), factual_class, counterfactual_class.
"""
_INTERRUPTED = 130  # as a shell counts Ctrl-C


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; 0 is well, 1 a mistake in the input, 130 interrupted."""
    chosen = _parser().parse_args(arguments)
    logging.basicConfig(format="note: %(message)s", level=logging.WARNING)
    _quiet()
    try:
        return exit_status(lambda: chosen.work(chosen))
    except KeyboardInterrupt:
        print("interrupted; nothing was written", file=sys.stderr)
        return _INTERRUPTED


def _debias(chosen: argparse.Namespace) -> None:
    from gradiend.data import class_table
    from gradiend.debiasing import debias
    from gradiend.summary import SUMMARY, summary

    _free(chosen.out, chosen.overwrite)
    training = {
        "steps": chosen.steps,
        "batch_size": chosen.batch_size,
        "learning_rate": chosen.learning_rate,
    }
    given = {key: value for key, value in training.items() if value is not None}
    table = _table(chosen)
    print(class_table(table).to_string(index=False))
    for what, count in table.attrs.get("changed", {}).items():
        print(f"{what}: {count}")
    found = debias(
        chosen.model,
        table,
        method=chosen.method,
        neutral=None if chosen.neutral is None else _lines(chosen.neutral),
        training=given,
        candidates=chosen.candidates,
        texts=chosen.texts,
        seed=chosen.seed,
        device=chosen.device,
        dtype=chosen.dtype,
        progress=_progress("training"),
    )
    folder = found.save(chosen.out, overwrite=chosen.overwrite)
    print(summary(found))
    print(f"{folder}: the rewritten model; {SUMMARY} in it says this again")
    if chosen.push_to_hub:
        _push(folder, chosen.push_to_hub)


def _rows(chosen: argparse.Namespace) -> None:
    from gradiend.files import write_csv
    from gradiend.from_texts import rows_from_texts

    table = rows_from_texts(_lines(chosen.texts), *chosen.words)
    write_csv(chosen.out, table)
    sizes = table["factual_class"].value_counts()
    print(
        f"{chosen.out}: " + ", ".join(f"{size} {name}" for name, size in sizes.items())
    )


def _encode(chosen: argparse.Namespace) -> None:
    from gradiend.answerable import answerable
    from gradiend.encoding import encode
    from gradiend.files import write_csv

    table = _table(chosen)
    lm, gradiend = _both(chosen)
    table = answerable(lm, table)
    table = table.assign(h=encode(lm, gradiend, table))
    if chosen.out is not None:
        write_csv(chosen.out, table)
    groups = table.groupby(["factual_class", "split"])["h"]
    print(groups.agg(["mean", "std", "size"]).to_string(float_format="{:.3f}".format))
    print(f"Pearson of h and the label: {table['h'].corr(table['label']):.3f}")


def _inspect(chosen: argparse.Namespace) -> None:
    from gradiend.autoencoder import Gradiend
    from gradiend.summary import norms_by_layer

    gradiend = Gradiend.load(chosen.gradiend)
    for key, value in sorted(gradiend.metadata.items()):
        print(f"{key}: {value}")
    print(f"n: {gradiend.size:,} covered parameters")
    print(norms_by_layer(gradiend).to_string(float_format="{:.3g}".format))


def _rewrite(chosen: argparse.Namespace) -> None:
    from gradiend.rewriting import save_rewritten

    _free(chosen.out, chosen.overwrite)
    lm, gradiend = _both(chosen)
    place = chosen.h, chosen.alpha
    save_rewritten(lm, gradiend, *place, chosen.out, overwrite=chosen.overwrite)
    print(f"{chosen.out}: W + {chosen.alpha:g}·dec({chosen.h:g})")


def _table(chosen: argparse.Namespace):
    from gradiend.data import read_cloze_table

    pairs = dict(pair.split("=", 1) for pair in chosen.pairs if "=" in pair)
    if len(pairs) < len(chosen.pairs):
        raise InputError("--pairs are words of the two classes, e.g. he=she his=her")
    return read_cloze_table(
        chosen.rows,
        seed=chosen.seed,
        slot=chosen.slot,
        positive=chosen.positive,
        pairs=pairs or None,
    )


def _both(chosen: argparse.Namespace):
    from gradiend.autoencoder import Gradiend
    from gradiend.lm.cloze import ClozeLM

    lm = ClozeLM.from_pretrained(chosen.model, device=chosen.device, dtype=chosen.dtype)
    gradiend = Gradiend.load(chosen.gradiend, like=lm.covered)
    if len(gradiend.neurons) > 1:
        raise InputError(
            f"{chosen.gradiend}: it is of {len(gradiend.neurons) + 1} classes, and the "
            "command knows two; use encode and rewritten of gradiend in Python"
        )
    return lm, gradiend


def _free(folder: Path, overwrite: bool) -> None:
    """Refuse a folder that is taken before anything is computed."""
    from gradiend.rewriting import need_free

    remedy = "give another folder, or --overwrite for one that this command has written"
    need_free(folder, overwrite=overwrite, remedy=remedy)


def _lines(path: Path) -> list[str]:
    if not path.is_file():
        raise InputError(f"{path}: no such file; give a text file, a text a line")
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line.strip() for line in lines if line.strip()]


def _progress(what: str) -> Callable[[Sequence], Sequence]:
    from tqdm import tqdm  # transformers brings it

    return lambda steps: tqdm(steps, desc=what, leave=False)


def _push(folder: Path, name: str) -> None:
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError

    hub = HfApi()
    try:
        hub.create_repo(name, exist_ok=True)
        hub.upload_folder(repo_id=name, folder_path=folder)
    except (HfHubHTTPError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(
            f"{name} cannot be pushed ({reason}); the model is in {folder}: log in "
            "with `hf auth login` and push it, or check the name"
        ) from error
    print(f"pushed to {name}")


def _quiet() -> None:
    """Bars of loading and saving say nothing that one waits for."""
    from transformers.utils import logging as said

    said.disable_progress_bar()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="gradiend",
        description="Learn one feature of a language model and rewrite it.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    debias = _command(commands, "debias", _debias, "level two classes; saves a model")
    _file(debias)
    _target(debias)
    debias.add_argument(
        "--method", choices=("closed-form", "train"), default="closed-form"
    )
    debias.add_argument("--neutral", type=Path, help="a text a line, to keep fluent on")
    debias.add_argument("--candidates", type=int, default=24)
    debias.add_argument("--texts", type=int, default=60, help="asked a candidate")
    for name, kind in (("steps", int), ("batch-size", int), ("learning-rate", float)):
        debias.add_argument(f"--{name}", type=kind, help="of training")
    debias.add_argument("--push-to-hub", metavar="NAME")
    rows = commands.add_parser("rows", help="a file of rows out of plain texts")
    rows.add_argument("texts", type=Path, help="a text a line")
    rows.add_argument("--words", nargs=2, required=True, metavar="WORD")
    rows.add_argument("--out", type=Path, required=True, help="CSV file")
    rows.set_defaults(work=_rows)
    encode = _command(commands, "encode", _encode, "h of each text of a file")
    encode.add_argument("gradiend", type=Path, help="gradiend.safetensors")
    _file(encode)
    encode.add_argument("--out", type=Path, help="CSV file")
    inspect = commands.add_parser("inspect", help="what a gradiend.safetensors holds")
    inspect.add_argument("gradiend", type=Path)
    inspect.set_defaults(work=_inspect)
    rewrite = _command(commands, "rewrite", _rewrite, "save W + α·dec(h)")
    rewrite.add_argument("gradiend", type=Path)
    rewrite.add_argument("--h", type=float, required=True, help="feature factor")
    rewrite.add_argument("--alpha", type=float, required=True, help="learning rate")
    _target(rewrite)
    return parser


def _command(commands, name: str, work: Callable, text: str) -> argparse.ArgumentParser:
    """A command on a model."""
    parser = commands.add_parser(name, help=text, description=text)
    parser.add_argument("model", help="a folder or a hub name")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, …")
    parser.add_argument("--dtype", default="float32", help="float32, bfloat16, …")
    parser.add_argument("--seed", type=int, default=0)
    parser.set_defaults(work=work)
    return parser


def _file(parser: argparse.ArgumentParser) -> None:
    """The rows, and what a file may leave unsaid."""
    parser.add_argument("rows", type=Path, help="CSV or JSON-lines file of texts")
    parser.add_argument("--slot", help="how the file writes the slot, if not [MASK]")
    parser.add_argument("--positive", metavar="CLASS", help="which class is +1")
    parser.add_argument(
        "--pairs",
        nargs="+",
        default=(),
        metavar="A=B",
        help="aligned words, where the file has no counterfactuals",
    )


def _target(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, required=True, help="a new folder")
    parser.add_argument("--overwrite", action="store_true")
