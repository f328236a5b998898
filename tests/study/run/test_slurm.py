"""``--executor slurm`` on a real Slurm of one node, where its programs are installed.

Debian: ``apt install slurmctld slurmd slurm-client munge``.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest
import yaml

from tests.study.run.test_entrance import MODEL, entrance

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scancel")
# Snakemake's plugin takes SLURM_CONF out of what jobs see: it must be the usual place.
PLACE = Path("/etc/slurm")
pytestmark = pytest.mark.skipif(
    not all(map(shutil.which, PROGRAMS))
    or not os.access(PLACE, os.W_OK)
    or (PLACE / "slurm.conf").exists(),
    reason="no Slurm whose configuration could be written is installed",
)
CONFIGURATION = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
SlurmUser={user}
SlurmdUser={user}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
ReturnToService=2
GresTypes=gpu
NodeName={host} NodeAddr=127.0.0.1 CPUs={cores} RealMemory={memory} Gres=gpu:1
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


@pytest.fixture
def slurm(tmp_path: Path) -> Iterator[None]:
    """A cluster of this machine."""
    folder = tmp_path / "slurm"
    for part in ("state", "spool"):
        (folder / part).mkdir(parents=True, mode=0o700)
    key = folder / "munge.key"
    key.write_bytes(os.urandom(1024))
    key.chmod(0o600)
    text = CONFIGURATION.format(
        folder=folder,
        host=socket.gethostname().partition(".")[0],
        user=pwd.getpwuid(os.getuid()).pw_name,
        ports=free_ports(2),
        cores=os.cpu_count(),
        memory=psutil.virtual_memory().total // 2**20 - 1024,
    )
    (folder / "slurm.conf").write_text(text)
    (folder / "gres.conf").write_text("Name=gpu File=/dev/null\n")
    files = {"key": key, "socket": "munge.socket", "pid": "munge.pid"}
    files |= {"log": "munge.log", "seed": "munge.seed"}
    options = [
        f"--{name}{'' if name == 'socket' else '-file'}={folder / file}"
        for name, file in files.items()
    ]
    with ExitStack() as stack:
        for name in ("slurm.conf", "gres.conf"):
            (PLACE / name).symlink_to(folder / name)
            stack.callback((PLACE / name).unlink)
        for command in (
            ["munged", "--foreground", "--force", *options],
            ["slurmctld", "-D"],
            ["slurmd", "-D"],
        ):
            log = stack.enter_context((folder / f"{command[0]}.out").open("w"))
            daemon = subprocess.Popen(command, stdout=log, stderr=log)
            stack.callback(daemon.wait)
            stack.callback(daemon.terminate)
            time.sleep(1)
        wait_for(lambda: "idle" in said("sinfo", "--noheader", "--format=%T"))
        yield


def free_ports(count: int) -> list[int]:
    """Ports that nothing listens on."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def said(*command: str) -> str:
    """What a command prints."""
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def wait_for(condition: Callable[[], bool], *, seconds: float = 180) -> None:
    """Wait until ``condition`` holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.2)


def jobs(columns: str) -> list[str]:
    """A line for every job that Slurm has had, in the order they were sent."""
    command = ("squeue", "--states=all", "--noheader", "--sort=i")
    return said(*command, f"--format={columns}").splitlines()


@pytest.mark.usefixtures("slurm")
def test_a_lost_job_is_sent_again_and_a_rerun_sends_none(tmp_path):
    profile = tmp_path / "cluster.yaml"
    resources = {"gpu": 1, "mem_mb": 2_000, "runtime": 10, "threads": 1}
    profile.write_text(yaml.safe_dump({"like": "smoke", "resources": resources}))
    step = f"03_encoder__{MODEL.replace('-', '_')}__all"
    options = [str(profile), "--models", MODEL, "--domains", "gender", "-j", "2"]
    options += ["--executor", "slurm", "--until", step]
    # Accounting is what a test can do without.
    options += ["--slurm-status-command", "squeue"]
    options += ["--slurm-init-seconds-before-status-checks", "2"]
    options += ["--seconds-between-status-checks", "2"]
    results = tmp_path / "results"
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(entrance, *options, results=results)
        wait_for(lambda: jobs("%T") == ["RUNNING"])
        (number,) = jobs("%i")
        asked = said("scontrol", "show", "job", number)
        said("scancel", number)
        done = running.result()
    for part in (
        "MinMemoryNode=2000M",
        "TimeLimit=00:10:00",
        "=gres:gpu:1",
        "NumCPUs=1",
    ):
        assert part in asked
    assert done.returncode == 0, done.stdout + done.stderr
    assert jobs("%T") == ["CANCELLED", "COMPLETED", "COMPLETED"]
    assert list(results.glob(f"cluster/{MODEL}/gender_MF/encodings.csv"))
    again = entrance(*options, results=results)
    assert again.returncode == 0 and len(jobs("%i")) == 3
