"""Fetching public files, and saying in one line why one cannot be had.

Files of the hub lie in its own cache, where a fetch that was cut off goes on; those of
the web are fetched by pooch, whole or not at all. Nothing of a data set is executed.
Everything is checked against the manifest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import TypeVar

import pooch
import pyarrow
import pyarrow.csv
import pyarrow.parquet
import requests
from huggingface_hub import HfApi, constants, snapshot_download
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HTTPError,  # of the hub's own HTTP library: httpx to hub 1, httpx2 from 2
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from tenacity import (
    Retrying,
    retry_if_exception,
    stop_after_attempt,
    wait_exponential,
)

from gradiend.errors import InputError, first_line
from gradiend.files import sha256, writing
from study.sources.hub.manifest import Source, alternatives
from study.sources.weights import weight_files

T = TypeVar("T")
ATTEMPTS = 4
_LISTED = 12  # files that a message names
# Whatever else a model's repository carries (other formats, scripts) is left there.
_MODEL_FILES = ["*.safetensors", "*.json", "*.txt", "tokenizer.model", "*.jinja"]
_OF_A_MODEL = {"allow_patterns": _MODEL_FILES, "ignore_patterns": ["*/*"]}
_TRANSIENT = (408, 429, 500, 502, 503, 504)
_WEB = pooch.HTTPDownloader(progressbar=False)
pooch.get_logger().setLevel("WARNING")
_UNANSWERED = (
    HTTPError,
    requests.ConnectionError,
    requests.Timeout,
    requests.exceptions.ChunkedEncodingError,
)


class NotToBeHad(InputError):
    """What the hub has not, or not for this user, and no later try will bring."""


def fetch(source: Source, downloads: Path) -> dict[str, list[Path]]:
    """The files of a source, by pattern of the manifest; fetched if they are not there.

    ``downloads`` takes the files that do not come from the hub.

    Raises
    ------
    InputError
        if they cannot be had, or are not what the manifest says.
    """
    if source.repo:
        found = _from_hub(source)
    else:
        found = {name: [_from_web(source, name, downloads)] for name in source.files}
    for pattern, paths in found.items():
        _check(source, pattern, paths)
    return found


def fetch_model(name: str, revision: str | None) -> Path:
    """A model's snapshot: safetensors, configuration and tokenizer, no code."""
    return Path(
        attempted(
            lambda: snapshot_download(name, revision=revision, **_OF_A_MODEL),
            f"model {name}",
        )
    )


def is_model_file(name: str) -> bool:
    """Whether a file of a model's repository is fetched."""
    return "/" not in name and any(fnmatch(name, p) for p in _MODEL_FILES)


def cached_model(name: str, revision: str | None) -> tuple[Path, list[Path]] | None:
    """A model's folder in the cache and its weights; None if they are not all there.

    What a repository holds besides (other formats) nobody asked for: a cache that knows
    the list of its files would miss them.
    """
    try:
        folder = Path(
            snapshot_download(
                name, revision=revision, local_files_only=True, **_OF_A_MODEL
            )
        )
    except LocalEntryNotFoundError:
        return None
    weights = [path for path in weight_files(folder) if path.suffix == ".safetensors"]
    whole = all(path.exists() for path in (folder / "config.json", *weights))
    return (folder, weights) if whole else None


def attempted(work: Callable[[], T], what: str) -> T:
    """Do ``work`` on the network, again where that may help; then one clear line."""
    again = Retrying(
        retry=retry_if_exception(_is_transient),
        stop=stop_after_attempt(ATTEMPTS),
        wait=wait_exponential(max=30),
        reraise=True,
    )
    try:
        return again(work)
    except (OSError, HTTPError) as error:
        kind = NotToBeHad if _is_missing(error) else InputError
        raise kind(f"{what}: {_reason(error)}; what is done stays") from error


def count_rows(path: Path) -> int:
    """Rows of a Parquet or CSV file, lines of any other."""
    if path.suffix == ".parquet":
        return pyarrow.parquet.read_metadata(path).num_rows
    if path.suffix == ".csv":
        options = pyarrow.csv.ParseOptions(newlines_in_values=True)
        with pyarrow.csv.open_csv(path, parse_options=options) as reader:
            return sum(batch.num_rows for batch in reader)
    with path.open("rb") as file:
        return sum(1 for _ in file)


def _from_hub(source: Source) -> dict[str, list[Path]]:
    folder = Path(
        attempted(
            lambda: snapshot_download(
                source.repo,
                repo_type="dataset",
                revision=source.revision,
                allow_patterns=source.patterns,
            ),
            f"{source.name} ({source.where})",
        )
    )
    found = {
        pattern: sorted({p for one in alternatives(pattern) for p in folder.glob(one)})
        for pattern in source.files
    }
    for pattern, paths in found.items():
        if not paths:
            raise InputError(
                f"{source.name}: no file {pattern} in {source.where} (there are: "
                f"{_there(source, folder)}); mend the manifest"
            )
    return found


