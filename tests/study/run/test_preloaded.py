"""Programs as forks of an interpreter that has loaded the packages."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from study.results.places import REPOSITORY
from study.run.preloaded import PROGRAM, SOCKET

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks on Linux alone")


def within_seconds(holds: Callable[[], bool]) -> bool:
    """Whether something comes to hold while one waits."""
    for _ in range(300):
        if holds():
            return True
        time.sleep(0.1)
    return False


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[Path]:
    """Socket of a server whose packages are loaded."""
    path = tmp_path_factory.mktemp("server") / "socket"
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen([sys.executable, *PROGRAM, path], env=environment)
    assert within_seconds(path.exists)
    yield path
    process.kill()


def program(code: str, folder: Path, *arguments: str) -> list[str]:
    """The command of a module in ``folder`` that consists of ``code``."""
    (folder / "said.py").write_text(code)
    return [sys.executable, *PROGRAM, "-m", "said", *arguments]


def run(server: Path | None, code: str, folder: Path, *arguments: str, **more: str):
    """What a module says and how it ends, as a fork of the server or as a process."""
    environment = {"PYTHONPATH": str(REPOSITORY)} | more
    environment |= {} if server is None else {SOCKET: str(server)}
    return subprocess.run(
        program(code, folder, *arguments),
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        text=True,
    )


SAYS = """
import os, sys, torch
print(sys.argv[1:], os.getcwd(), os.environ["SAID"], torch.get_num_threads())
print("an error", file=sys.stderr)
print([name for name in sys.modules if name.split(".")[0] in ("gradiend", "study")])
import gradiend
print(gradiend.__file__)
"""


def test_a_fork_says_what_a_process_says(server, tmp_path):
    settings = {"SAID": "grün", "OMP_NUM_THREADS": "2", "MKL_NUM_THREADS": "2"}
    asked = (SAYS, tmp_path, "-a", "b c")
    fork, process = run(server, *asked, **settings), run(None, *asked, **settings)
    assert fork.stdout == process.stdout and fork.stderr == process.stderr
    assert "['-a', 'b c']" in fork.stdout and "grün 2" in fork.stdout
    assert fork.returncode == process.returncode == 0


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("raise SystemExit(3)", 3),
        ("import sys; sys.exit('one line')", 1),
        ("1 / 0", 1),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", 137),
    ],
)
def test_the_status_is_the_programs(server, tmp_path, code, status):
    done = run(server, code, tmp_path)
    assert done.returncode == status
    assert ("one line" in done.stderr) == ("one line" in code)
    assert ("ZeroDivisionError" in done.stderr) == ("/" in code)


def test_packages_are_loaded_once_and_by_the_first(server, tmp_path):
    code = "import os, sys; print('torch' in sys.modules, os.getppid())"
    first, second = (run(server, code, tmp_path).stdout for _ in range(2))
    assert first == second and first.startswith("True")
    assert run(None, code, tmp_path).stdout.startswith("False")


WAITS = """
import os, sys, time
try:
    print(os.getpid(), flush=True)
    time.sleep(60)
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


def waiting(server: Path, folder: Path) -> tuple[subprocess.Popen, int]:
    """A program that waits, and its fork's process number."""
    client = subprocess.Popen(
        program(WAITS, folder),
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY), SOCKET: str(server)},
        stdout=subprocess.PIPE,
        text=True,
    )
    return client, int(client.stdout.readline())


def gone(process: int) -> bool:
    """Whether a process ends within some seconds."""
    return within_seconds(lambda: not Path(f"/proc/{process}").exists())


def test_a_signal_goes_on_to_the_program(server, tmp_path):
    client, _ = waiting(server, tmp_path)
    client.send_signal(signal.SIGINT)
    assert client.stdout.read() == "interrupted\n" and client.wait() == 0
    client, _ = waiting(server, tmp_path)
    client.terminate()
    assert client.wait() == 128 + signal.SIGTERM


def test_a_program_ends_with_who_asked_for_it(server, tmp_path):
    client, process = waiting(server, tmp_path)
    client.kill()
    assert gone(process)
    # and with who started that one
    code = "import subprocess, sys; subprocess.run(sys.argv[1:])"
    asked = program(WAITS, tmp_path)
    outer = subprocess.Popen(
        [sys.executable, "-c", code, *asked],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY), SOCKET: str(server)},
        stdout=subprocess.PIPE,
        text=True,
    )
    process = int(outer.stdout.readline())
    outer.kill()
    assert gone(process)


def test_a_server_ends_with_its_parent_and_leaves_nothing(tmp_path):
    path = tmp_path / "of a server" / "socket"
    path.parent.mkdir()
    code = (
        "import subprocess, sys, time; subprocess.Popen(sys.argv[1:]); time.sleep(60)"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code, sys.executable, *PROGRAM, path],
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
    )
    assert within_seconds(path.exists)
    client, process = waiting(path, tmp_path)
    parent.kill()
    assert gone(process) and client.wait() != 0
    assert within_seconds(lambda: not path.parent.exists())


def test_who_says_too_little_is_not_answered(server, tmp_path):
    with socket.socket(socket.AF_UNIX) as gone:
        gone.connect(str(server))
    with socket.socket(socket.AF_UNIX) as gone:
        gone.connect(str(server))
        gone.sendall(b"\0\0\0\x09{")
    assert run(server, "print('here')", tmp_path).stdout == "here\n"


def test_without_a_server_it_is_a_process(tmp_path):
    done = run(tmp_path / "nobody", "print('here')", tmp_path)
    assert done.stdout == "here\n" and done.returncode == 0
