"""The public data sets, rebuilt from a small copy of the hub."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.parquet
import pytest
import yaml
from huggingface_hub import constants
from huggingface_hub.errors import HTTPError

from gradiend.errors import InputError
from study.comparison.benchmarks.suite import read_suite
from study.comparison.tasks.files import read_split
from study.comparison.tasks.registry import TASKS
from study.domains import FEATURES, load_feature
from study.sources.chosen import source_of
from study.sources.hub import (
    RECORD,
    fetch,
    folder_of,
    prepare,
    public_folder,
    tables,
)
from study.sources.hub.bookcorpus import LOCAL, TEXT_FILES, bookcorpus_files, rows_at
from study.sources.hub.manifest import Source, read_manifest
from study.sources.hub.texts import masked_texts, write_texts
from tests.replica import MANIFEST, SIZES, write_public


@pytest.fixture(scope="module")
def replica(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A manifest whose files all lie in a cache of their own."""
    root = tmp_path_factory.mktemp("replica")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIEND_RESULTS", str(root / "results"))
        patch.setattr(constants, "HF_HUB_CACHE", str(root / "hub"))
        patch.setattr(constants, "HF_HUB_OFFLINE", True)
        yield write_public(root / "hub", root / "results" / "public" / "downloads")


@pytest.fixture(scope="module")
def folder(replica: Path) -> Path:
    """The folder that is made of them."""
    with pytest.raises(InputError, match="not prepared; run"):
        public_folder(str(replica))
    return prepare.prepare(str(replica))


