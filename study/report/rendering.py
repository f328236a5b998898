"""Pages of HTML from the templates beside this module, and images within them."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from PIL import Image

from gradiend.files import atomic_path
from study.results.reading import made

TEMPLATES = Path(__file__).with_name("templates")
LARGEST_VECTOR = 256 * 1024  # bytes; a larger SVG is embedded as an image of points
_DOTS, _PIXELS = 150, 96  # an inch of a saved figure, and of a page


@dataclass(frozen=True)
class Picture:
    """A figure within a page, at the size it was drawn in."""

    source: str  # data URI
    width: int
    height: int


def write_page(path: Path, template: str, **values: object) -> Path:
    """Write a page; ``values`` are escaped, unless the template trusts them."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    text = environment.get_template(template).render(values)
    with atomic_path(path) as unfinished:
        unfinished.write_text(text, encoding="utf-8")
    return path


def picture(folder: Path, name: str, *, vector: bool) -> Picture:
    """A figure of ``folder`` as a page embeds it.

    As SVG if ``vector`` and small, else as WebP without loss, a third of the PNG.
    """
    with Image.open(made(folder / f"{name}.png")) as image:
        width, height = (round(side * _PIXELS / _DOTS) for side in image.size)
        drawing = made(folder / f"{name}.svg")
        if vector and drawing.stat().st_size <= LARGEST_VECTOR:
            return Picture(_data("svg+xml", drawing.read_bytes()), width, height)
        packed = io.BytesIO()
        image.convert("RGB").save(packed, "WEBP", lossless=True, quality=60, method=4)
    return Picture(_data("webp", packed.getvalue()), width, height)


def _data(kind: str, content: bytes) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"
