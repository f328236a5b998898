"""``python -m gradiend.public PROFILE [MODEL]``: fetch and check what is public."""

from __future__ import annotations

import sys

from gradiend.errors import exit_status
from gradiend.profiles import load_profile
from gradiend.public import fetched_mark
from gradiend.public.fetch import fetch_model, sha256
from gradiend.public.prepare import prepare
from gradiend.results import write_json


def fetch_public(profile: str, model: str | None = None) -> None:
    """Prepare a profile's public files, or fetch one of its models."""
    run = load_profile(profile)
    if model is None:
        prepare(run.data, log=lambda line: print(line, flush=True))
        return
    settings = run.settings(model, run.features[0])
    folder = fetch_model(settings.path, settings.revision)
    weights = {path.name: sha256(path) for path in sorted(folder.glob("*.safetensors"))}
    found = {"path": settings.path, "commit": folder.name, "sha256": weights}
    write_json(fetched_mark(settings), found)
    print(f"done  fetch {settings.path}", flush=True)


def main() -> int:
    """Command line of the package."""
    return exit_status(lambda: fetch_public(*sys.argv[1:]))


if __name__ == "__main__":
    sys.exit(main())
