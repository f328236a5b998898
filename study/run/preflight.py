"""Before a run with models of the hub: can they be had, do they fit, how long it takes.

Numbers are estimates from parameter counts and a short measurement of the device; what
cannot work is refused here rather than hours later.
"""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import psutil
import torch
from huggingface_hub import HfApi, constants
from safetensors import safe_open

from gradiend.devices import device_of
from gradiend.errors import InputError
from gradiend.files import read_json
from study.profiles.profile import Profile
from study.profiles.settings import Settings
from study.profiles.variants import variants
from study.results.places import results_root
from study.run.downloads import data_download, model_download, published_downloads
from study.run.estimates import (
    Rates,
    benchmark_seconds,
    evaluation_seconds,
    left_out,
    training_seconds,
)
from study.sources.hub.fetch import attempted, cached_model

# In multiples of n, besides the model: GRADIEND and two gradients; AdamW's moments.
TRAINED, MOMENTS = 3 + 2, 6
BEST_COPY = 3  # of the kept checkpoint, in main memory
CHECKPOINT = 3 + 6 + 3  # on disk, until training is through
ACTIVATIONS = 1.1  # what a step needs besides, as a factor


@dataclass(frozen=True)
class Model:
    """What is known of a model before it is loaded."""

    settings: Settings
    parameters: int
    download: int  # bytes that the cache does not have
    causal: bool = False  # as its configuration says

    @property
    def device(self) -> str:
        """Where it is trained: what the profile says, or what is here."""
        return str(device_of(self.settings.load.device))

    @property
    def bytes_each(self) -> int:
        """Of a number of the model and of its GRADIEND."""
        return getattr(torch, self.settings.load.dtype).itemsize

    @property
    def memory(self) -> float:
        """Bytes on the device while GRADIEND is trained."""
        moment = 1 if self.settings.training.moments == "8bit" else self.bytes_each
        each = (1 + TRAINED) * self.bytes_each + MOMENTS * moment
        return ACTIVATIONS * self.parameters * each

    @property
    def host_memory(self) -> float:
        """Bytes of main memory meanwhile."""
        kept = BEST_COPY * self.parameters * self.bytes_each
        return kept + (self.memory if self.device == "cpu" else 0)

    @property
    def checkpoint(self) -> int:
        """Bytes on disk while a feature is trained."""
        return CHECKPOINT * self.parameters * self.bytes_each


@dataclass(frozen=True)
class Device:
    """What a device can do, as measured."""

    name: str
    bandwidth: float  # bytes a second of a plain copy, read and written
    speed: float  # operations a second of a plain matrix product
    memory: int  # bytes


def preflight(
    profile: Profile,
    models: Iterable[str],
    *,
    here: bool = True,
    log: Callable[[str], None],
) -> None:
    """Tell what a run will fetch and need; refuse what cannot work.

    Of steps that run on other machines (``here`` is False) neither memory nor hours are
    known: this machine's device is not theirs.

    Raises
    ------
    InputError
        naming every model or resource that is missing, with the way out.
    """
    for name in profile.left_out:
        log(
            f"{name}: left out; it is gated (accept its licence on the hub and set "
            "HF_TOKEN); the other models go on"
        )
    found = [_model(profile, name) for name in models if profile.entry(name).hub]
    data = sum(map(data_download, profile.sources))
    log(f"public data: {_size(data)} to fetch")
    runs = [run for m in found for run in profile.runs(m.settings.model)]
    theirs = published_downloads(runs, log=log)
    if any(run.decoder.published for run in runs):
        log(f"the authors' checkpoints: {_size(theirs)} to fetch")
    if here:
        problems = _tell_needs(profile, found, log)
    else:
        problems = []
        for model in found:
            log(_fetched(model))
        log("memory and hours: not estimated, as the steps run on other machines")
    problems += _disk_problem(profile, found, data + theirs)
    if problems:
        raise InputError("\nerror: ".join(problems))


def _tell_needs(
    profile: Profile, found: list[Model], log: Callable[[str], None]
) -> list[str]:
    """Tell memory and hours on the devices of this machine; what does not fit them."""
    measured = {name: measure(name) for name in {m.device for m in found}}
    hours = [_hours(profile, m, measured[m.device]) for m in found]
    for model, own in zip(found, hours, strict=True):
        log(_line(profile, model, measured[model.device], own))
    runs = [run for m in found for run in profile.runs(m.settings.model)]
    log(
        f"in all about {sum(map(sum, hours)):,.1f} h, one model after another (an "
        f"estimate{left_out(runs)})"
    )
    return [p for m in found for p in _problems(m, measured[m.device])]


def measure(name: str, *, size: int = 2048, numbers: int = 1 << 25) -> Device:
    """Time a matrix product and a copy on a device."""
    device = torch.device(name)
    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
    square = torch.ones(size, size, device=device, dtype=dtype)
    vector = torch.ones(numbers, device=device)
    target = torch.empty_like(vector)
    product = _fastest(lambda: square @ square, device)
    copy = _fastest(lambda: target.copy_(vector), device)
    if device.type == "cuda":
        memory = torch.cuda.get_device_properties(device).total_memory
        label = torch.cuda.get_device_name(device)
    else:
        memory, label = psutil.virtual_memory().total, "CPU"
    traffic = 2 * vector.element_size() * numbers
    return Device(label, traffic / copy, 2 * size**3 / product, memory)


