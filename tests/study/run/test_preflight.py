"""What a run with the hub is told, and what is refused before it starts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
import torch
from huggingface_hub import constants
from huggingface_hub._tree_cache import TreeCacheEntry, write_tree_cache

from gradiend.errors import InputError
from study.profiles.reading import load_profile
from study.results import files
from study.results.published import write_left_out
from study.run import downloads
from study.run import preflight as module
from study.run.entrance import check
from study.run.plan import steps
from study.run.preflight import Device, Model, preflight
from study.sources.hub.bookcorpus import LOCAL, TEXT_FILES
from study.sources.hub.manifest import Source
from tests.replica import snapshot, write_models, write_published
from tests.study.changes import changed, own_profile

GATED = "llama-3.2-3b"
SMALL = ["distilbert-base-cased", GATED]
CPU = Device("CPU", bandwidth=2e10, speed=1e11, memory=16 << 30)


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Iterator[Path]:
    """A hub's cache of one's own, offline, and nobody logged in."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.get_token", lambda: None)
    monkeypatch.setattr(module, "measure", lambda _: CPU)
    monkeypatch.setenv("GRADIEND_RESULTS", str(tmp_path / "results"))
    yield tmp_path / "hub"


def on_cpu(tmp_path: Path, **changes) -> str:
    """The paper's profile on a CPU, with changes."""
    content = {"models": SMALL, "defaults": {"load": {"device": "cpu"}}} | changes
    return own_profile(tmp_path, like="paper", **content)


def told(source: str) -> list[str]:
    lines: list[str] = []
    profile = load_profile(source)
    preflight(profile, profile.models, log=lines.append)
    return lines


def test_a_gated_model_without_a_token_is_named_and_the_others_go_on(cache, tmp_path):
    write_models(cache, ["distilbert-base-cased"])
    source = on_cpu(tmp_path)
    lines = told(source)
    assert lines[0].startswith(f"{GATED}: left out; it is gated")
    assert any(
        line.startswith("distilbert-base-cased: 0.0 MB to fetch") for line in lines
    )
    profile = load_profile(source)
    assert profile.models == ["distilbert-base-cased"]
    names = {step.name for step in steps(profile)}
    assert not any("llama" in name for name in names) and "report" in names
    for models in ([GATED], SMALL):
        with pytest.raises(InputError, match=f"^{GATED}: gated, .* set HF_TOKEN"):
            steps(profile, models=models)


def test_a_profile_of_gated_models_alone_is_refused_without_a_token(cache, tmp_path):
    with pytest.raises(InputError, match=f"^{GATED}: gated, .* set HF_TOKEN"):
        steps(load_profile(on_cpu(tmp_path, models=[GATED])))


def test_a_gated_model_with_a_token_or_in_the_cache_is_there(
    cache, tmp_path, monkeypatch
):
    source = on_cpu(tmp_path)
    write_models(cache, [GATED])
    assert load_profile(source).models == SMALL
    entry = load_profile("paper").entry(GATED)
    folder = snapshot(cache, "models", entry.hub, entry.revision)
    (folder / "config.json").unlink()
    assert load_profile(source).left_out == [GATED]
    monkeypatch.setattr("huggingface_hub.get_token", lambda: "hf_x")
    assert load_profile(source).models == SMALL


def test_a_model_that_is_neither_cached_nor_to_be_fetched_is_named(cache, tmp_path):
    with pytest.raises(InputError, match=r"distilbert.*not in the local cache"):
        told(on_cpu(tmp_path))


def test_other_formats_that_nobody_asked_for_are_not_missed(cache, tmp_path):
    """A download leaves the list of all the repository's files in the cache."""
    entry = load_profile("paper").entry("distilbert-base-cased")
    write_models(cache, ["distilbert-base-cased"])
    folder = snapshot(cache, "models", entry.hub, entry.revision)
    names = [path.name for path in folder.iterdir()]
    listed = [*names, "pytorch_model.bin", "onnx/model.onnx", "README.md"]
    entries = {name: TreeCacheEntry(size=1, blob_id="0" * 40) for name in listed}
    write_tree_cache(str(folder.parents[1]), folder.name, entries)
    assert any(
        line.startswith(f"{SMALL[0]}: 0.0 MB") for line in told(on_cpu(tmp_path))
    )


def test_a_model_that_was_fetched_in_part_is_not_there(cache, tmp_path):
    entry = load_profile("paper").entry("distilbert-base-cased")
    write_models(cache, ["distilbert-base-cased"])
    folder = snapshot(cache, "models", entry.hub, entry.revision)
    parts = {"a": "model-1-of-2.safetensors", "b": "model-2-of-2.safetensors"}
    (folder / "model.safetensors").rename(folder / parts["a"])
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": parts}))
    with pytest.raises(InputError, match=r"distilbert.*not in the local cache"):
        told(on_cpu(tmp_path))


def test_of_a_model_what_the_cache_has_is_not_counted(cache, monkeypatch):
    sizes = {"model.safetensors": 400, "config.json": 1, "pytorch_model.bin": 400}
    files = [SimpleNamespace(rfilename=n, size=size) for n, size in sizes.items()]
    info = SimpleNamespace(siblings=files, sha="0" * 40)
    assert downloads.model_download("some/model", info) == 401
    folder = cache / "models--some--model" / "snapshots" / info.sha
    folder.mkdir(parents=True)
    (folder / "model.safetensors").touch()
    assert downloads.model_download("some/model", info) == 1