@pytest.fixture(scope="module")
def script_free(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder that is made of data sets that hold their texts."""
    root = tmp_path_factory.mktemp("script_free")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIEND_RESULTS", str(root / "results"))
        patch.setattr(constants, "HF_HUB_CACHE", str(root / "hub"))
        patch.setattr(constants, "HF_HUB_OFFLINE", True)
        downloads = root / "results" / "public" / "downloads"
        manifest = write_public(root / "hub", downloads, "data/script_free.yaml")
        yield prepare.prepare(str(manifest))


@pytest.mark.parametrize("feature", FEATURES)
def test_every_feature_loads_from_files_without_a_script(script_free, feature):
    data = load_feature(feature, script_free)
    counts = data.table.groupby(["split", "label"]).size()
    assert counts.index.size == 6 and (counts >= 1).all()
    assert data.neutral and len(data.slot_texts)
    if feature == "gender_MF":
        assert data.table["masked"].str.contains("the old story").all()
        assert len(data.table) == 2 * sum(SIZES.values())


def test_nothing_is_fetched_for_parts_that_a_manifest_has_not(script_free):
    parts = {path.stem for path in (script_free / "parts").glob("*.json")}
    assert parts == set(prepare.PARTS) - {"GLUE", "SuperGLUE"}
    record = json.loads((script_free / RECORD).read_text())
    assert "bookcorpus" not in record
    assert record["geneutral"]["from"] == record["biasneutral"]["from"]
    assert record["genter"]["notes"] == []


@pytest.mark.parametrize("feature", FEATURES)
def test_every_feature_loads_from_the_rebuilt_files(folder, feature):
    data = load_feature(feature, folder)
    counts = data.table.groupby(["split", "label"]).size()
    assert counts.index.size == 6 and (counts >= 1).all()
    assert data.neutral and len(data.slot_texts)
    assert (data.table["masked"].str.count(r"\[MASK\]") >= 1).all()


def test_genter_is_what_the_index_says(folder):
    for key, split in (("train", "train"), ("val", "validation"), ("test", "test")):
        table = pd.read_csv(folder / "genter" / f"{split}.csv")
        assert len(table) == SIZES[key]
        female = table["pronoun"] == "she"
        assert ((table["label"] == "F") == female).all()
        for row in table.itertuples():
            filled = row.masked.replace("[NAME]", row.name)
            assert filled.replace("[PRONOUN]", row.pronoun) == row.text


def test_the_benchmarks_and_all_tasks_are_read(folder):
    suite = read_suite(folder, ["A text."])
    assert len(suite.stereoset) > 20 and len(suite.crows) == 60
    assert {"sent-weat8b", "sent-religion2b"} <= set(suite.seat)
    public = {n: t for n, t in TASKS.items() if t.suite in ("GLUE", "SuperGLUE")}
    for name, task in public.items():
        for split in ("train", *task.validation):
            assert len(read_split(folder / "capability", name, split)) >= 2


@pytest.mark.parametrize("version", ["sequence of a group", "group of lists"])
def test_stereosets_labels_are_named_by_its_file(tmp_path, version):
    """As either version of the library that wrote it has them."""
    names = ["unrelated", "stereotype", "anti-stereotype"]
    label = {"names": names, "_type": "ClassLabel"}
    group = {"gold_label": {"feature": label, "_type": "List"}}
    if version == "sequence of a group":
        group = {"feature": {"gold_label": label}, "_type": "Sequence"}
    said = {"info": {"features": {"sentences": group}}}
    table = pyarrow.table({"id": ["1"]})
    table = table.replace_schema_metadata({"huggingface": json.dumps(said)})
    pyarrow.parquet.write_table(table, tmp_path / "a.parquet")
    assert tables._gold_names(tmp_path / "a.parquet") == names


def test_each_layout_of_race_and_religion_becomes_six_pairs(folder):
    for domain in ("race", "religion"):
        paths = sorted((folder / domain).glob("*_to_*.csv"))
        assert len(paths) == 6
        for path in paths:
            table = pd.read_csv(path)
            assert list(table) == ["masked", "source", "target", "split"]
            assert set(table["split"]) == {"train", "validation", "test"}
            assert not table[["masked", "source", "target"]].duplicated().any()


def test_what_was_found_is_recorded(folder):
    record = json.loads((folder / RECORD).read_text())
    sources = read_manifest(MANIFEST).sources
    assert set(record) == set(sources)
    found = record["genter"]["files"]["genter_indices_val.csv"]
    assert found["rows"] == SIZES["val"] and len(found["sha256"]) == 64


def changed(replica: Path, tmp_path: Path, source: str, **files) -> str:
    """The replica's manifest with other expectations of a source's files."""
    content = yaml.safe_load(replica.read_text())
    content["sources"][source]["files"] = files["files"]
    path = tmp_path / "manifest.yaml"
    path.write_text(yaml.safe_dump(content))
    return str(path)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"*.csv": {"rows": 7}}, r"namexact: \*.csv of .*namexact at .*expected 7;"),
        ({"*.tsv | *.csv": {"rows": 8}}, r"namexact: \*.tsv .*has 240 .*expected 8;"),
        ({"*.csv": {"sha256": "0" * 64}}, r"has sha256 [0-9a-f]{64}, expected 0000"),
        ({"names.csv": {}}, r"no file names.csv in aieng-lab/namexact at"),
    ],
)
def test_a_file_that_is_not_what_was_expected_costs_its_part_alone(
    replica, tmp_path, files, message
):
    data = changed(replica, tmp_path, "namexact", files=files)
    with pytest.raises(InputError, match=message):
        prepare.prepare(data)
    made = {path.stem for path in (folder_of(data) / "parts").glob("*.json")}
    assert made == set(prepare.PARTS) - {"names"}
    assert not (folder_of(data) / RECORD).exists()


def test_a_manifest_is_like_another_one_and_says_what_differs(tmp_path):
    script_free, public = map(read_manifest, ("data/script_free.yaml", MANIFEST))
    assert script_free.sources["seat"] == public.sources["seat"]
    gone = set(public.sources) - set(script_free.sources)
    assert gone == {"bookcorpus", "glue", "super_glue"}
    assert [path.name for path in script_free.paths] == [
        "script_free.yaml",
        "public.yaml",
    ]
    own = tmp_path / "own.yaml"
    own.write_text("like: no.yaml\nsources: {}\n")
    with pytest.raises(InputError, match=r"no\.yaml: no such manifest"):
        read_manifest(str(own))
    shared = Path("data/public.yaml").resolve()
    own.write_text(f"like: {shared}\nsources: {{gleu: null}}\n")
    with pytest.raises(InputError, match="did you mean 'glue'"):
        read_manifest(str(own))


def test_a_part_that_lacks_one_of_its_sources_is_named(replica, tmp_path):
    content = yaml.safe_load(replica.read_text())
    del content["sources"]["gentypes"]
    path = tmp_path / "manifest.yaml"
    path.write_text(yaml.safe_dump(content))
    with pytest.raises(InputError, match="no source gentypes, which is needed beside"):
        prepare.prepare(str(path))


def test_a_source_that_nothing_is_made_of_is_named_before_a_run(tmp_path):
    """A misspelt one would leave that of the other manifest as it is."""
    path = tmp_path / "own.yaml"
    shared = Path("data/public.yaml").resolve()
    source = f"gentr: {{{PLACE}, files: {{a.csv: }}}}"
    path.write_text(f"like: {shared}\nsources: {{{source}}}\n")
    with pytest.raises(InputError, match="'gentr'; did you mean 'genter'"):
        source_of(str(path)).check()
    source_of("data/script_free.yaml").check()


def test_a_file_that_is_not_there_is_told_with_those_that_are(replica, tmp_path):
    data = changed(replica, tmp_path, "genter", files={"n1/*.parquet": {}})
    with pytest.raises(InputError, match=r"no file n1/\*\.parquet in .*there are: gen"):
        prepare.prepare(data)


def test_a_damaged_download_is_named(replica, tmp_path):
    manifest = read_manifest(str(replica))
    source = manifest.source("stereoset")
    (pattern,) = source.files
    (path,) = fetch.fetch(source, tmp_path)[pattern]
    whole = path.read_bytes()
    path.write_bytes(whole[:-50])
    try:
        with pytest.raises(InputError, match=r"stereoset.*delete .*parquet"):
            wanted = replace(source, files={pattern: {"rows": 3}})
            fetch.fetch(wanted, tmp_path)
    finally:
        path.write_bytes(whole)


PLACE = "repo: x, revision: main"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "sources: {a: {repo: x, file: {}}}",
            "key in m.yaml, a: 'file'.*files",
        ),
        ("sources: {a: {files: {b: {}}}}", "a: needs files and either a repo"),
        (
            f"sources: {{a: {{{PLACE}, files: {{b: {{row: 1}}}}}}}}",
            "'row'; did you mean 'rows'",
        ),
        ("sources: [", "not valid YAML"),
        ("sources: {a: {files: {b: }, url: x}}", "a: needs a revision, a branch"),
        (f"sources: {{a: {{{PLACE}, files: [b]}}}}", "a, files: each is a key"),
        (f"sources: {{a: {{{PLACE}, files: {{b: 3}}}}}}", "3 should be rows or sha256"),
        (f"sources: {{a: {{{PLACE}, files: {{b: {{rows: x}}}}}}}}", "rows: 'x' should"),
        (
            f"sources: {{a: {{{PLACE}, files: {{b: }}, keep: x}}}}",
            "keep: 'x' should be",
        ),
        ("sources: {a: x}", "a: 'x' should be a group of keys"),
        ("sources: {a: }", "a: None should be a group of keys"),
        ("sources: {a: {}, a: {}}", "'a' stands there twice"),
        ("lik: b.yaml\nsources: {}", "key in m.yaml: 'lik'; did you mean 'like'"),
        ("like: 3\nsources: {}", "like: 3 should be the path of a manifest"),
        ("like: m.yaml\nsources: {}", "like: goes round in a circle"),
        ("other: 1", "not a manifest"),
    ],
)
def test_mistakes_in_a_manifest_are_named(tmp_path, content, message):
    path = tmp_path / "m.yaml"
    path.write_text(content)
    with pytest.raises(InputError, match=message):
        read_manifest(str(path))
    with pytest.raises(InputError, match="no such manifest"):
        read_manifest(str(tmp_path / "none.yaml"))


# BookCorpus


def corpus_files(folder: Path, kind: str) -> tuple[list[Path], list[str]]:
    """300 texts in two files, and the texts."""
    texts = [f"text number {number} , she said ." for number in range(300)]
    if kind == "text":
        for name, part in zip(TEXT_FILES, (texts[:120], texts[120:]), strict=True):
            (folder / name).write_text("".join(f"{line}\n" for line in part))
    else:
        for number, part in enumerate((texts[:120], texts[120:])):
            table = pyarrow.table({"text": part, "other": [""] * len(part)})
            path = folder / f"000{number}.parquet"
            pyarrow.parquet.write_table(table, path, row_group_size=50)
    return bookcorpus_files(folder), texts


@pytest.mark.parametrize("kind", ["text", "parquet"])
def test_rows_are_counted_through_all_files(tmp_path, kind):
    paths, texts = corpus_files(tmp_path, kind)
    wanted = np.array([299, 0, 119, 120, 120, 57])
    found = rows_at(paths, wanted)
    assert found == {row: texts[row] for row in wanted.tolist()}
    with pytest.raises(InputError, match="no row 300; this is not the BookCorpus"):
        rows_at(paths, np.array([3, 300]))


def test_only_row_groups_with_a_wanted_row_are_read(tmp_path, monkeypatch):
    paths, _ = corpus_files(tmp_path, "parquet")
    read = []
    original = pyarrow.parquet.ParquetFile.iter_batches

    def spy(self, **options):
        read.append(options["row_groups"])
        assert options["columns"] == ["text"]
        return original(self, **options)

    monkeypatch.setattr(pyarrow.parquet.ParquetFile, "iter_batches", spy)
    rows_at(paths, np.array([10, 20, 290]))
    assert read == [[0], [3]]


def test_a_folder_without_bookcorpus_is_named(tmp_path):
    with pytest.raises(InputError, match=r"neither books_large_p1\.txt"):
        bookcorpus_files(tmp_path)
    pyarrow.parquet.write_table(pyarrow.table({"a": [1]}), tmp_path / "x.parquet")
    with pytest.raises(InputError, match="no column text"):
        rows_at(bookcorpus_files(tmp_path), np.array([0]))


def test_a_bookcorpus_that_the_index_does_not_fit_is_named():
    index = pd.DataFrame({"index": [5], "name": ["Ann"], "pronoun": ["she"]})
    with pytest.raises(InputError, match=r"GENTER, train, row 2: no 'she' in row 5 of"):
        masked_texts(index, ["Ann ran ."], "train")
    (row,) = masked_texts(index, ["ann ran ; ann said she won ."], "train")["masked"]
    assert row == "[NAME] ran ; [NAME] said [PRONOUN] won ."


def test_a_local_copy_of_bookcorpus_is_read_instead(folder, replica, monkeypatch):
    source = read_manifest(str(replica)).source("bookcorpus")
    parts = fetch.fetch(source, folder)
    paths = [path for group in parts.values() for path in group]
    monkeypatch.setenv(LOCAL, str(paths[0].parent))
    sources = prepare.Sources(
        read_manifest(str(replica)), Path("nowhere/that/anything/is/downloaded")
    )
    assert sources.bookcorpus == paths


def test_neutral_texts_may_be_there_themselves(tmp_path):
    texts = [f"text {number}" for number in range(9)]
    pd.DataFrame({"text": texts}).to_parquet(tmp_path / "neutral.parquet")
    genter = {}
    for key in SIZES:
        path = tmp_path / f"genter_indices_{key}.csv"
        path.write_text("index,name,pronoun\n5,number,text\n")
        genter[path.name] = [path]
    corpus, _ = corpus_files(tmp_path, "text")
    neutral = {"biasneutral": ([tmp_path / "neutral.parquet"], 4)}
    write_texts(genter, neutral, corpus, tmp_path / "out", seed=0)
    kept = pd.read_csv(tmp_path / "out" / "biasneutral.csv")["text"].tolist()
    assert len(kept) == 4 and set(kept) < set(texts)


# The hub when it does not answer as one would like


CROWS = b"sent_more,sent_less\n"


class Hub(ThreadingHTTPServer):
    """Answers with the statuses it is given, in turn; then with a file."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.statuses: list[int] = []
        self.asked = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.server.asked += 1
        status = self.server.statuses.pop(0) if self.server.statuses else 200
        body = CROWS if status == 200 else b"{}"
        self.send_response(status)
        if status == 403 or status == 401:
            self.send_header("X-Error-Code", "GatedRepo")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_HEAD = do_GET

    def log_message(self, *_) -> None:
        """Not into the tests' output."""


@pytest.fixture
def hub(monkeypatch) -> Iterator[Hub]:
    """A server in the hub's place."""
    server = Hub()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr(constants, "ENDPOINT", server.url)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _: None)
    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda _: None)
    yield server
    server.shutdown()
    server.server_close()


