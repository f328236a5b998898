"""What of a command line goes to Snakemake, read by its own parser before it starts.

A mistake is one line, not a page about another program.
"""

from __future__ import annotations

import difflib
from argparse import Namespace
from collections.abc import Iterable, Sequence
from typing import NoReturn

from gradiend.errors import InputError
from study.profiles.reading import profile_names
from study.run.step import Step

OURS = ("--models", "--domains", "--help")
_HERE = (None, "local", "dryrun", "touch")  # executors of Snakemake


def read_options(options: Sequence[str]) -> Namespace:
    """The options by Snakemake's names, ``targets`` among them.

    Raises
    ------
    InputError
        naming the option and the nearest right one.
    """
    # Imported here: it takes seconds, and a run without options does not need it.
    from snakemake.cli import get_argument_parser
    from snakemake.exceptions import CliException

    parser = get_argument_parser()
    parser.error = _refuse
    try:
        found, unknown = parser.parse_known_args(list(options))
    except CliException as error:
        _refuse(str(error).removeprefix("Error ").rstrip("."))
    for option in unknown:
        _refuse_unknown(option, [*OURS, *parser._option_string_actions])
    _check_values(found)
    return found


def elsewhere(options: Namespace) -> bool:
    """Whether the steps run on other machines, as far as the options say."""
    return options.executor not in _HERE or bool(options.profile)


def check_targets(options: Namespace, plan: Iterable[Step]) -> None:
    """Refuse what is neither an option nor a step, such as a second profile."""
    plan = list(plan)
    names = ["all", *(step.rule for step in plan)]
    files = {str(path) for step in plan for path in step.outputs}
    for target in options.targets:
        if target in names or target in files:
            continue
        close = difflib.get_close_matches(target, [*profile_names(), *names], n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise InputError(
            f"{target!r} is neither an option nor a step of this run{hint} (one "
            "command or profile at a time, a command first; -n shows the steps)"
        )


def _check_values(found: Namespace) -> None:
    for option, count in (("-j", found.jobs), ("-c", found.cores)):
        if count is not None and count < 1:
            raise InputError(
                f"{option} {count}: a run needs at least one core; leave {option} out "
                "for all of them"
            )
    if found.config:
        raise InputError(
            "--config: what is run is said in a profile; write one of your own (like: "
            "and a profile's name, then what differs)"
        )


def _refuse(message: str) -> NoReturn:
    raise InputError(f"{message} (./run_all.sh --help says what there is)")


def _refuse_unknown(option: str, known: Iterable[str]) -> NoReturn:
    name = option.partition("=")[0]
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    _refuse(f"unknown option {name!r}{hint}")
