"""What a run will fetch: of data sets and of published checkpoints, in bytes.

What the hub's cache has, or an earlier run prepared, is not fetched again and does not
count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fnmatch import fnmatch

from huggingface_hub import HfApi, ModelInfo, constants, try_to_load_from_cache

from gradiend.errors import InputError
from study.profiles.settings import Settings
from study.results import files
from study.results.published import reason_left_out
from study.sources.chosen import source_of
from study.sources.hub.bookcorpus import is_local, local_files
from study.sources.hub.fetch import (
    NotToBeHad,
    attempted,
    cached_model,
    is_model_file,
)
from study.sources.hub.manifest import Source, read_manifest


def data_download(data: str) -> int:
    """Bytes of a manifest's sources on the hub that are still to be fetched.

    Files of the web are not counted: nobody says their sizes, and they are small.

    Raises
    ------
    InputError
        if a source cannot be had, or BookCorpus's local copy is none.
    """
    chosen = source_of(data)
    if chosen.preparation is None or all(p.exists() for p in chosen.inputs):
        return 0
    sources = read_manifest(data).sources
    if any(map(is_local, sources)):
        local_files()
    if constants.HF_HUB_OFFLINE:
        return 0
    sizes: dict[tuple[str, str], int] = {}  # a file that two sources name counts once
    for source in sources.values():
        if source.repo is not None and not is_local(source.name):
            sizes |= _sizes(source)
    return sum(sizes.values())


def published_downloads(runs: Iterable[Settings], *, log: Callable[[str], None]) -> int:
    """Bytes of the published checkpoints to fetch; one that is not there is named.

    One that an earlier run left out is asked for again: offline, say, nothing is there.
    If it is to be had now, the note of that goes, and it is fetched.
    """
    total = 0
    for run in runs:
        mark = run.folder / files.PUBLISHED
        left_out = reason_left_out(mark)
        if run.decoder.published is None or (mark.exists() and left_out is None):
            continue
        name, _, revision = run.decoder.published.partition("@")
        try:
            total += _checkpoint(name, revision or "main")
        except InputError as error:
            if left_out is None and not isinstance(error, NotToBeHad):
                raise
            log(f"{run.model}: the authors' checkpoint is left out; {error}")
        else:
            mark.unlink(missing_ok=True)
    return total


def model_download(name: str, info: ModelInfo) -> int:
    """Bytes of a model's files that are not in the cache; ``info`` knows their sizes.

    Raises
    ------
    NotToBeHad
        if none of them are safetensors.
    """
    wanted = [f for f in info.siblings if is_model_file(f.rfilename)]
    if not any(file.rfilename.endswith(".safetensors") for file in wanted):
        raise NotToBeHad(f"{name}: no safetensors; other formats are not read")
    place = {"repo_id": name, "revision": info.sha}
    return sum(f.size or 0 for f in wanted if not _is_cached(f.rfilename, **place))


def _sizes(source: Source) -> dict[tuple[str, str], int]:
    """(repository, file) → bytes, of a source's files that are not in the cache."""
    info = attempted(
        lambda: HfApi().dataset_info(
            source.repo, revision=source.revision, files_metadata=True
        ),
        f"{source.name} ({source.where})",
    )
    place = {"repo_id": source.repo, "repo_type": "dataset", "revision": info.sha}
    return {
        (source.repo, file.rfilename): file.size or 0
        for file in info.siblings
        if any(fnmatch(file.rfilename, pattern) for pattern in source.patterns)
        and not _is_cached(file.rfilename, **place)
    }


def _checkpoint(name: str, revision: str) -> int:
    """Bytes of a model's files to fetch: none, if the cache has its weights."""
    if cached_model(name, revision) is not None:
        return 0
    if constants.HF_HUB_OFFLINE:
        raise NotToBeHad(f"{name} is not in the local cache (HF_HUB_OFFLINE=1)")
    info = attempted(
        lambda: HfApi().model_info(name, revision=revision, files_metadata=True),
        f"model {name}",
    )
    return model_download(name, info)


def _is_cached(file: str, **place: str) -> bool:
    return isinstance(try_to_load_from_cache(filename=file, **place), str)
