"""What many messages share."""

from __future__ import annotations

import numpy as np
import pytest

from pellucid.errors import OptionError, check_whole, nearest


def test_the_nearest_word_is_named_or_all_are() -> None:
    known = ["two-layer", "perceptron"]
    assert nearest("Two_Layer", known) == ", did you mean 'two-layer'?"
    assert nearest("x", known) == "; there is two-layer, perceptron"
    assert nearest("x", known, "; check the path") == "; check the path"
    assert nearest("perceptro", iter(known)) == ", did you mean 'perceptron'?"


@pytest.mark.parametrize(
    ("value", "hint"),
    [(0, ""), (True, ""), ("1", ""), (None, ""), (1.5, ""), (2.0, "; divide with // to keep it whole")],
)
def test_what_is_no_whole_number_is_refused(value, hint: str) -> None:
    with pytest.raises(OptionError) as caught:
        check_whole("fit", epochs=value)
    assert str(caught.value) == f"fit: epochs={value!r} must be a whole number, 1 or more{hint}"
    check_whole("fit", least=0, a=0, b=np.int32(3))