def web_source(hub: Hub) -> Source:
    return Source("crows", {"crows.csv": {}}, url=hub.url, revision="1")


def test_a_file_of_the_web_is_fetched_once_and_again_after_a_stumble(hub, tmp_path):
    hub.statuses = [503, 429]
    (path,) = fetch.fetch(web_source(hub), tmp_path)["crows.csv"]
    assert path.read_text() == "sent_more,sent_less\n" and hub.asked == 3
    fetch.fetch(web_source(hub), tmp_path)
    assert hub.asked == 3


def test_a_file_of_the_web_of_another_revision_is_fetched_anew(hub, tmp_path):
    first, other = web_source(hub), replace(web_source(hub), revision="2")
    (old,) = fetch.fetch(first, tmp_path)["crows.csv"]
    (new,) = fetch.fetch(other, tmp_path)["crows.csv"]
    assert hub.asked == 2 and old != new


def test_a_file_of_the_web_with_another_hash_is_refused_and_not_kept(hub, tmp_path):
    files = {"crows.csv": {"sha256": "0" * 64}}
    with pytest.raises(InputError, match=r"^crows .*does not match.*expected 0000"):
        fetch.fetch(replace(web_source(hub), files=files), tmp_path)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
    known = {"crows.csv": {"sha256": hashlib.sha256(CROWS).hexdigest()}}
    (path,) = fetch.fetch(replace(web_source(hub), files=known), tmp_path)["crows.csv"]
    assert path.read_bytes() == CROWS and path.stat().st_mode & 0o777 == 0o644


