"""A device that a profile names has to be there."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from gradiend.errors import InputError
from study.profiles.devices import need_devices
from study.results.places import REPOSITORY


def test_cpu_and_auto_are_everywhere_and_cost_nothing():
    code = (
        "import sys; from study.profiles.devices import need_devices; "
        "need_devices(['auto', 'cpu']); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, check=True)


@pytest.mark.parametrize(
    ("name", "count", "seen"),
    [("cuda", 0, "none"), ("cuda:0", 0, "none"), ("cuda:2", 2, "cuda:0, cuda:1")],
)
def test_a_gpu_that_torch_does_not_see_is_refused(monkeypatch, name, count, seen):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
    with pytest.raises(InputError, match=f"device: {name}}}.*sees {seen};.*auto"):
        need_devices(["cpu", name])


def test_a_gpu_that_torch_sees_is_taken(monkeypatch):
    """And is asked for once a name, of that kind alone."""
    asked = []
    monkeypatch.setattr(torch.cuda, "device_count", lambda: asked.append(1) or 2)
    need_devices(["cuda", "cuda:1", "cuda", "cpu", "auto"])
    assert len(asked) == 2
