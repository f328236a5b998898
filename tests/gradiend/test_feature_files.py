"""Files of features: which are read, and what is said of the others."""

from __future__ import annotations

import json

import pytest
import torch
from safetensors.torch import save_file

from gradiend.autoencoder import Gradiend
from gradiend.errors import InputError


def test_a_feature_of_a_model_with_more_layers_is_refused(tmp_path):
    smaller = {"layer.0": torch.zeros(2, 3)}
    larger = smaller | {"layer.1": torch.zeros(2, 3)}
    Gradiend.initialise(larger, seed=0).save(tmp_path / "feature")
    assert Gradiend.load(tmp_path / "feature", like=larger).size == 12
    with pytest.raises(InputError, match=r"does not fit this model \(.* layer\.1\)"):
        Gradiend.load(tmp_path / "feature", like=smaller)


def test_what_is_no_feature_is_said_and_nothing_is_to_be_deleted(tmp_path):
    path = tmp_path / "model.safetensors"
    save_file({"weight": torch.zeros(2)}, path, metadata={"format": "pt"})
    some = tmp_path / "some.safetensors"
    save_file({}, some, metadata={"gradiend": json.dumps({})})
    text = tmp_path / "rows.csv"
    text.write_text("masked,factual\n")
    for other in (path, some, text):
        with pytest.raises(InputError, match=r"not a GRADIEND file, or an inc") as said:
            Gradiend.load(other)
        assert "delete" not in str(said.value) and "\n" not in str(said.value)
    with pytest.raises(InputError, match=r"is a folder; give the GRADIEND file in it"):
        Gradiend.load(tmp_path)
    with pytest.raises(InputError, match="no such GRADIEND file"):
        Gradiend.load(tmp_path / "none")
