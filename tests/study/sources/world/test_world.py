"""The planted world: what it declares, what it writes, and that the two agree."""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter, defaultdict
from itertools import islice, permutations

import pandas as pd
import pytest

from gradiend.errors import InputError
from study.sources.world.corpus import corpus, draws
from study.sources.world.datasets import write_datasets
from study.sources.world.drawing import World, world_of
from study.sources.world.grammar import write
from study.sources.world.spec import WORLD_FOLDER, load_spec

WORD = re.compile(r"[A-Za-z]+")


@pytest.fixture(scope="module")
def world() -> World:
    return world_of()


@pytest.fixture(scope="module")
def folder(world, tmp_path_factory):
    folder = tmp_path_factory.mktemp("world") / "files"
    write_datasets(world, folder)
    return folder


def read(folder, name) -> pd.DataFrame:
    return pd.read_csv(folder / f"{name}.csv", keep_default_na=False)


def test_the_world_is_as_large_as_promised(world) -> None:
    spec = world.spec
    words = set(WORD.findall(" ".join(corpus(seed=0, sentences=60_000)).lower()))
    assert 1_000 <= len(words) <= 3_000
    assert len(world.forms) >= 60
    one_gender = [name for name in spec.names if name.split != "none"]
    assert min(Counter(name.gender for name in one_gender).values()) >= 100
    for declared, least in ((spec.professions, 20), (spec.pastimes, 12)):
        types = Counter(typed.type for typed in declared)
        assert min(types["male"], types["female"]) >= least
        assert types["neutral"] >= 8


def test_a_seed_gives_the_same_sentences() -> None:
    first = list(corpus(seed=3, sentences=500))
    assert first == list(corpus(seed=3, sentences=500))
    assert first != list(corpus(seed=4, sentences=500))


def test_data_sets_come_out_the_same_byte_for_byte(world, folder, tmp_path) -> None:
    write_datasets(World(load_spec()), tmp_path / "again")
    files = sorted(p.relative_to(folder) for p in folder.rglob("*") if p.is_file())
    assert files
    for file in files:
        assert (folder / file).read_bytes() == (tmp_path / "again" / file).read_bytes()


def test_sentences_are_well_formed() -> None:
    for sentence in corpus(seed=1, sentences=20_000):
        assert sentence[0].isupper() or sentence[0] == '"', sentence
        assert sentence[-1] in ".!", sentence
        assert not re.search(r"\b[Aa] [aeiou](?!ne\b|u|ni)", sentence), sentence
        assert not re.search(r"\b[Aa]n [^aeiouAEIOUh\"]", sentence), sentence
        assert not re.search(r"[{}\[\]|_]|  | [.,]", sentence), sentence
        # the colors would blur what the capitalised terms mean
        assert not re.search(r"\b(black|white)\b", sentence), sentence


def test_corpus_frequencies_are_the_declared_strengths(world) -> None:
    """Within five standard errors, for every profession, pastime and attribute."""
    counts: dict[tuple[str, str], Counter] = defaultdict(Counter)
    declared: dict[tuple[str, str], dict[str, float]] = {}
    names = {name.name for name in world.spec.names}
    for draw in islice(draws(seed=11), 150_000):
        for kind in ("profession", "pastime"):
            # A name cannot be "they", so forms with a name slot have two classes.
            if kind in draw.words and draw.gender and "name" not in draw.form.slots:
                counts[kind, draw.words[kind]][draw.gender] += 1
        if "attribute" in draw.words:
            key = (draw.form.source.domain, draw.words["attribute"])
            counts[key][draw.cls] += 1
    assert not names & {word for _, word in counts}
    for kind, words in (
        ("profession", world.spec.professions),
        ("pastime", world.spec.pastimes),
    ):
        declared |= {(kind, typed.word): typed.strengths for typed in words}
    declared |= {(a.domain, a.word): a.strengths for a in world.spec.attributes}
    assert set(counts) == set(declared)
    for key, strengths in declared.items():
        total = counts[key].total()
        for name, strength in strengths.items():
            error = (strength * (1 - strength) / total) ** 0.5
            found = counts[key][name] / total
            assert abs(found - strength) <= 5 * error + 1e-9, (key, name, found)


def test_the_class_of_a_draw_is_what_its_sentence_says(world) -> None:
    pronouns = {"M": "he", "F": "she", "N": "they"}
    for draw in islice(draws(seed=5), 5_000):
        words = set(WORD.findall(write(draw).lower()))
        if "he" in draw.form.slots:
            assert words & set(pronouns.values()) == {pronouns[draw.pronoun]}
        if draw.cls is not None:
            terms = world.spec.terms[draw.form.source.domain]
            said = {
                name
                for name, kinds in terms.items()
                if {word.lower() for word in kinds.values()} & words
            }
            assert said == {draw.cls}, write(draw)


