"""Files of rows: CSV or JSON in, cells of text and their place in the file out.

What a file is, is told by what it holds, not by its ending. A cell stays what is
written: ``007``, ``1e3``, ``TRUE`` and ``None`` are words.

A table that was read knows where its rows stand: ``attrs["rows"]`` is what they are
counted in (``line`` or ``item``) and the number of the one with index 0; a gap in the
index is a gap in the file. What was changed or left out on the way is counted in
``attrs["changed"]``.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Collection, Hashable, Iterable, Iterator, Sequence
from functools import partial
from numbers import Integral
from pathlib import Path

import pandas as pd

from gradiend.errors import InputError

_SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab"}
_BELOW_HEADER = ("line", 2)  # what rows are counted in, and the first's number
_LINES = ("line", 1)
_ITEMS = ("item", 1)
_EXPORT = "save it as CSV in UTF-8 (File, Save as) and give that file"
_NO_TEXT = {
    b"PK\x03\x04": f"a spreadsheet or an archive, not text; {_EXPORT}",
    b"\xd0\xcf\x11\xe0": f"an old spreadsheet, not text; {_EXPORT}",
    b"\x1f\x8b": "a compressed file; unpack it first",
}
# Numbers keep the spelling they have in the file.
_decode = partial(json.loads, parse_int=str, parse_float=str, parse_constant=str)


def read_rows(path: str | Path, *, columns: Collection[str]) -> pd.DataFrame:
    """The rows of a CSV or JSON file, all cells as text; absent ones are ``""``.

    ``columns`` are names that the file may have: they tell its separator.

    Raises
    ------
    InputError
        naming file and line (or item of a JSON list) and the way out.
    """
    path = Path(path)
    text = _text(
        path,
        wanted="a CSV or JSON cloze table",
        empty=f"its first line names the columns {', '.join(columns)}",
    )
    match text.lstrip()[0]:
        case "[":
            return _json_list(text, path)
        case "{":
            return _json_lines(text, path)
        case _:
            return _separated(text, path, columns)


def read_lines(path: str | Path) -> list[str]:
    """The texts of a text file, one a line, without the spaces around them.

    A line ends where an editor ends it; what Unicode calls a line separator is text.

    Raises
    ------
    InputError
        naming file and line and the way out.
    """
    return table_of_lines(path, "text")["text"].tolist()


def table_of_lines(path: str | Path, column: str) -> pd.DataFrame:
    """The same texts as a column of a table that knows their lines."""
    path = Path(path)
    text = _text(path, wanted="a text file", empty="write a text a line")
    lines = enumerate(io.StringIO(text, newline=None), start=1)
    rows = [(place, [line.strip()]) for place, line in lines if line.strip()]
    return _table([column], rows, path, counting=_LINES)


def given_texts(texts: Iterable[str], name: str) -> list[str]:
    """Texts that a caller gives as ``name``, as a list.

    Raises
    ------
    InputError
        for anything but texts: of one text each letter would be taken for one.
    """
    remedy = "give a list of texts (gradiend.reading.read_lines makes one of a file)"
    if isinstance(texts, str | Path):
        raise InputError(f"{name} is {str(texts)!r}; {remedy}")
    found = list(texts)
    if isinstance(texts, pd.DataFrame) or not all(isinstance(t, str) for t in found):
        raise InputError(
            f"{name} is a {type(texts).__name__} of other things; {remedy}"
        )
    return found


def row_name(table: pd.DataFrame, index: Hashable) -> str:
    """What messages call the row of this index: ``line 7``, ``item 3``, ``row 7``.

    Rows of a table that comes from no file are counted below a header.
    """
    if not isinstance(index, Integral):
        return f"row {index}"
    kind, first = table.attrs.get("rows", ("row", 2))
    return f"{kind} {index + first}"


def counted(table: pd.DataFrame, what: str, number: int) -> pd.DataFrame:
    """The table, with ``number`` things changed or left out added to its counts."""
    if number:
        changed = table.attrs.get("changed", {})
        table.attrs["changed"] = changed | {what: changed.get(what, 0) + int(number)}
    return table


def told(table: pd.DataFrame) -> str:
    """The counts of a table as the end of a message; empty where nothing changed."""
    counts = table.attrs.get("changed", {}).items()
    said = ", ".join(f"{what}: {number}" for what, number in counts)
    return f" (changed or left out before: {said})" if said else ""


def _text(path: Path, *, wanted: str, empty: str) -> str:
    """A file's text; what is ``wanted``, and what an ``empty`` file lacks, is said."""
    if not path.is_file():
        raise InputError(f"{path}: no such file; give {wanted}")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(
            f"{path} cannot be read ({error.strerror}); give {wanted} that you may read"
        ) from error
    for start, what in _NO_TEXT.items():
        if content.startswith(start):
            raise InputError(f"{path}: {what}")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError(
            f"{path}, line {line}: not UTF-8; save the file as UTF-8 (a spreadsheet "
            "program calls it CSV UTF-8)"
        ) from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise InputError(f"{path}, line {line}: not text (a zero byte); {_EXPORT}")
    if not text.strip():
        raise InputError(f"{path}: the file is empty; {empty}")
    return text


