"""A YAML file of settings as people write it; what is wrong with it is one line.

PyYAML reads YAML 1.1, where a number with an exponent has a point and a sign as well:
``1e-4`` is a text there. And of a key that stands there twice it takes the last.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from gradiend.errors import InputError

ENDINGS = (".yaml", ".yml")
_EXPONENT = re.compile(r"[-+]?(\d[\d_]*\.?[\d_]*|\.\d[\d_]*)[eE][-+]?\d+$")


class _Loader(yaml.SafeLoader):
    """Numbers as in YAML 1.2, and each key once."""

    def compose_mapping_node(self, anchor: str | None) -> yaml.MappingNode:
        # Here, since later the keys of others are among them (<<: *other).
        node = super().compose_mapping_node(anchor)
        seen: set[Any] = set()
        for key, _ in node.value:
            name = str(key.value)
            if name in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"{name!r} stands there twice; say it once",
                    problem_mark=key.start_mark,
                )
            seen.add(name)
        return node


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", _EXPONENT, list("-+.0123456789")
)


def read_yaml(path: Path) -> Any:
    """What a file says.

    Raises
    ------
    InputError
        naming the file, the line and what is wrong with it.
    """
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)
    except yaml.YAMLError as error:
        raise InputError(f"{path}: not valid YAML ({_reason(error)})") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not in UTF-8; save it so ({error})") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error


def _reason(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return " ".join(str(error).split())
    said = " ".join(filter(None, (error.context, error.problem)))
    return f"line {mark.line + 1}: {said}"
