"""Elementwise programs."""

from __future__ import annotations

import numpy as np
import pytest

import pellucid
from tests.engines.passes import native_only


@native_only
@pytest.mark.parametrize(
    "function", [lambda x: x.to("float32") / 255, lambda x: (x.to("float32"), x.to("float32") / 7)]
)
def test_pixels_are_scaled_to_the_bit(function):
    x = np.arange(256, dtype=np.uint8)
    found = {}
    for name in ("reference", "native"):
        with pellucid.engine(name):
            made = pellucid.compile(function)(x)
            found[name] = [y.numpy() for y in (made if isinstance(made, tuple) else (made,))]
    for expected, y in zip(found["reference"], found["native"], strict=True):
        np.testing.assert_array_equal(y, expected)
