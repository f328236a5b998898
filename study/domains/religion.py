"""Religion: christian, jewish and muslim, by the terms that name them."""

from __future__ import annotations

from study.domains.terms import term_domain

RELIGION = term_domain(
    "religion",
    ("christian", "jewish", "muslim"),
    {
        "CJ": ("christian", "jewish"),
        "CM": ("christian", "muslim"),
        "MJ": ("muslim", "jewish"),
    },
    crows="religion",
    seat=tuple(f"sent-religion{n}" for n in ("1", "1b", "2", "2b")),
    called="religion",
)
