"""The words of the tables of three classes (notebook 13)."""

from __future__ import annotations

PLANTED = "planted "  # how the columns begin that say what was planted, of each class