def _there(source: Source, folder: Path) -> str:
    """The files that a data set has: on the hub or, offline, as far as fetched."""
    names = [str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()]
    if not constants.HF_HUB_OFFLINE:
        names = attempted(
            lambda: HfApi().list_repo_files(
                source.repo, repo_type="dataset", revision=source.revision
            ),
            f"{source.name} ({source.where})",
        )
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return (", ".join(sorted(names)[:_LISTED]) or "none") + more


def _from_web(source: Source, name: str, downloads: Path) -> Path:
    """A file of the web; one that is there already is taken as it is."""
    path = downloads / source.place / name
    url = f"{source.url}/{source.revision}/{name}"

    def get() -> None:
        if constants.HF_HUB_OFFLINE:
            raise OfflineModeIsEnabled(url)
        wanted = next(iter(_hashes(source.files[name])), None)
        with writing(path):
            try:
                pooch.retrieve(url, wanted, path.name, path.parent, downloader=_WEB)
            except ValueError as error:  # another hash
                raise InputError(f"{source.name} ({url}): {error}") from error
            path.chmod(0o644)

    if not path.exists():
        attempted(get, f"{source.name} ({url})")
    return path


def _check(source: Source, pattern: str, paths: list[Path]) -> None:
    """Refuse files that are not what the manifest says."""
    checks = source.files[pattern]
    remedy = (
        f"delete {paths[0]} and fetch again, or, if the data set has changed, say so "
        "in the manifest"
    )
    where = f"{source.name}: {pattern} of {source.where}"
    wanted = _hashes(checks)
    if wanted:
        found = [sha256(path) for path in paths]
        if found != wanted:
            raise InputError(
                f"{where} has sha256 {', '.join(found)}, expected "
                f"{', '.join(wanted)}; {remedy}"
            )
    if "rows" in checks:
        try:
            rows = sum(map(count_rows, paths))
        except (pyarrow.ArrowException, OSError) as error:
            raise InputError(f"{where} cannot be read ({error}); {remedy}") from error
        if rows != checks["rows"]:
            raise InputError(
                f"{where} has {rows:,} rows, expected {checks['rows']:,}; {remedy}"
            )


def _hashes(checks: Mapping) -> list[str]:
    wanted = checks.get("sha256", [])
    return [wanted] if isinstance(wanted, str) else wanted


def _status(error: BaseException) -> int | None:
    return getattr(getattr(error, "response", None), "status_code", None)


def _is_transient(error: BaseException) -> bool:
    """Whether trying again may help; what was never asked for will not come."""
    if isinstance(error, LocalEntryNotFoundError):
        cause = error.__cause__
        return cause is not None and _is_transient(cause)
    return _is_unanswered(error) or _status(error) in _TRANSIENT


def _is_unanswered(error: BaseException) -> bool:
    """Whether no answer came; the hub's own errors are its answers."""
    return isinstance(error, _UNANSWERED) and not isinstance(error, HfHubHTTPError)


def _is_missing(error: BaseException) -> bool:
    """Whether the hub says that it is not there, or not for this user."""
    if isinstance(error, LocalEntryNotFoundError):
        cause = _behind(error)
        return constants.HF_HUB_OFFLINE or (cause is not error and _is_missing(cause))
    missing = GatedRepoError | RepositoryNotFoundError | RevisionNotFoundError
    return isinstance(error, missing)


def _behind(error: BaseException) -> BaseException:
    """The reason of an entry that is not in the cache."""
    if isinstance(error, LocalEntryNotFoundError) and error.__cause__ is not None:
        return error.__cause__
    return error


def _reason(error: BaseException) -> str:
    """Why something could not be fetched, and the way out."""
    error = _behind(error)
    if isinstance(error, GatedRepoError):
        return (
            "gated; accept its licence on the hub and set HF_TOKEN to a token of the "
            "same account"
        )
    if isinstance(error, RepositoryNotFoundError | RevisionNotFoundError):
        return (
            "the hub has no such repository or revision for you (404); check the "
            "manifest or profile, or set HF_TOKEN if it is private"
        )
    if isinstance(error, PermissionError):
        return f"{error}; set GRADIEND_RESULTS to a folder that can be written to"
    status = _status(error)
    if status in (401, 403):
        return f"the hub refuses ({status}); set HF_TOKEN to a token that may read it"
    if status == 429:
        return "the hub asks to wait (429, too many requests); run again later"
    if status is not None:
        return f"the server answers {status}; run again later"
    if _is_unanswered(error):
        return f"no connection ({type(error).__name__}); check the network, run again"
    if isinstance(error, HfHubHTTPError):
        return f"{first_line(error)}; run again later"
    return (
        "not in the local cache, and the hub may not be asked (HF_HUB_OFFLINE=1, or no "
        "network); fetch it where there is one"
    )
