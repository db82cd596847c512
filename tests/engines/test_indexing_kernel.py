"""The kernels that gather and scatter against NumPy, and against the primitives' own definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pellucid.engines import native
from pellucid.ops.indexing import scatter_add_along_axis_p

pytestmark = pytest.mark.skipif(not native.available(), reason="pellucid._native was not built")

WORKERS = (1, 2, 3, 8)
SUMMED = ("float32", "float64", "int64")

# Shape of x, number of indices, how many are taken.
GATHERED = [
    ((5,), 1, 9),
    ((4, 3), 1, 7),
    ((4, 3), 2, 20),
    ((3, 4, 5, 2), 2, 11),
    ((6, 100), 1, 3),
    ((2, 3), 1, 0),
    ((3, 0), 1, 4),
]


def call(name: str, arrays: list[np.ndarray], numbers: list[int], workers: int) -> None:
    from pellucid import _native

    _native.call(name, arrays, numbers, workers)


def values(shape: tuple[int, ...], dtype: str, seed: int = 0) -> np.ndarray:
    return (np.random.default_rng(seed).standard_normal(shape) * 50).astype(dtype)


def indices(x: np.ndarray, count: int, n: int) -> list[np.ndarray]:
    generator = np.random.default_rng(1)
    return [generator.integers(-size, size, n) for size in x.shape[:count]]


def gather_numbers(x: np.ndarray, count: int, n: int) -> list[int]:
    axes = [(size, stride // x.itemsize) for size, stride in zip(x.shape[:count], x.strides[:count], strict=True)]
    return [n, count, *(number for axis in axes for number in axis), math.prod(x.shape[count:])]


@pytest.mark.parametrize("dtype", ["bool", "float32", "int64"])
@pytest.mark.parametrize(("shape", "count", "n"), GATHERED)
def test_gather_takes_what_numpy_takes(shape: tuple[int, ...], count: int, n: int, dtype: str) -> None:
    x = values(shape, dtype)
    index = indices(x, count, n)
    for workers in WORKERS:
        y = np.zeros((n, *shape[count:]), dtype)
        call(f"gather_{x.itemsize}", [y, x, *index], gather_numbers(x, count, n), workers)
        np.testing.assert_array_equal(y, x[tuple(index)])


def test_gather_takes_the_nearest_for_an_index_outside() -> None:
    x, y = np.arange(5.0), np.zeros(4)
    call("gather_8", [y, x, np.array([5, 2**62, -6, -(2**63)])], gather_numbers(x, 1, 4), 1)
    np.testing.assert_array_equal(y, [4, 4, 0, 0])


def test_gather_from_nothing_gives_zeros() -> None:
    x, y = np.zeros((0, 3)), np.ones((2, 3))
    call("gather_8", [y, x, np.array([0, 1])], gather_numbers(x, 1, 2), 1)
    assert not y.any()


@pytest.mark.parametrize("dtype", SUMMED)
@pytest.mark.parametrize(("shape", "count", "n"), [*GATHERED, ((2, 3), 1, 400)])
def test_scatter_add_has_the_bits_of_numpy(shape: tuple[int, ...], count: int, n: int, dtype: str) -> None:
    expected = np.zeros(shape, dtype)
    index = indices(expected, count, n)
    g = values((n, *shape[count:]), dtype)
    np.add.at(expected, tuple(index), g)
    numbers = [*gather_numbers(expected, count, n), expected.size]
    for workers in WORKERS:
        x = np.full(shape, 99, dtype)
        call(f"scatter_add_{dtype}", [x, g, *index], numbers, workers)
        np.testing.assert_array_equal(x, expected)


# Outer, size of the axis in x, size of the axis in the index, inner.
ALONG = [
    (1, 5, 3, 1),
    (100, 10, 1, 1),
    (3, 4, 7, 2),
    (2, 3, 9, 40),
    (4, 6, 1, 17),
    (3, 2, 0, 5),
    (0, 3, 2, 2),
    (2, 3, 2, 0),
]


def along(size: tuple[int, int, int, int]) -> np.ndarray:
    outer, axis, count, inner = size
    return np.random.default_rng(2).integers(-axis, axis, (outer, count, inner))


@pytest.mark.parametrize("dtype", ["bool", "float32", "int64"])
@pytest.mark.parametrize("size", ALONG, ids=str)
def test_take_along_axis_takes_what_numpy_takes(size: tuple[int, int, int, int], dtype: str) -> None:
    x, index = values((size[0], size[1], size[3]), dtype), along(size)
    for workers in WORKERS:
        y = np.zeros(index.shape, dtype)
        call(f"take_along_axis_{x.itemsize}", [y, x, index], list(size), workers)
        np.testing.assert_array_equal(y, np.take_along_axis(x, index, 1))


@pytest.mark.parametrize("dtype", SUMMED)
@pytest.mark.parametrize("size", ALONG, ids=str)
def test_scatter_add_along_axis_has_the_bits_of_the_definition(size: tuple[int, int, int, int], dtype: str) -> None:
    index = along(size)
    g = values(index.shape, dtype)
    expected = scatter_add_along_axis_p.value(g, np.where(index < 0, index + size[1], index), axis=1, size=size[1])
    for workers in WORKERS:
        x = np.full(expected.shape, 99, dtype)
        call(f"scatter_add_along_axis_{dtype}", [x, g, index], list(size), workers)
        np.testing.assert_array_equal(x, expected)


@pytest.mark.parametrize("dtype", ["bool", "float32", "int64"])
@pytest.mark.parametrize(("total", "n"), [(1, 1), (100, 7), (30, 200), (1000, 0), (0, 0)])
def test_scatter_keeps_the_last_value(total: int, n: int, dtype: str) -> None:
    x, new = values((total,), dtype), values((n,), dtype, seed=3)
    places = np.random.default_rng(4).integers(-total, max(total, 1), n)
    expected = x.copy()
    expected[places] = new
    for workers in WORKERS:
        y = np.zeros(total, dtype)
        call(f"scatter_{x.itemsize}", [y, x, new, places], [total, n], workers)
        np.testing.assert_array_equal(y, expected)


@pytest.mark.parametrize(("shape", "dtype"), [((50, 1, 28, 28), "uint8"), ((20,), "int64"), ((7, 3), "float32")])
def test_gather_rows_takes_a_mini_batch(shape: tuple[int, ...], dtype: str) -> None:
    x = values(shape, "float64").astype(dtype)
    rows = np.random.default_rng(5).integers(0, shape[0], 13)
    for workers in WORKERS:
        y = np.zeros((13, *shape[1:]), dtype)
        call("gather_rows", [y, x, rows], [13, x.itemsize * math.prod(shape[1:])], workers)
        np.testing.assert_array_equal(y, x[rows])
