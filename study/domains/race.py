"""Race: asian, black and white, by the terms that name them."""

from __future__ import annotations

from study.domains.terms import term_domain

RACE = term_domain(
    "race",
    ("asian", "black", "white"),
    {"AB": ("asian", "black"), "AW": ("asian", "white"), "BW": ("black", "white")},
    crows="race-color",
    seat=(
        "sent-angry_black_woman_stereotype",
        "sent-angry_black_woman_stereotype_b",
        *(f"sent-weat{n}" for n in ("3", "3b", "4", "5", "5b")),
    ),
    called="race/color",
)
