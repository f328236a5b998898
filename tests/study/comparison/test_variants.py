"""What is known of a variant by its parts."""

from __future__ import annotations

from study.comparison.methods import METHODS
from study.comparison.variants import ANY, Variant


def test_what_is_kept_and_what_the_head_alone_knows():
    assert Variant("gender", ("GRADIEND-N", "INLP")).stored
    assert not Variant("gender", ("GRADIEND-N",)).stored
    assert not Variant("gender", ("SelfDebias",)).stored
    assert not Variant(ANY).stored and not Variant(ANY).head_only
    assert Variant("race", ("SelfDebias",)).head_only
    assert [n for n, m in METHODS.items() if m.head_only] == ["SelfDebias"]
