"""Words of neutral texts: letters of any alphabet, English as ever."""

from __future__ import annotations

import random
import re
import unicodedata

import pytest

from gradiend.evaluation.encoder import _WORD


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Die Mädchen grüßen.", ["Die", "Mädchen", "grüßen"]),
        ("Она пошла домой.", ["Она", "пошла", "домой"]),
        ("हिन्दी में लिखा", ["हिन्दी", "में", "लिखा"]),
        ("ذهبت إلى البيت.", ["ذهبت", "إلى", "البيت"]),
        ("שָׁלוֹם לך", ["שָׁלוֹם", "לך"]),
        ("彼女は、家。", ["彼女は", "家"]),
        (unicodedata.normalize("NFD", "naïve café"), None),
        ("x² is ½ of Ⅳ in 1st, a_b 12", ["x", "is", "of", "in", "st", "a", "b"]),
        ("123 ٣٤ — … ² ½", []),
    ],
)
def test_words_are_letters_of_any_alphabet(text, words):
    assert _WORD.findall(text) == (text.split() if words is None else words)


def test_words_of_plain_english_are_what_they_were():
    before = re.compile(r"[A-Za-z]+")
    draw = random.Random(0)
    signs = [chr(code) for code in range(128)] + ["’", "“", "—", "…", "€", "\u00a0"]
    for _ in range(300):
        text = "".join(draw.choices(signs, k=80))
        spans = [match.span() for match in _WORD.finditer(text)]
        assert spans == [match.span() for match in before.finditer(text)]
