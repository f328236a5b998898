"""The options that go to Snakemake, and the devices of a run."""

from __future__ import annotations

import pytest
import torch

from gradiend.errors import InputError
from study.profiles.reading import load_profile
from study.run.entrance import check
from study.run.options import check_targets, elsewhere, read_options
from study.run.plan import steps
from tests.study.changes import own_profile

TRAINING = "02_train__standin_gpt2__all"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--modles", "a"], "unknown option '--modles'; did you mean '--models'"),
        (["--modles=a"], "unknown option '--modles'; did you mean '--models'"),
        (["--hepl"], "did you mean '--help'"),
        (["--zzz"], r"unknown option '--zzz' \("),
        (["-j"], "argument --jobs/-j: expected one argument"),
        (["-j0"], "-j 0: a run needs at least one core"),
        (["--cores", "0"], "-c 0: a run needs at least one core"),
        (["-j", "many"], "number of jobs .* must be integer"),
        (["--executor", "slrum"], "invalid choice: 'slrum'.*'slurm'"),
        (["--config", "profile=x"], "what is run is said in a profile"),
    ],
)
def test_a_mistake_is_one_line(capsys, options, message):
    with pytest.raises(InputError, match=message) as error:
        read_options(options)
    assert "\n" not in str(error.value)
    assert capsys.readouterr() == ("", "")


def test_what_snakemake_knows_goes_through():
    options = ["-n", "-j4", "--quiet", "host", "--until", "x", "--printshellcmds"]
    found = read_options(options)
    assert (found.jobs, found.until, found.dryrun) == (4, {"x"}, True)
    assert read_options(["-c", "all"]).cores >= 1
    cluster = ["--executor", "cluster-generic", "--cluster-generic-submit-cmd", "x"]
    assert elsewhere(read_options(cluster)) and not elsewhere(read_options(["-n"]))


def test_a_target_is_a_step_or_its_file():
    plan = steps(load_profile("smoke"))
    file = str(plan[0].outputs[0])
    options = read_options(["-n", "all", TRAINING, file])
    assert set(options.targets) == {"all", TRAINING, file}
    check_targets(options, plan)
    with pytest.raises(InputError, match="neither an option nor a step"):
        check_targets(options, plan[1:])  # whose file it is, is not in it


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("mini", "'mini' is neither an option nor a step"),
        ("qick", "'qick' is .*; did you mean 'quick'"),
        (TRAINING[:-1], f"did you mean '{TRAINING}'"),
    ],
)
def test_a_target_that_is_none_is_refused(target, message):
    plan = steps(load_profile("smoke"))
    with pytest.raises(InputError, match=message):
        check_targets(read_options(["-n", target]), plan)


def test_a_gpu_that_is_not_here_is_refused_unless_steps_run_elsewhere(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    monkeypatch.setenv("GRADIEND_RESULTS", str(tmp_path / "results"))
    cuda = {"load": {"device": "cuda"}}
    source = own_profile(tmp_path, like="smoke", defaults=cuda)
    with pytest.raises(InputError, match=r"torch sees none; .*device: auto"):
        check([source])
    check([source, "--", "--executor", "slurm", "-j", "4"])
