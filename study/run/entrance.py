"""Checks before a run: names on the command line, results that got damaged, the hub.

``python -m study.run.entrance PROFILE [models=a,b] [domains=c]``, called by run_all.sh.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from gradiend.errors import exit_status
from study.profiles.reading import load_profile
from study.results.places import results_root
from study.run.damage import remove_damaged
from study.run.plan import steps
from study.sources.chosen import source_of


def check(arguments: Sequence[str]) -> None:
    """Raise InputError for what cannot run; delete damaged results, naming them."""
    profile = load_profile(arguments[0])
    chosen = dict(argument.split("=", 1) for argument in arguments[1:])
    chosen = {key: value.split(",") for key, value in chosen.items()}
    steps(profile, **chosen)
    models = chosen.get("models", profile.models)
    sources = [source_of(data) for data in dict.fromkeys(map(profile.data_of, models))]
    for source in sources:
        source.check()
    hub = any(entry.hub for entry in profile.entries.values())
    if hub or any(source.preparation is not None for source in sources):
        # Imported here: it takes seconds, and only runs with the hub need it.
        from study.run.preflight import preflight

        preflight(profile, models, log=print)
    for path in remove_damaged(results_root() / profile.name / "notebooks"):
        print(f"{path}: damaged since it was written; it is made again")


def main() -> int:
    """Command line of the module."""
    return exit_status(lambda: check(sys.argv[1:]))


if __name__ == "__main__":
    sys.exit(main())