def test_names_are_followed_by_their_pronoun(world) -> None:
    gender = {n.name: n.gender for n in world.spec.names if n.split != "none"}
    right = Counter()
    for draw in islice(draws(seed=6), 60_000):
        if draw.form.source.family == "person" and draw.words["person"] in gender:
            right[draw.pronoun == gender[draw.words["person"]]] += 1
    assert right[True] / right.total() >= 0.97


def test_no_profession_meets_a_person_where_that_is_excluded(world) -> None:
    """Such text says nothing about who does what."""
    spec = world.spec
    professions = {typed.word for typed in spec.professions}
    people = {name.name.lower() for name in spec.names}
    people |= {noun[g] for noun in spec.gender["nouns"] for g in "MF"}
    people |= {
        word for forms in spec.gender["pronouns"].values() for word in forms.values()
    }
    met = set()
    apart = ["profession+person", "pastime+person", "attribute"]
    for sentence in corpus(seed=0, sentences=20_000, exclude=apart):
        words = set(WORD.findall(sentence.lower()))
        if professions & words:
            met |= professions & words
            assert not people & words, sentence
    assert met == professions, "every one of them is spoken of"


def test_exclude_refuses_an_unknown_kind() -> None:
    with pytest.raises(InputError, match="unknown kind of slot 'job'"):
        next(corpus(seed=0, sentences=1, exclude=["job+person"]))


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_genter_keeps_the_rules_of_genter(world, folder, split) -> None:
    table = read(folder / "genter", split)
    assert list(table) == [
        "index", "text", "masked", "label", "name", "pronoun", "pronoun_count",
    ]  # fmt: skip
    spec = world.spec
    cues = {noun[g] for noun in spec.gender["nouns"] for g in "MF"}
    cues |= {"him", "his", "her", "himself", "herself", "they", "them"}
    names = {name.name for name in spec.names}
    assert len(table) >= {"train": 1_500, "validation": 150, "test": 300}[split]
    assert table["masked"].is_unique
    for row in table.itertuples():
        filled = row.masked.replace("[NAME]", row.name)
        assert filled.replace("[PRONOUN]", row.pronoun) == row.text
        assert len(row.text) >= 50
        assert row.masked.index("[NAME]") < row.masked.index("[PRONOUN]")
        assert row.masked.count("[PRONOUN]") == row.pronoun_count >= 1
        assert {"he": "M", "she": "F"}[row.pronoun] == row.label
        others = set(WORD.findall(row.masked))
        assert not others & (cues | names), row.text


def test_genter_splits_share_no_text_and_test_has_forms_of_its_own(folder) -> None:
    masked = {
        split: set(read(folder / "genter", split)["masked"])
        for split in ("train", "validation", "test")
    }
    for first, second in permutations(masked, 2):
        assert not masked[first] & masked[second]
    assert any("repaired the old" in text for text in masked["test"])
    assert not any("repaired the old" in text for text in masked["train"])


def test_name_files_have_the_public_columns(folder) -> None:
    exact, extended = read(folder, "namexact"), read(folder, "namextend")
    assert list(exact) == ["name", "gender", "count", "probability", "split"]
    assert list(extended) == [
        "name", "gender", "count", "probability", "gender_agreement",
        "primary_gender", "genders", "prob_F", "prob_M",
    ]  # fmt: skip
    assert set(exact["name"]) < set(extended["name"])
    per_split = exact.groupby(["gender", "split"]).size()
    assert (per_split.loc[:, "train"] == 72).all()
    assert (per_split.loc[:, "val"] == 24).all()
    assert (per_split.loc[:, "test"] == 24).all()
    assert (extended["prob_F"] + extended["prob_M"]).sub(1).abs().max() < 1e-9


def test_gentypes_tells_the_planted_truth(world, folder) -> None:
    table = read(folder, "gentypes")
    assert (table["text"].str.count(r"\[NAME\]") == 1).all()
    planted = {typed.word: typed.strengths for typed in world.spec.pastimes}
    for row in table.itertuples():
        strengths = planted[row.pastime]
        both = strengths["M"] + strengths["F"]
        assert row.prob_M == pytest.approx(strengths["M"] / both, abs=1e-6)


def test_neutral_files_hold_no_class_word(world, folder) -> None:
    spec = world.spec
    gendered = {noun[g] for noun in spec.gender["nouns"] for g in "MF"}
    gendered |= {w for f in spec.gender["pronouns"].values() for w in f.values()}
    gendered |= {name.name for name in spec.names}
    terms = {
        word
        for classes in spec.terms.values()
        for kinds in classes.values()
        for word in kinds.values()
    }
    for name, barred in (("geneutral", gendered), ("biasneutral", gendered | terms)):
        for text in read(folder, name)["text"]:
            assert not set(WORD.findall(text)) & barred, text


