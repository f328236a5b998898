"""Attribute words of two classes and of three."""

from __future__ import annotations

from study.comparison.attribute_words import AttributeWords

WORDS = AttributeWords(
    ("male", "female"),
    (("he", "she"), ("him", "her"), ("his", "her"), ("grandfathers", "grandmothers")),
)


RELIGION = AttributeWords(
    ("christian", "jewish", "muslim"),
    (
        ("Christian", "Jew", "Muslim"),
        ("church", "synagogue", "mosque"),
        ("Holy Scripture", "Torah", "Koran"),
        ("holy", "kosher", "halal"),
    ),
)
