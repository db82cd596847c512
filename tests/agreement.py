"""How near a compiled function comes to an eager one: on the reference engine to the bit, on any other by a tolerance.

Other engines add in another order, and their exp and tanh differ in the last bit.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest

from pellucid.engines import ENGINES

TOLERANCE = {"float32": 1e-5, "float64": 1e-13}

on_every_engine = pytest.mark.parametrize("engine_name", list(ENGINES))


def assert_agrees(found: Any, expected: Any, engine_name: str, times: float = 1.0, what: str = "") -> None:
    """Same dtype and shape; floats to the bit or, by the largest of them, to `times` the tolerance of their dtype."""
    found, expected = np.asarray(found), np.asarray(expected)
    assert (found.dtype, found.shape) == (expected.dtype, expected.shape), what
    if engine_name == "reference" or expected.dtype.kind != "f":
        np.testing.assert_array_equal(found, expected, err_msg=what)
        return
    scale = max(1.0, float(np.abs(expected[np.isfinite(expected)]).max(initial=0)))
    atol = times * TOLERANCE[str(expected.dtype)]
    np.testing.assert_allclose(found / scale, expected / scale, rtol=0, atol=atol, err_msg=what)


def assert_all_agree(found: Iterable[Any], expected: Iterable[Any], engine_name: str, times: float = 1.0) -> None:
    for a, b in zip(found, expected, strict=True):
        assert_agrees(a, b, engine_name, times)