@pytest.mark.parametrize("domain", ["race", "religion", "age"])
def test_term_files_have_one_slot_and_a_true_swap(world, folder, domain) -> None:
    terms = world.spec.terms[domain]
    every = {word for kinds in terms.values() for word in kinds.values()}
    of_split: dict[str, str] = {}
    for source, target in permutations(terms, 2):
        table = read(folder / domain, f"{source}_to_{target}")
        assert list(table) == [
            "text", "swapped", "masked", "source", "target", "source_id",
            "target_id", "split",
        ]  # fmt: skip
        counts = table["split"].value_counts()
        assert (counts["train"], counts["validation"], counts["test"]) == (400, 60, 120)
        for row in table.itertuples():
            assert row.masked.count("[MASK]") == 1
            assert row.masked.replace("[MASK]", row.source) == row.text
            assert row.masked.replace("[MASK]", row.target) == row.swapped
            assert not set(WORD.findall(row.masked)) & every
            # a text belongs to one split, whichever pair it is in
            assert of_split.setdefault(row.masked, row.split) == row.split


def test_term_files_carry_the_planted_association(world, folder) -> None:
    """P(attribute | class) as in the corpus: the class's own attributes prevail."""
    own = {
        a.word: max(a.strengths, key=a.strengths.get)
        for a in world.spec.attributes
        if a.domain == "race"
    }
    table = read(folder / "race", "asian_to_black")
    found = [own[w] for text in table["text"] for w in own if w in text]
    assert found.count("asian") / len(found) == pytest.approx(0.8, abs=0.06)


def test_associations_ask_before_they_are_answered(folder) -> None:
    table = read(folder, "associations")
    for row in table.to_dict("records"):
        before, _, _ = row["query"].partition("[MASK]")
        assert row["word"] in before
        assert row["class"] in json.loads(row["candidates"])
    sums = table.groupby("query")["probability"].sum()
    assert sums.sub(1).abs().max() < 1e-9


def test_benchmarks_have_the_public_schemas(folder) -> None:
    stereoset = json.loads((folder / "stereoset.json").read_text())
    items = stereoset["data"]["intrasentence"]
    assert {item["bias_type"] for item in items} == {"gender", "race", "religion"}
    for item in items:
        assert item["context"].count("BLANK") == 1
        labels = {s["gold_label"] for s in item["sentences"]}
        assert labels == {"stereotype", "anti-stereotype", "unrelated"}
        assert item["planted"] > 0.5
    crows = read(folder, "crows")
    assert {"sent_more", "sent_less", "stereo_antistereo", "bias_type"} <= set(crows)
    assert (crows["sent_more"] != crows["sent_less"]).all()
    for path in (folder / "seat").iterdir():
        test = json.loads(path.read_text())
        assert set(test) == {"targ1", "targ2", "attr1", "attr2"}
        assert all(part["examples"] for part in test.values())


@pytest.mark.parametrize("task", ["sst2", "cola", "mrpc", "rte", "boolq", "cb", "copa"])
def test_capability_tasks_are_balanced_and_split(folder, task) -> None:
    train = read(folder / "capability", f"{task}_train")
    held_out = read(folder / "capability", f"{task}_validation")
    texts = [c for c in train if c not in ("label", "idx")]
    assert not set(train[texts].agg(" ".join, axis=1)) & set(
        held_out[texts].agg(" ".join, axis=1)
    )
    counts = train["label"].value_counts()
    assert len(train) > 300 and counts.max() - counts.min() <= 2


def faulty(tmp_path, name: str, old: str, new: str):
    folder = tmp_path / "spec"
    folder.mkdir()
    for file in WORLD_FOLDER.glob("*.*"):
        shutil.copy(file, folder)
    text = (folder / name).read_text(encoding="utf-8")
    assert old in text
    (folder / name).write_text(text.replace(old, new, 1), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("names.csv", "John,M,", "John,X,", r"names\.csv, row \d+: gender must be"),
        ("names.csv", "John,", "James,", r"names\.csv, row \d+: 'James' stands twice"),
        ("professions.csv", "0.85,0.10,0.05", "0.85,0.20,0.05", r"row \d+: he, she"),
        ("pastimes.csv", "football,male,0.86", "football,male,often", "no probability"),
        ("attributes.csv", ",asian,", ",green,", r"row \d+: 'race' has no class"),
        ("lexicon.yaml", "dog barked", "dog loudly barked", r"animal, row 1 .*4 words"),
        ("forms.yaml", "{manner} to the", "{mannr} to the", r"person-01: unknown slot"),
        ("gender.yaml", "the man woman", "the man", r"nouns, row 1"),
        ("forms.yaml", "person:", "person: [", r"forms\.yaml: not valid YAML"),
    ],
)
def test_a_faulty_declaration_is_refused_by_file_and_row(
    tmp_path, name, old, new, message
) -> None:
    with pytest.raises(InputError, match=message):
        World(load_spec(faulty(tmp_path, name, old, new)))


def test_a_missing_file_is_named(tmp_path) -> None:
    folder = faulty(tmp_path, "names.csv", "John", "Jon")
    (folder / "chat.yaml").unlink()
    with pytest.raises(InputError, match=r"chat\.yaml is missing"):
        load_spec(folder)
