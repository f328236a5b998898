"""The command ``gradiend``: from a file of your own to a rewritten model, and back.

``gradiend debias MODEL rows.csv --out folder`` is :func:`gradiend.debias`; ``rows``
makes such a file out of plain texts; ``encode``, ``inspect`` and ``rewrite`` use the
feature that ``debias`` (or training) has left.
"""

from __future__ import annotations

import argparse
import io
import logging
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gradiend import options
from gradiend.errors import InputError, check_finite, exit_status

if TYPE_CHECKING:
    import pandas as pd

_EXAMPLES = """\
examples
  gradiend rows texts.txt --words American British --out rows.csv
  gradiend debias gpt2 rows.csv --out balanced
  gradiend debias gpt2 rows.csv --out balanced --probes sentences.txt
  gradiend debias ./my-model rows.csv --out balanced --method train --steps 200
  gradiend encode ./my-model balanced/gradiend.safetensors rows.csv --out encodings.csv
  gradiend inspect balanced/gradiend.safetensors
  gradiend rewrite gpt2 balanced/gradiend.safetensors --h 1 --alpha 0.05 --out more

rows.csv has a row a text: masked (with [MASK] where the word goes), factual,
counterfactual, label (1 or -1), factual_class, counterfactual_class.
"""
_INTERRUPTED = 130  # as a shell counts Ctrl-C
_UNREAD = 141  # and a reader that has left, such as ``head``


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; 0 is well, 1 a mistake in the input, 130 interrupted.

    141 is that nobody reads what it says.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # α, where a terminal knows no Greek
    chosen = _parser().parse_args(arguments)
    logging.basicConfig(format="note: %(message)s", level=logging.WARNING)
    try:
        _quiet()
        status = exit_status(lambda: chosen.work(chosen))
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        # What is left to be written at the end goes nowhere, without an error.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _UNREAD
    except KeyboardInterrupt:
        print(f"interrupted; {chosen.written} was written", file=sys.stderr)
        return _INTERRUPTED


def _debias(chosen: argparse.Namespace) -> None:
    from gradiend.debiasing import debias
    from gradiend.probes import read_probes
    from gradiend.pushing import check_hub_name, push
    from gradiend.reading import read_lines
    from gradiend.summary import SUMMARY, summary

    if chosen.push_to_hub:
        check_hub_name(chosen.push_to_hub)
    _free(chosen, chosen.rows, *filter(None, [chosen.neutral, chosen.probes]))
    probes = chosen.probes
    training = {
        "steps": chosen.steps,
        "batch_size": chosen.batch_size,
        "learning_rate": chosen.learning_rate,
    }
    given = {key: value for key, value in training.items() if value is not None}
    found = debias(
        chosen.model,
        _table(chosen),
        method=chosen.method,
        neutral=None if chosen.neutral is None else read_lines(chosen.neutral),
        probes=None if probes is None else read_probes(probes, slot=chosen.slot),
        training=given,
        candidates=chosen.candidates,
        texts=chosen.texts,
        max_tokens=chosen.max_tokens,
        seed=chosen.seed,
        device=chosen.device,
        dtype=chosen.dtype,
        progress=_progress("learning"),
        search_progress=_progress("candidates"),
        look=_show,
    )
    chosen.written = found.save(chosen.out, overwrite=chosen.overwrite)
    print(summary(found))
    print(f"{chosen.out}: the rewritten model; {SUMMARY} in it says this again")
    if chosen.push_to_hub:
        push(chosen.out, chosen.push_to_hub)
        print(f"pushed to {chosen.push_to_hub}")


def _rows(chosen: argparse.Namespace) -> None:
    from gradiend.files import write_csv
    from gradiend.from_texts import rows_from_texts
    from gradiend.reading import read_lines

    _new(chosen, chosen.texts)
    table = rows_from_texts(read_lines(chosen.texts), *chosen.words)
    write_csv(chosen.out, table)
    chosen.written = chosen.out
    sizes = table["factual_class"].value_counts()
    print(
        f"{chosen.out}: " + ", ".join(f"{size} {name}" for name, size in sizes.items())
    )
    _show_changes(table)


