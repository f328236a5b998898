"""Fetch and check what is public: see :mod:`study.sources.hub`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from gradiend.errors import exit_status
from gradiend.files import sha256, write_json
from study.results.published import write_left_out
from study.sources.hub.fetch import NotToBeHad, fetch_model
from study.sources.hub.prepare import prepare


def fetch_files(manifest: str) -> None:
    """Prepare a manifest's public files."""
    prepare(manifest, log=lambda line: print(line, flush=True))


def fetch_and_mark(name: str, mark: Path, revision: str | None) -> None:
    """Fetch a model of the hub; ``mark`` says which commit and weights it was."""
    folder = fetch_model(name, revision)
    weights = {path.name: sha256(path) for path in sorted(folder.glob("*.safetensors"))}
    if not weights:
        raise NotToBeHad(f"{name}: no safetensors; other formats are not read")
    write_json(mark, {"path": name, "commit": folder.name, "sha256": weights})
    print(f"done  fetch {name}", flush=True)


def fetch_published(name: str, mark: Path, revision: str | None) -> None:
    """Fetch a checkpoint that others published; one that is not to be had is named.

    ``mark`` says which commit it was or, of one that is left out, why.
    """
    try:
        fetch_and_mark(name, mark, revision)
    except NotToBeHad as error:
        write_left_out(mark, name, str(error))
        print(f"left out  {error}", flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line of the package."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    files = commands.add_parser("files", help="the public files of a manifest")
    files.add_argument("manifest")
    for name, said in (
        ("model", "a model of the hub"),
        ("published", "a checkpoint that others published, if it is there"),
    ):
        model = commands.add_parser(name, help=said)
        model.add_argument("name")
        model.add_argument("mark", type=Path, help="the file that says what was found")
        model.add_argument("revision", nargs="?")
    options = parser.parse_args(arguments)
    if options.command == "files":
        return exit_status(lambda: fetch_files(options.manifest))
    fetch = fetch_and_mark if options.command == "model" else fetch_published
    return exit_status(lambda: fetch(options.name, options.mark, options.revision))


if __name__ == "__main__":
    sys.exit(main())
