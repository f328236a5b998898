"""Start Python programs from an interpreter that has loaded the large packages.

``python -m study.run.preloaded -m MODULE …`` does what ``python -m MODULE …`` does.
Where a server runs (``python -m study.run.preloaded SOCKET``, started by run_all.sh and
named by ``GRADIEND_PRELOADED``), the program is a fork of it: torch, transformers and
the notebook's kernel take ten seconds of a core to import, and a run starts 130
programs. Without a server, on a cluster's node say, it is a new interpreter.

The server loads packages alone, none of the project's modules: what was edited since is
read anew by every program. It loads at the first request, ends with its parent, and
takes the socket's folder with it.
"""

from __future__ import annotations

import json
import os
import selectors
import shutil
import signal
import socket
import struct
import sys
import warnings
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import import_module
from itertools import dropwhile

SOCKET = "GRADIEND_PRELOADED"
PROGRAM = ("-m", "study.run.preloaded")  # before the arguments of an interpreter
_PACKAGES = (
    "torch",
    "transformers.modeling_utils",
    "transformers.models.auto.modeling_auto",
    "transformers.models.bert.modeling_bert",
    "transformers.models.llama.modeling_llama",
    "pandas",
    "pyarrow.parquet",
    "scipy.stats",
    "sklearn.linear_model",
    "seaborn",
    "matplotlib.pyplot",
    "IPython",
    "ipykernel.kernelapp",
    "ipywidgets",
    "nbformat",
    "papermill",
)
_PROJECT = ("gradiend", "study")
_LENGTH, _STATUS = struct.Struct("!I"), struct.Struct("!i")
_PASSED_ON = (signal.SIGINT, signal.SIGTERM)
_TURN = 0.5  # s between two looks at whether the parent is there


# --- who asks -------------------------------------------------------------------------
def start(arguments: list[str]) -> int:
    """Run Python with the arguments, as a fork of the server's where there is one.

    The exit status is the program's. A signal goes on to it, and it ends when this
    process, or the one that started it, does.
    """
    with socket.socket(socket.AF_UNIX) as server:
        try:
            server.connect(os.environ[SOCKET])
        except (KeyError, OSError):
            os.execv(sys.executable, [sys.executable, *arguments])
        asked = {"arguments": arguments, "environment": dict(os.environ)}
        said = json.dumps(asked | {"folder": os.getcwd()}).encode()
        socket.send_fds(server, [_LENGTH.pack(len(said))], [0, 1, 2])
        server.sendall(said)
        for number in _PASSED_ON:
            signal.signal(number, lambda number, _: server.sendall(bytes([number])))
        return _awaited(server)


def _awaited(server: socket.socket) -> int:
    parent = os.getppid()
    server.settimeout(_TURN)
    while os.getppid() == parent:
        with suppress(TimeoutError):
            status = server.recv(_STATUS.size)
            return _STATUS.unpack(status)[0] if status else 1
    return 1


# --- who is asked ---------------------------------------------------------------------
@dataclass
class Server:
    """Forks a program a connection, and ends it when the connection ends."""

    listener: socket.socket
    programs: dict[int, socket.socket] = field(default_factory=dict)  # by process

    def serve(self) -> None:
        """Answer until the parent is gone; then nothing that was started is left."""
        parent = os.getppid()
        selector = selectors.DefaultSelector()
        selector.register(self.listener, selectors.EVENT_READ)
        ended, wake = socket.socketpair()
        for end in (ended, wake):
            end.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake.fileno())
        selector.register(ended, selectors.EVENT_READ)
        while os.getppid() == parent:
            for key, _ in selector.select(_TURN):
                if key.fileobj is self.listener:
                    self._begin(selector)
                elif key.fileobj is ended:
                    ended.recv(4096)
                else:
                    self._pass_on(key.fileobj, key.data)
            self._tell_ended(selector)
        for process in self.programs:
            _signal(process, signal.SIGKILL)
            os.waitpid(process, 0)

    def _begin(self, selector: selectors.BaseSelector) -> None:
        connection, _ = self.listener.accept()
        try:
            asked, streams = _asked(connection)
        except EOFError:  # who asked is gone
            connection.close()
            return
        _load()
        with warnings.catch_warnings():
            # pyarrow's allocator has a thread, and looks after itself in a fork.
            warnings.simplefilter("ignore", DeprecationWarning)
            process = os.fork()
        if not process:
            selector.close()
            _become(asked, streams)
        for stream in streams:
            os.close(stream)
        self.programs[process] = connection
        selector.register(connection, selectors.EVENT_READ, process)

    def _pass_on(self, connection: socket.socket, process: int) -> None:
        asked = connection.recv(1)
        if process in self.programs:
            _signal(process, asked[0] if asked else signal.SIGKILL)
        if not asked:
            # The program's end is noted once it is over.
            connection.shutdown(socket.SHUT_RD)

    def _tell_ended(self, selector: selectors.BaseSelector) -> None:
        for process, connection in list(self.programs.items()):
            if not os.waitid(os.P_PID, process, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                continue
            status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
            del self.programs[process]
            selector.unregister(connection)
            status = status if status >= 0 else 128 - status  # as a shell says it
            with connection, suppress(OSError):
                connection.sendall(_STATUS.pack(status))


def _asked(connection: socket.socket) -> tuple[dict, list[int]]:
    """What to run, and its three streams."""
    head, streams, *_ = socket.recv_fds(connection, _LENGTH.size, 3)
    if len(head) < _LENGTH.size:
        raise EOFError
    said = bytearray()
    while len(said) < _LENGTH.unpack(head)[0]:
        more = connection.recv(1 << 16)
        if not more:
            raise EOFError
        said += more
    return json.loads(said), streams


def _load() -> None:
    # Read when the kernel's module is imported: a kernel ends with this process.
    os.environ["JPY_PARENT_PID"] = str(os.getpid())
    for name in _PACKAGES:
        with suppress(ImportError):
            import_module(name)


def _signal(process: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process, number)


def _become(asked: dict, streams: list[int]) -> None:
    """Be the program that was asked for; does not return."""
    status = 1
    try:
        os.setsid()
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
            os.close(stream)
        status = _run(asked)
    finally:
        _leave(status)


def _run(asked: dict) -> int:
    import runpy
    import traceback

    os.environ.clear()
    os.environ.update(asked["environment"])
    os.chdir(asked["folder"])
    _use_threads()
    options = iter(asked["arguments"])
    module, *arguments = [*dropwhile(lambda option: option != "-m", options)][1:]
    sys.path[0] = asked["folder"]
    sys.argv = [module, *arguments]
    for name in [name for name in sys.modules if name.split(".")[0] in _PROJECT]:
        del sys.modules[name]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        print(end.code, file=sys.stderr)
        return 1
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def _use_threads() -> None:
    """As many as the environment says: libraries look at it when they are loaded."""
    import threadpoolctl
    import torch

    threads = int(os.environ.get("OMP_NUM_THREADS") or os.cpu_count() or 1)
    torch.set_num_threads(threads)
    threadpoolctl.threadpool_limits(threads)


def _leave(status: int) -> None:
    import atexit

    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(status)


def main() -> int:
    """Command line of the module."""
    first, *_ = arguments = sys.argv[1:]
    if first.startswith("-"):
        return start(arguments)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(first)
        listener.listen()
        Server(listener).serve()
    shutil.rmtree(os.path.dirname(first))
    return 0


if __name__ == "__main__":
    sys.exit(main())
