"""What the commands of :mod:`gradiend.cli` can be told, and what their help says."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from pathlib import Path


def debias(parser: argparse.ArgumentParser) -> None:
    """A model, rows and a folder; how the feature is learned and levelled."""

    def option(name: str, kind: Callable, text: str, **more) -> None:
        default = " (default: %(default)s)" if "default" in more else ""
        parser.add_argument(f"--{name}", type=kind, help=text + default, **more)

    _model(parser)
    _file(parser)
    _out(parser, "a new folder, for the rewritten model and its feature")
    ways = ("closed-form", "train")
    learned = "one pass over the rows, or the paper's training"
    option("method", str, learned, choices=ways, default=ways[0])
    neutral = (
        "a text a line, to ask the language-modelling score (LMS) of; without it LMS "
        "is asked of the file's own texts, which is weaker"
    )
    option("neutral", Path, neutral)
    probes = (
        "a text with the slot a line that decides no class (20 at least): half of them "
        "choose, half report; without it rows of the file do, which may decide"
    )
    option("probes", Path, probes)
    option("candidates", int, "rewritten models to measure at most", default=24)
    option("texts", int, "texts to ask each of them at most, 0 for all", default=60)
    option("max-tokens", int, "tokens that a word may have", default=3)
    option("steps", int, "of --method train")
    option("batch-size", int, "rows that are learned from at a time")
    option("learning-rate", float, "of --method train")
    option("push-to-hub", str, "upload the folder there, too", metavar="OWNER/NAME")


def rows(parser: argparse.ArgumentParser) -> None:
    """Texts, two words and a file."""
    parser.add_argument("texts", type=Path, help="a text a line")
    words = "one of each class, that of class +1 first"
    parser.add_argument("--words", nargs=2, required=True, metavar="WORD", help=words)
    _out(parser, "CSV file for the rows")


def encode(parser: argparse.ArgumentParser) -> None:
    """A model, its feature, rows and perhaps a file."""
    _model(parser)
    _feature(parser)
    _file(parser)
    _out(parser, "CSV file for the rows with their h", required=False)


def inspect(parser: argparse.ArgumentParser) -> None:
    """A feature."""
    _feature(parser)


def rewrite(parser: argparse.ArgumentParser) -> None:
    """A model, its feature, where to on it, and a folder."""
    # As later versions of argparse have it: -1e-4 is a number, too.
    parser._negative_number_matcher = re.compile(r"-\.?\d")
    _model(parser)
    _feature(parser)
    parser.add_argument("--h", type=float, required=True, help="feature factor")
    parser.add_argument("--alpha", type=float, required=True, help="learning rate")
    _out(parser, "a new folder")


def _model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", help="a folder or a hub name")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, …")
    numbers = (
        "float32, bfloat16, … to compute and save in; auto: the checkpoint's own "
        "(default: %(default)s)"
    )
    parser.add_argument("--dtype", default="float32", help=numbers)


def _feature(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("gradiend", type=Path, help="gradiend.safetensors of debias")


def _file(parser: argparse.ArgumentParser) -> None:
    """The rows, and what a file may leave unsaid."""
    parser.add_argument("rows", type=Path, help="CSV or JSON-lines file of texts")
    parser.add_argument("--slot", help="how files write the slot, if not [MASK]")
    parser.add_argument("--positive", metavar="CLASS", help="which class is +1")
    parser.add_argument(
        "--pairs",
        nargs="+",
        action="extend",
        default=[],
        metavar="A=B",
        help="aligned words, where the file has no counterfactuals",
    )
    drawn = "of what is drawn, such as splits (default: %(default)s)"
    parser.add_argument("--seed", type=int, default=0, help=drawn)


def _out(parser: argparse.ArgumentParser, text: str, *, required: bool = True) -> None:
    parser.add_argument("--out", type=Path, required=required, help=text)
    replaced = "replace what an earlier call has written there"
    parser.add_argument("--overwrite", action="store_true", help=replaced)
