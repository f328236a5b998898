"""What a training run leaves at each validation, so that a killed one goes on.

A checkpoint belongs to exactly one run: its name holds a digest of everything the run
depends on.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import pandas as pd
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from gradiend.files import atomic_path
from gradiend.identity import model_identity
from gradiend.lm.cloze import ClozeLM
from gradiend.settings import TrainingSettings
from gradiend.vectors import ParameterDict

_log = logging.getLogger(__name__)


def checkpoint_path(
    folder: str | Path,
    lm: ClozeLM,
    table: pd.DataFrame,
    settings: TrainingSettings,
    *,
    seed: int,
) -> Path:
    """Where the run with these arguments leaves its checkpoints."""
    digest = hashlib.sha256()
    digest.update(json.dumps(asdict(settings), sort_keys=True).encode())
    digest.update(pd.util.hash_pandas_object(table, index=False).values.tobytes())
    digest.update(model_identity(lm).encode())
    return Path(folder) / f"seed{seed}-{digest.hexdigest()[:12]}.safetensors"


def write_checkpoint(
    path: Path, kinds: Mapping[str, ParameterDict], header: dict
) -> None:
    """Write tensors by kind and name, and what JSON can hold; whole or not at all."""
    tensors = {
        f"{kind}/{name}": tensor
        for kind, named in kinds.items()
        for name, tensor in named.items()
    }
    with atomic_path(path) as unfinished:
        save_file(tensors, unfinished, metadata={"training": json.dumps(header)})


def read_checkpoint(path: Path) -> tuple[dict[str, ParameterDict], dict] | None:
    """What :func:`write_checkpoint` wrote; None if nothing did, or not to the end."""
    if not path.exists():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            header = json.loads(file.metadata()["training"])
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    except (SafetensorError, KeyError, TypeError, json.JSONDecodeError) as error:
        _log.warning(
            "%s is not a complete checkpoint (%s): training starts again", path, error
        )
        return None
    kinds: dict[str, ParameterDict] = {}
    for key, tensor in tensors.items():
        kind, _, name = key.partition("/")
        kinds.setdefault(kind, {})[name] = tensor
    return kinds, header