def _separated(text: str, path: Path, columns: Collection[str]) -> pd.DataFrame:
    """The table of a file of lines; its separator is the one that fits the header."""
    header = text.lstrip().splitlines()[0]

    def fitting(separator: str) -> int:
        return len({name.strip(' "') for name in header.split(separator)} & {*columns})

    separator = max(_SEPARATORS, key=fitting)
    records = list(_records(text, separator, path))
    written = [record for record in records if any(map(str.strip, record[1]))]
    (_, names), *rows = written
    for line, cells in rows:
        if len(cells) != len(names):
            sign = _SEPARATORS[separator]
            raise InputError(
                f"{path}, line {line}: {len(cells)} cells, but the header names "
                f'{len(names)}; put "…" around a text with a {sign} in it, and a '
                f"{sign} for an empty cell"
            )
    table = _table(names, rows, path, counting=_BELOW_HEADER)
    return counted(table, "empty lines", len(records) - len(written))


def _records(
    text: str, separator: str, path: Path
) -> Iterator[tuple[int, Sequence[str]]]:
    """Each record with the line it begins in: quoted texts may hold line ends."""
    lines = io.StringIO(text, newline="")
    # Written by hand, a cell may begin with a space; quotes behind it are quotes.
    reader = csv.reader(lines, delimiter=separator, strict=True, skipinitialspace=True)
    line = 1
    try:
        for cells in reader:
            yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise InputError(
            f"{path}, line {line}: a quote that does not end its cell ({error}); write "
            'a text with quotes as "…" and double those in it'
        ) from error


def _json_list(text: str, path: Path) -> pd.DataFrame:
    items = enumerate(_decoded(text, path), start=1)
    rows = [(item, _cells(row, f"{path}, item {item}")) for item, row in items]
    return _from_objects(rows, path, counting=_ITEMS)


def _json_lines(text: str, path: Path) -> pd.DataFrame:
    lines = list(enumerate(io.StringIO(text, newline=""), start=1))
    rows = [
        (line, _cells(_decoded(row.strip(), path, line=line), f"{path}, line {line}"))
        for line, row in lines
        if row.strip()
    ]
    table = _from_objects(rows, path, counting=_LINES)
    return counted(table, "empty lines", len(lines) - len(rows))


def _decoded(text: str, path: Path, *, line: int = 1) -> object:
    """The JSON value of a text that begins in ``line``."""
    try:
        return _decode(text)
    except json.JSONDecodeError as error:
        raise InputError(
            f"{path}, line {line + error.lineno - 1}: not JSON ({error.msg}); write a "
            "list of objects, or one object a line"
        ) from error


def _cells(row: object, where: str) -> dict[str, str]:
    """The cells of a JSON object, as text; null is an empty one."""
    if not isinstance(row, dict):
        raise InputError(f"{where}: not an object; a row is an object of texts")
    for column, value in row.items():
        if isinstance(value, dict | list):
            raise InputError(
                f"{where}: column {column} is not text; a row is an object of texts "
                "(pandas writes it with orient='records')"
            )
        if not str(value).isprintable() and _broken(str(value)):
            raise InputError(
                f"{where}: column {column} has half a character ({value!r}): the text "
                "was cut within it; cut it off"
            )
    written = {None: "", True: "true", False: "false"}
    return {column: written.get(value, value) for column, value in row.items()}


def _broken(text: str) -> bool:
    """Whether a text holds what UTF-8 has not: half of an emoji, as JSON writes it."""
    return any("\ud800" <= character <= "\udfff" for character in text)


def _from_objects(
    rows: list[tuple[int, dict[str, str]]], path: Path, *, counting: tuple[str, int]
) -> pd.DataFrame:
    names = list(dict.fromkeys(name for _, row in rows for name in row))
    cells = [(place, [row.get(name, "") for name in names]) for place, row in rows]
    return _table(names, cells, path, counting=counting)


def _table(
    names: Sequence[str],
    rows: Sequence[tuple[int, Sequence[str]]],
    path: Path,
    *,
    counting: tuple[str, int],
) -> pd.DataFrame:
    """A table of (place, cells); columns without a name are left out."""
    names = [" ".join(name.split()) for name in names]
    for name in filter(None, names):
        if names.count(name) > 1:
            raise InputError(f"{path}: two columns {name}; rename or delete one")
    index = [place - counting[1] for place, _ in rows]
    table = pd.DataFrame([cells for _, cells in rows], index, names, dtype=str)
    table.attrs = {"rows": counting, "changed": {}}
    named = table.loc[:, [name != "" for name in names]]
    return counted(named, "columns without a name", names.count(""))