def _fastest(work: Callable[[], object], device: torch.device) -> float:
    times = []
    for _ in range(4):
        start = time.perf_counter()
        work()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        times.append(time.perf_counter() - start)
    return min(times)


def _model(profile: Profile, name: str) -> Model:
    """A model's size, from the cache or from the hub."""
    settings = profile.runs(name)[0]
    path, revision = settings.path, settings.revision
    cached = cached_model(path, revision)
    if cached is not None:
        folder, weights = cached
        said = read_json(folder / "config.json").get("architectures")
        return Model(settings, sum(map(_count, weights)), 0, _is_causal(said))
    if constants.HF_HUB_OFFLINE:
        raise InputError(
            f"{name}: {path} is not in the local cache with its safetensors, "
            "and the hub may not be asked (HF_HUB_OFFLINE=1); fetch it where there is "
            "a network, or leave it out with --models"
        )
    info = attempted(
        lambda: HfApi().model_info(path, revision=revision, files_metadata=True),
        f"model {name}",
    )
    if info.safetensors is None:
        raise InputError(f"{name}: {path} has no safetensors; choose another")
    causal = _is_causal((info.config or {}).get("architectures"))
    size = model_download(path, info)
    return Model(settings, info.safetensors.total, size, causal)


def _is_causal(architectures: list[str] | None) -> bool:
    """Whether a model reads from the left; the estimate alone depends on it."""
    return any("CausalLM" in a or "LMHead" in a for a in architectures or ())


def _count(path: Path) -> int:
    with safe_open(path, framework="pt") as file:
        shapes = [file.get_slice(key).get_shape() for key in file.keys()]  # noqa: SIM118
    return sum(map(math.prod, shapes))


def _hours(profile: Profile, model: Model, device: Device) -> tuple[float, ...]:
    """Training, evaluation of encoder and decoder, benchmarks: an estimate each."""
    name = model.settings.model
    rates = Rates(model.parameters, model.bytes_each, device.speed, device.bandwidth)
    runs, compared = profile.runs(name), profile.compared(name)
    seconds = (
        sum(training_seconds(run, rates) for run in runs),
        sum(evaluation_seconds(run, rates) for run in runs),
        benchmark_seconds(
            compared[0], len(variants(profile, name)), rates, causal=model.causal
        )
        if compared
        else 0.0,
    )
    return tuple(part / 3600 for part in seconds)


def _line(
    profile: Profile, model: Model, device: Device, hours: tuple[float, ...]
) -> str:
    settings = model.settings
    count = len(profile.runs(settings.model))
    training, evaluation, benchmarks = hours
    return (
        f"{_fetched(model)}; training takes {_size(model.memory)} on {device.name} "
        f"and about {training:,.1f} h for {count} feature{'s' * (count != 1)}, their "
        f"evaluation {evaluation:,.1f} h, the benchmarks {benchmarks:,.1f} h"
    )


def _fetched(model: Model) -> str:
    return (
        f"{model.settings.model}: {_size(model.download)} to fetch, "
        f"{model.parameters / 1e6:,.0f} M parameters, {model.settings.load.dtype}"
    )


def _problems(model: Model, device: Device) -> list[str]:
    name, found = model.settings.model, []
    cards = torch.cuda.device_count() if model.settings.load.device_map else 1
    if model.device != "cpu" and model.memory > device.memory * cards:
        found.append(
            f"{name}: training takes {_size(model.memory)}, {device.name} has "
            f"{_size(device.memory)}; {_REMEDIES}"
        )
    host = psutil.virtual_memory().total
    if model.host_memory > host:
        found.append(
            f"{name}: training takes {_size(model.host_memory)} of main memory, there "
            f"are {_size(host)}; {_REMEDIES}"
        )
    return found


_REMEDIES = (
    "in a profile of your own set load: {dtype: bfloat16}, training: {moments: 8bit} "
    "(AdamW's state in a quarter of the room) or load: {device_map: auto} (several "
    "cards), or leave it out with --models"
)


def _disk_problem(profile: Profile, models: list[Model], data: int) -> list[str]:
    """Room for the downloads, one checkpoint a model and the GRADIENDs that stay."""
    folder = results_root()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    stays = sum(
        3 * m.parameters * m.bytes_each
        * len(profile.features_of("all", m.settings.model))
        for m in models
    )  # fmt: skip
    need = data + sum(m.download + m.checkpoint for m in models) + stays
    if need <= free:
        return []
    return [
        f"{folder}: {_size(free)} free, about {_size(need)} needed; free space, set "
        "GRADIEND_RESULTS and HF_HOME to a larger disk, or run fewer models (--models)"
    ]


def _size(count: float) -> str:
    return f"{count / 1e9:,.1f} GB" if count >= 1e8 else f"{count / 1e6:,.1f} MB"