def _encode(chosen: argparse.Namespace) -> None:
    from gradiend.answerable import answerable
    from gradiend.encoding import encode
    from gradiend.evaluation.encoder import class_spread
    from gradiend.files import write_csv
    from gradiend.matching import labelled_as

    if chosen.out is not None:
        _new(chosen, chosen.rows, chosen.gradiend, Path(chosen.model))
    table = _table(chosen, min_rows=0)
    if chosen.out is not None and "h" in table:
        raise InputError(
            f"{chosen.rows}: it has a column h, which --out would replace; rename it"
        )
    lm, gradiend = _both(chosen)
    if chosen.positive is None:
        table = labelled_as(gradiend, table)
    # However many tokens a word has, h is that of its own, if they are known.
    lm.check_targets(table[table["label"] != 0], max_tokens=sys.maxsize)
    table = answerable(lm, table)
    table = table.assign(h=encode(lm, gradiend, table))
    if chosen.out is not None:
        write_csv(chosen.out, table)
        chosen.written = chosen.out
    spread = class_spread(table, ["factual_class", "split"])
    print(spread.to_string(float_format="{:.3f}".format))
    _show_changes(table)
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

    for name, value in (("h", chosen.h), ("alpha", chosen.alpha)):
        check_finite(value, f"--{name}")
    _free(chosen, chosen.gradiend)
    lm, gradiend = _both(chosen)
    place = chosen.h, chosen.alpha
    save_rewritten(lm, gradiend, *place, chosen.out, overwrite=chosen.overwrite)
    chosen.written = chosen.out
    print(f"{chosen.out}: W + {chosen.alpha:g}·dec({chosen.h:g})")


def _table(chosen: argparse.Namespace, min_rows: int = 10):
    from gradiend.data import read_cloze_table

    return read_cloze_table(
        chosen.rows,
        seed=chosen.seed,
        min_rows=min_rows,
        slot=chosen.slot,
        positive=chosen.positive,
        pairs=_pairs(chosen.pairs) or None,
    )


def _pairs(given: Sequence[str]) -> dict[str, str]:
    """The partner of each word; one word has one."""
    pairs: dict[str, str] = {}
    for pair in dict.fromkeys(given):
        word, equals, other = pair.partition("=")
        if not equals:
            raise InputError(
                "--pairs are words of the two classes, e.g. he=she his=her"
            )
        if word in pairs:
            raise InputError(
                f"--pairs gives {word!r} two partners ({pairs[word]} and {other}); "
                "name one, or write the column counterfactual"
            )
        pairs[word] = other
    return pairs


def _show(table: pd.DataFrame) -> None:
    """The rows that are used, and what was changed or left out."""
    from gradiend.data import class_table

    print(class_table(table).to_string(index=False))
    _show_changes(table)


def _show_changes(table: pd.DataFrame) -> None:
    for what, count in table.attrs.get("changed", {}).items():
        print(f"{what}: {count}")


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


def _free(chosen: argparse.Namespace, *reads: Path) -> None:
    """Refuse a folder that is taken before anything is computed."""
    from gradiend.rewriting import need_free

    remedy = "give another folder, or --overwrite for one that this command has written"
    reads = (Path(chosen.model), *reads)
    need_free(chosen.out, overwrite=chosen.overwrite, reads=reads, remedy=remedy)


def _new(chosen: argparse.Namespace, *reads: Path) -> None:
    """Refuse a file that is taken before anything is computed."""
    from gradiend.files import need_new_file

    remedy = "give another file, or --overwrite"
    need_new_file(chosen.out, overwrite=chosen.overwrite, reads=reads, remedy=remedy)


def _progress(what: str) -> Callable[[Sequence], Sequence]:
    from tqdm import tqdm  # transformers brings it

    return lambda steps: tqdm(steps, desc=what, leave=False)


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
    parser.set_defaults(written="nothing")  # until something is
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, (work, add_options, text) in _COMMANDS.items():
        command = commands.add_parser(name, help=text, description=text)
        add_options(command)
        command.set_defaults(work=work)
    return parser


_COMMANDS = {
    "debias": (_debias, options.debias, "level two classes; saves a model"),
    "rows": (_rows, options.rows, "a file of rows out of plain texts"),
    "encode": (_encode, options.encode, "h of each text of a file"),
    "inspect": (_inspect, options.inspect, "what a gradiend.safetensors holds"),
    "rewrite": (_rewrite, options.rewrite, "save W + α·dec(h)"),
}
