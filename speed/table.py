"""The tables of docs/speed.md, from the results files.

``./run_all.sh bench speed --table`` writes what stands between the two comments.
"""

from __future__ import annotations

from pathlib import Path

from bars import RATIOS, Bar
from random_models import MODELS
from record import SETTINGS, SIDES, USERS, Record, ratio_name, same

from gradiend.errors import InputError
from gradiend.files import atomic_path
from study.results.places import REPOSITORY

DOCUMENT = REPOSITORY / "docs" / "speed.md"
BEGIN = "<!-- tables: ./run_all.sh bench speed --table writes from here -->"
END = "<!-- tables: to here -->"
# Which the check of numbers (study/report/readme.py) passes over.
_MARK = "<!-- not results: of ./run_all.sh bench, in speed/results -->"
MISSING = "*not measured*"
HEADLINE = "BERT-base size"
# Names of measures in the results, and how the document has them.
SECONDS = {
    "step, batch 1": "training step, 1 row",
    "step, batch 32": "training step, 32 rows",
    "encoding a row": "encoding a row",
    "a grid candidate": "a grid candidate",
}
MEMORY = {
    "peak memory, batch 1": "peak memory, 1 row",
    "peak memory, batch 32": "peak memory, 32 rows",
}
WORDS = SECONDS | MEMORY
LIMITS = {
    "operations a second of the gradients, share of a matmul's": (
        "gradients, of a plain matrix product's rate"
    ),
    "bytes a second of the update, share of a copy's": (
        "update, of a plain copy's rate"
    ),
}


def tables(folder: Path) -> str:
    """All tables of what ``folder`` has, as Markdown; what it lacks is marked."""
    records = {name: Record.read(name, folder) for name in MODELS}
    others = {name: record for name, record in records.items() if name != HEADLINE}
    parts = [
        _headline(records[HEADLINE]),
        _where(records[HEADLINE]),
        "Other sizes, theirs / ours: kept | plain | *as each side's users run it*.",
        _others(others),
        "The bars, each in both settings:",
        _bars(records),
        "This package beside the machine, kept:",
        _limits(records),
    ]
    return "\n\n".join(parts)


def fill(document: Path, folder: Path) -> None:
    """Write the tables between the document's two comments.

    Raises
    ------
    InputError
        if the comments are not there.
    """
    text = document.read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise InputError(f"{document}: has no {BEGIN} … {END}; put them in")
    with atomic_path(document) as unfinished:
        filled = f"{before}{BEGIN}\n\n{tables(folder)}\n\n{END}{after}"
        unfinished.write_text(filled, encoding="utf-8")


def _headline(record: Record) -> str:
    """Both sides in each setting, and the mixed ratio."""
    head = [f"{HEADLINE} (*n* = 108 million)"]
    for setting in SETTINGS:
        head += [f"{setting}: theirs", "ours", "**theirs / ours**"]
    head += ["*as each side's users run it*", "calls: theirs, ours"]
    rows = []
    for measure, words in WORDS.items():
        row = [words]
        for setting in SETTINGS:
            row += [_value(measure, record.value(measure, setting, s)) for s in SIDES]
            row.append(_ratio(record.ratio(measure, same(setting)), "**"))
        row.append(_ratio(record.ratio(measure, USERS), "*"))
        rows.append([*row, _calls(record, measure)])
    return _markdown(head, rows)


def _where(record: Record) -> str:
    """Processor, threads, versions."""
    found = record.conditions
    parts = [
        str(found.get("processor", "")),
        f"{found.get('threads', '?')} threads",
        f"torch {found.get('torch', '?')}",
        f"theirs: {found.get('peer', 'not measured')}",
    ]
    return f"({'; '.join(filter(None, parts))}.)"


def _others(records: dict[str, Record]) -> str:
    head = ["", *records]
    settings = [*map(same, SETTINGS), USERS]
    rows = [
        [
            words,
            *(
                " / ".join(
                    _ratio(record.ratio(measure, each), mark, missing="–")
                    for each, mark in zip(settings, ("**", "", "*"), strict=True)
                )
                for record in records.values()
            ),
        ]
        for measure, words in WORDS.items()
    ]
    return _markdown(head, rows)


def _bars(records: dict[str, Record]) -> str:
    rows = []
    for (model, measure), bound in RATIOS.items():
        figures = records[model].figures()
        cells = []
        for setting in SETTINGS:
            name = ratio_name(model, measure, setting)
            value = figures.get(name)
            holds = value is None or Bar(name, bound).holds(value)
            cells.append(_ratio(value) + ("" if holds else " **missed**"))
        rows.append([f"{model}: {WORDS[measure]}", f"{bound:.3g}", *cells])
    return _markdown(["theirs / ours", "at least", *SETTINGS], rows)


def _limits(records: dict[str, Record]) -> str:
    rows = []
    for measure, words in LIMITS.items():
        values = [record.value(measure, "kept", "ours") for record in records.values()]
        rows.append([words, *(MISSING if v is None else f"{v:.0%}" for v in values)])
    return _markdown(["", *records], rows)


def _calls(record: Record, measure: str) -> str:
    """How many calls a figure has, of fewest turns and calls over the settings."""
    found = []
    for side in SIDES:
        turns = [
            record.rows[measure, setting, side]["turns"]
            for setting in SETTINGS
            if (measure, setting, side) in record.rows
        ]
        counts = [(sum(map(len, each)), len(each)) for each in turns]
        found.append("{} in {}".format(*min(counts)) if counts else "–")
    return ", ".join(found)


def _value(measure: str, value: float | None) -> str:
    if value is None:
        return MISSING
    if measure in MEMORY:
        return f"{value / 1024:.1f} GiB"
    return f"{_digits(value)} s"


def _ratio(value: float | None, mark: str = "", *, missing: str = MISSING) -> str:
    return missing if value is None else f"{mark}{_digits(value)}{mark}"


def _digits(value: float) -> str:
    """Two digits, or all before the point."""
    return f"{value:.0f}" if value >= 10 else f"{float(f'{value:.2g}')}"


def _markdown(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join([_MARK, *(f"| {' | '.join(line)} |" for line in lines)])
