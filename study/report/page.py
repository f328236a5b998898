"""One page with every figure and table of a profile.

``python -m study.report.page PROFILE`` writes ``<results>/<profile>/report.html``;
figures are embedded, so the page can be sent around.
"""

from __future__ import annotations

import base64
import os
import sys
from pathlib import Path

from jinja2 import Environment

from gradiend.errors import InputError, exit_status
from gradiend.files import atomic_path, read_json
from study.profiles.profile import Profile
from study.profiles.reading import load_profile
from study.results.files import INDEXES
from study.results.places import results_root

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>GRADIEND · {{ profile }}</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto;
       padding: 0 1rem; color: #222; }
img { max-width: 100%; }
table { border-collapse: collapse; font-size: .85rem; }
th, td { border-bottom: 1px solid #ddd; }
figure, section { margin: 2.5rem 0; overflow-x: auto; }
nav li { margin: .1rem 0; }
</style>
<h1>GRADIEND: every figure and table of the profile “{{ profile }}”</h1>
<p>{{ description }}. Models called <em>stand-in</em> are small models trained on this
project's planted world; they carry the name of the paper's model whose class and
tokenizer kind they have, and none of its weights.</p>
<nav><ul>
{% for entry in entries %}<li><a href="#{{ entry.name }}">{{ entry.title }}</a></li>
{% endfor %}</ul></nav>
{% for entry in entries %}
<section id="{{ entry.name }}">
<h2>{{ entry.title }}</h2>
<p>{{ entry.caption }}</p>
{{ entry.body }}
</section>
{% endfor %}
<h2>The executed notebooks</h2>
<ul>
{% for path in notebooks %}<li><a href="{{ path }}">{{ path }}</a></li>
{% endfor %}</ul>
</html>
"""


def write_report(profile: Profile) -> Path:
    """Write the page; returns its path."""
    entries = [
        entry | {"body": _body(profile.figures, entry)}
        for index in INDEXES
        for entry in read_json(profile.figures / index)["entries"]
    ]
    path = results_root() / profile.name / "report.html"
    notebooks = sorted((path.parent / "notebooks").glob("*.ipynb"))
    page = Environment(autoescape=False).from_string(_PAGE)
    text = page.render(
        profile=profile.name,
        description=profile.description,
        entries=entries,
        notebooks=[os.path.relpath(item, path.parent) for item in notebooks],
    )
    with atomic_path(path) as unfinished:
        unfinished.write_text(text, encoding="utf-8")
    return path


def _body(folder: Path, entry: dict) -> str:
    if entry["kind"] == "table":
        return _read(folder / f"{entry['name']}.html").decode()
    image = base64.b64encode(_read(folder / f"{entry['name']}.png")).decode()
    return f'<img alt="{entry["title"]}" src="data:image/png;base64,{image}">'


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; run notebook 10 again") from error


def main() -> int:
    """Command line of the module."""
    return exit_status(lambda: write_report(load_profile(sys.argv[1])))


if __name__ == "__main__":
    sys.exit(main())
