"""The counter-based generator under the Tensors."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pellucid.random import blocks_needed, uniform

F32, F64 = np.dtype("float32"), np.dtype("float64")


def test_the_numbers_are_these_and_stay_these() -> None:
    """A change of any of them would change every training run that has a seed."""
    assert uniform(0, 0, (3,), F64).tolist() == [
        0.011546754286331562,
        0.24154919656271812,
        0.11142585551493822,
    ]
    assert uniform(7, 5, (3,), F32).tolist() == [
        0.046027302742004395,
        0.45430558919906616,
        0.14581739902496338,
    ]


@given(st.integers(0, 2**64 - 1), st.integers(0, 1000), st.integers(0, 9), st.sampled_from([F32, F64]))
def test_a_draw_is_a_part_of_the_stream_from_its_block_on(seed: int, block: int, more: int, dtype: np.dtype) -> None:
    in_block = 32 // dtype.itemsize
    long = uniform(seed, block, (in_block * 3,), dtype)
    np.testing.assert_array_equal(uniform(seed, block + 1, (in_block * 2,), dtype), long[in_block:])
    np.testing.assert_array_equal(uniform(seed, block, (more,), dtype), long[:more])


@pytest.mark.parametrize("dtype", [F32, F64])
def test_numbers_are_uniform_in_zero_to_one(dtype: np.dtype) -> None:
    x = uniform(1, 0, (200, 100), dtype)
    assert x.dtype == dtype and x.shape == (200, 100)
    assert 0 <= x.min() < 0.001 and 0.999 < x.max() < 1
    counts = np.histogram(x, 20, (0, 1))[0]
    assert ((counts - 1000) ** 2 / 1000).sum() < 45  # χ² with 19 degrees of freedom: 1 in 1,000 is above 43.8
    assert len(np.unique(x)) > 19_900 if dtype == F64 else True


@pytest.mark.parametrize(
    ("shape", "dtype", "blocks"),
    [((), F32, 1), ((0,), F32, 0), ((8,), F32, 1), ((9,), F32, 2), ((4,), F64, 1), ((5,), F64, 2)],
)
def test_draws_take_whole_blocks(shape, dtype, blocks) -> None:
    assert blocks_needed(shape, dtype) == blocks


def test_different_seeds_give_different_numbers() -> None:
    assert not np.intersect1d(uniform(0, 0, (100,), F64), uniform(1, 0, (100,), F64)).size
