"""Checks before a run: names on the command line, and results that got damaged.

``python -m gradiend.entrance PROFILE [models=a,b] [domains=c]``, called by run_all.sh.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from gradiend.errors import InputError, exit_status
from gradiend.notebooks import remove_damaged
from gradiend.plan import steps
from gradiend.profiles import load_profile
from gradiend.results import results_root


def check(arguments: Sequence[str]) -> None:
    """Raise InputError for what cannot run; delete damaged results, naming them."""
    profile = load_profile(arguments[0])
    if profile.data != "world":
        raise InputError(
            f"profile {profile.name} reads the public data sets from the hub, which "
            "this version does not do yet; use mini or quick"
        )
    chosen = dict(argument.split("=", 1) for argument in arguments[1:])
    steps(profile, **{key: value.split(",") for key, value in chosen.items()})
    for path in remove_damaged(results_root() / profile.name / "notebooks"):
        print(f"{path}: damaged since it was written; it is made again")


def main() -> int:
    """Command line of the module."""
    return exit_status(lambda: check(sys.argv[1:]))


if __name__ == "__main__":
    sys.exit(main())
