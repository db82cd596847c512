"""The random numbers of the kernels: the very bits of pellucid.random."""

from __future__ import annotations

import numpy as np
import pytest

from pellucid import random
from pellucid.engines import native

pytestmark = pytest.mark.skipif(not native.available(), reason="pellucid._native was not built")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n", [0, 1, 3, 4, 5, 8, 9, 31, 127, 128, 129, 255, 256, 257, 1000, 4099])
@pytest.mark.parametrize(("seed", "block"), [(0, 0), (7, 1), (2**64 - 1, 123456789), (5, 2**64 - 3), (3, 2**64 - 1)])
def test_uniform_has_the_bits_of_the_reference(seed: int, block: int, n: int, dtype: str) -> None:
    from pellucid import _native

    expected = random.uniform(seed, block, (n,), np.dtype(dtype))
    for workers in (1, 2, 3, 8):
        y = np.full(n + 1, -1, dtype)
        _native.call(f"random_uniform_{dtype}", [y, np.array([seed, block], np.uint64)], [n], workers)
        np.testing.assert_array_equal(y[:n], expected)
        assert y[n] == -1
