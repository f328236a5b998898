"""What the candidates of a grid are asked."""

from __future__ import annotations

import pytest

from gradiend.errors import InputError
from study.domains.gender import profession_texts
from study.profiles.reading import load_profile
from study.sources.chosen import asked_associations, load_data
from study.steps.decoder import decoder_measure
from study.steps.models import load_model
from tests.study.changes import changed


@pytest.mark.parametrize(
    ("model", "counts"), [("standin-bert-base", (40, 20)), ("minilm-l6", (161, 161))]
)
def test_no_candidate_is_selected_on_a_held_out_profession(model, counts):
    settings = load_profile("mini").settings(model, "gender_MF")
    asked = asked_associations(settings)
    seen = profession_texts(asked, held_out=False)
    kept = profession_texts(asked, held_out=True)
    assert (len(seen), len(kept)) == counts and not set(seen) & set(kept)


def test_an_unknown_slot_is_refused():
    settings = load_profile("mini").settings("standin-bert-base", "gender_MF")
    lm = load_model(settings)
    data = load_data(settings)
    with pytest.raises(InputError, match=r"unknown slot 'pronouns'.*'pronoun'"):
        decoder_measure(changed(settings, decoder={"slot": "pronouns"}), lm, data)
