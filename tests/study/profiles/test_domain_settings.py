"""What a profile says of a domain is heard, or refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from gradiend.errors import InputError
from study.profiles.reading import load_profile
from study.run.plan import steps
from study.steps.workbench import Workbench


def own(tmp_path: Path, **content) -> str:
    path = tmp_path / "own.yaml"
    base = {"like": "mini", "models": ["standin-gpt2"]}
    path.write_text(yaml.safe_dump(base | content))
    return str(path)


def test_the_fits_of_a_domain_are_those_its_settings_ask_for(tmp_path):
    fewer = {"race": {"methods": {"fit": {"inlp_classifiers": 3}}}}
    profile = load_profile(own(tmp_path, domains=fewer))
    bench = Workbench(profile, "standin-gpt2")
    found = {d: bench.run_of(d).methods.fit.inlp_classifiers for d in bench.domains}
    assert found == {"gender": 80, "race": 3, "religion": 80}
    other = {s.name: s.values for s in steps(profile)}
    plain = {s.name: s.values for s in steps(load_profile(own(tmp_path)))}
    fits, training = ("05_baselines--standin-gpt2--all", "02_train--standin-gpt2--all")
    assert plain[fits] != other[fits]
    assert plain[training] == other[training]


@pytest.mark.parametrize("group", ["load", "benchmarks", "tasks"])
def test_what_a_model_is_asked_once_cannot_differ_by_domain(tmp_path, group):
    with pytest.raises(InputError, match=rf"domains\.race: {group} is the same"):
        load_profile(own(tmp_path, domains={"race": {group: {}}}))
