"""The kernels that copy and fill through strides."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pellucid.engines import native

pytestmark = pytest.mark.skipif(not native.available(), reason="pellucid._native was not built")

TYPES = ("uint8", "float32", "float64")


def axes(y: np.ndarray, *others: np.ndarray) -> list[int]:
    """Size and strides of each axis, in elements."""
    strides = zip(y.shape, *([s // a.itemsize for s in a.strides] for a in (y, *others)), strict=True)
    return [number for axis in strides for number in axis]


def assert_copies(x: np.ndarray, y: np.ndarray) -> None:
    from pellucid import _native

    for workers in (1, 2, 3, 8):
        y[...] = 0
        _native.call(f"copy_{x.itemsize}", [y, x], [x.ndim, *axes(y, x)], workers)
        np.testing.assert_array_equal(y, x)


def numbered(shape: tuple[int, ...], dtype: str) -> np.ndarray:
    return (np.arange(np.prod(shape, dtype=int)) % 251 + 1).astype(dtype).reshape(shape)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize(
    "shape",
    [(), (1,), (5000,), (9001,), (3, 4), (65, 130), (8, 8), (4, 1, 5), (3, 30, 17), (2, 3, 5, 7), (0, 3), (4, 0)],
)
def test_copy_takes_the_axes_in_any_order(shape: tuple[int, ...], dtype: str) -> None:
    for order in itertools.permutations(range(len(shape))):
        x = numbered(shape, dtype).transpose(order)
        assert_copies(x, np.zeros(x.shape, dtype))
        assert_copies(x.copy(), np.zeros(shape, dtype).transpose(order))


@pytest.mark.parametrize("dtype", TYPES)
def test_copy_takes_eight_axes(dtype: str) -> None:
    x = numbered((2, 3, 1, 2, 4, 2, 3, 2), dtype).transpose(7, 0, 3, 5, 2, 6, 1, 4)
    assert_copies(x, np.zeros(x.shape, dtype))


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize(
    ("small", "large"), [((1,), (40,)), ((1, 5), (7, 5)), ((7, 1), (7, 50)), ((3, 1, 4), (2, 3, 5, 4))]
)
def test_copy_repeats(small: tuple[int, ...], large: tuple[int, ...], dtype: str) -> None:
    assert_copies(np.broadcast_to(numbered(small, dtype), large), np.zeros(large, dtype))


@given(st.data())
def test_copy_takes_any_slices(data: st.DataObject) -> None:
    shape = tuple(data.draw(st.lists(st.integers(1, 20), min_size=1, max_size=3)))
    step = st.sampled_from([-3, -2, -1, 1, 2, 3])
    dtype = data.draw(st.sampled_from(TYPES))
    x = numbered(shape, dtype)[tuple(slice(None, None, data.draw(step)) for _ in shape)]
    x = x.transpose(data.draw(st.permutations(range(x.ndim))))
    steps = [data.draw(step) for _ in shape]
    whole = np.zeros([n * abs(s) for n, s in zip(x.shape, steps, strict=True)], dtype)
    y = whole[tuple(slice(None, None, s) for s in steps)]
    assert_copies(x, y)
    y[...] = 0
    assert not whole.any()


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("shape", [(), (1,), (3, 5), (10000,), (4, 0), (2, 3, 4)])
def test_fill_sets_every_element_and_no_other(shape: tuple[int, ...], dtype: str, workers: int) -> None:
    from pellucid import _native

    value = np.array(200 if dtype == "uint8" else -1.5, dtype)
    bits = int(value.view(f"i{value.itemsize}")[()])
    whole = np.zeros(tuple(2 * n for n in shape), dtype)
    for y in (np.zeros(shape, dtype), whole[(..., *(slice(None, None, 2) for _ in shape))]):
        _native.call(f"fill_{value.itemsize}", [y], [bits, y.ndim, *axes(y)], workers)
        assert (y == value).all()
    assert np.count_nonzero(whole) == np.prod(shape, dtype=int)