def test_a_missing_gpu_is_refused_unless_steps_run_elsewhere(
    cache, tmp_path, monkeypatch, capsys
):
    """On a cluster's head nothing is measured: its device is not that of the steps."""
    write_models(cache, SMALL)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    measured = []
    monkeypatch.setattr(module, "measure", lambda name: measured.append(name) or CPU)
    source = on_cpu(tmp_path, defaults={"load": {"device": "cuda"}})
    with pytest.raises(InputError, match=r"wants a GPU .*like: and its name"):
        check([source])
    check([source, "--", "--executor", "slurm", "-j", "32"])
    said = capsys.readouterr().out
    assert "distilbert-base-cased: 0.0 MB to fetch" in said and " takes " not in said
    assert "memory and hours: not estimated" in said and not measured


def test_too_little_memory_and_disk_are_refused_with_the_way_out(
    cache, tmp_path, monkeypatch
):
    write_models(cache, SMALL)
    source = on_cpu(tmp_path)
    told(source)

    memory = SimpleNamespace(total=1_000_000)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)
    disk = SimpleNamespace(free=1_000_000)
    monkeypatch.setattr(module.shutil, "disk_usage", lambda _: disk)
    with pytest.raises(InputError) as error:
        told(source)
    lines = str(error.value).splitlines()
    assert "distilbert-base-cased: training takes" in lines[0]
    assert "load: {dtype: bfloat16}, training: {moments: 8bit}" in lines[0]
    assert "free, about" in lines[-1] and "HF_HOME" in lines[-1]


def test_a_card_that_is_too_small_is_refused_unless_there_are_several(
    cache, tmp_path, monkeypatch
):
    settings = load_profile("paper").settings("bert-base-cased", "gender_MF")
    model = Model(settings, parameters=10**9, download=0)
    card = Device("a card", 1e12, 1e14, memory=int(model.memory / 2))
    (problem,) = module._problems(model, card)
    assert "a card has" in problem and "device_map: auto" in problem
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 3)
    several = changed(settings, load={"device_map": "auto"})
    assert module._problems(Model(several, 10**9, 0), card) == []


def test_eight_bits_a_moment_are_less_memory():
    settings = load_profile("paper").settings("llama-3.2-3b", "gender_MF")
    lean = changed(settings, training={"moments": "8bit"})
    full, lean = (Model(s, 3_200_000_000, 0).memory for s in (settings, lean))
    assert full == pytest.approx(1.1 * 3.2e9 * 12 * 2)
    assert lean == pytest.approx(1.1 * 3.2e9 * (6 * 2 + 6))


def test_a_published_checkpoint_that_is_not_there_is_named(cache, tmp_path):
    write_models(cache, ["distilbert-base-cased"])
    lines = told(on_cpu(tmp_path))
    (line,) = (line for line in lines if "the authors' checkpoint is left out" in line)
    assert line.startswith("distilbert-base-cased: ")
    assert "aieng-lab/distilbert-base-cased-gradiend-gender-debiased" in line
    write_published(cache, ["distilbert-base-cased"])
    lines = told(on_cpu(tmp_path))
    assert not any("is left out; aieng-lab" in line for line in lines)
    assert "the authors' checkpoints: 0.0 MB to fetch" in lines


def test_a_checkpoint_that_was_left_out_is_asked_for_again(cache, tmp_path):
    """It was not there offline, or not yet; the step that fetches it runs again."""
    write_models(cache, ["distilbert-base-cased"])
    source = on_cpu(tmp_path)
    run = load_profile(source).settings("distilbert-base-cased", "gender_MF")
    mark = run.folder / files.PUBLISHED
    write_left_out(mark, run.decoder.published, "offline")
    assert any("the authors' checkpoint is left out" in line for line in told(source))
    assert mark.exists()
    write_published(cache, ["distilbert-base-cased"])
    assert not any("is left out; aieng-lab" in line for line in told(source))
    assert not mark.exists()


def test_the_whole_run_is_estimated_and_what_is_not_in_it_named(cache, tmp_path):
    write_models(cache, ["distilbert-base-cased"])
    last = told(on_cpu(tmp_path))[-1]
    assert last.startswith("in all about ")
    assert "an estimate, without tasks and continued training" in last


def test_what_the_cache_has_is_not_fetched_again(monkeypatch):
    files = [SimpleNamespace(rfilename=f"{n}.csv", size=10 * n) for n in (1, 2, 3)]
    info = SimpleNamespace(siblings=files, sha="0" * 40)
    hub = SimpleNamespace(dataset_info=lambda *_, **__: info)
    monkeypatch.setattr(downloads, "HfApi", lambda: hub)
    cached = {"2.csv": "/cache/2.csv"}
    monkeypatch.setattr(
        downloads,
        "try_to_load_from_cache",
        lambda filename, **_: cached.get(filename),
    )
    source = Source("genter", {"*.csv": {}}, repo="some/data", revision="main")
    assert downloads._sizes(source) == {
        ("some/data", "1.csv"): 10,
        ("some/data", "3.csv"): 30,
    }


def test_a_local_bookcorpus_is_not_asked_of_the_hub(cache, tmp_path, monkeypatch):
    """It may be there because the hub has none; one that is none is told at once."""
    asked = []
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(
        downloads, "_sizes", lambda source: asked.append(source.name) or {}
    )
    downloads.data_download("data/public.yaml")
    assert "bookcorpus" in asked
    asked.clear()
    monkeypatch.setenv(LOCAL, str(tmp_path))
    with pytest.raises(InputError, match="neither books_large_p1"):
        downloads.data_download("data/public.yaml")
    for name in TEXT_FILES:
        (tmp_path / name).touch()
    downloads.data_download("data/public.yaml")
    assert "genter" in asked and "bookcorpus" not in asked


def test_the_device_is_really_measured():
    found = module.measure("cpu", size=64, numbers=1 << 12)
    assert found.bandwidth > 1e6 and found.speed > 1e6 and found.memory > 1e8