def test_no_file_of_the_web_is_asked_for_offline(hub, tmp_path, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(InputError, match=r"^crows .*may not be asked \(HF_HUB_OFFLINE"):
        fetch.fetch(web_source(hub), tmp_path)
    assert hub.asked == 0


def test_a_web_that_is_not_there_is_one_clear_line(hub, tmp_path):
    source = replace(web_source(hub), url="http://127.0.0.1:9")
    with pytest.raises(InputError, match=r"^crows .*no connection") as error:
        fetch.fetch(source, tmp_path)
    assert len(str(error.value).splitlines()) == 1


def test_a_folder_that_takes_no_download_is_one_clear_line(hub, tmp_path):
    (tmp_path / web_source(hub).place).touch()
    with pytest.raises(InputError, match=r"crows\.csv cannot be written .*RESULTS"):
        fetch.fetch(web_source(hub), tmp_path)


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (404, "answers 404"),
        (401, r"refuses \(401\); set HF_TOKEN"),
        (429, r"asks to wait \(429"),
        (500, "answers 500; run again later"),
    ],
)
def test_a_server_that_refuses_is_one_clear_line(hub, tmp_path, status, message):
    hub.statuses = [status] * 99
    with pytest.raises(InputError, match=f"crows .*{message}.*what is done stays"):
        fetch.fetch(web_source(hub), tmp_path)
    assert not list(tmp_path.rglob("*.csv"))
    # What will not come is not asked for again and again.
    assert hub.asked == 1 if status in (401, 404) else hub.asked > 3


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (401, "gated; accept its licence"),
        (404, "404"),
        (429, r"asks to wait \(429"),
    ],
)
def test_a_hub_that_refuses_a_model_is_one_clear_line(hub, tmp_path, status, message):
    hub.statuses = [status] * 99
    with pytest.raises(InputError, match=f"model some/model: .*{message}") as error:
        fetch.fetch_model("some/model", "main")
    assert len(str(error.value).splitlines()) == 1


def test_no_connection_is_one_clear_line(tmp_path, monkeypatch):
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _: None)
    library = import_module(HTTPError.__module__.partition(".")[0])
    times = []

    def work():
        times.append(1)
        raise library.ConnectTimeout("too long")

    with pytest.raises(InputError, match=r"x: no connection \(ConnectTimeout\)"):
        fetch.attempted(work, "x")
    assert len(times) == fetch.ATTEMPTS
