"""The reductions' kernels against NumPy, under the instruction set in use."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

_native = pytest.importorskip("pellucid._native")


SUMMED = ("float32", "float64", "int64")
EVERY = ("bool", "uint8", "int32", "int64", "uint64", "float32", "float64")
WORKERS = (1, 2, 3, 7)

# Shape, axes reduced: short rows and long ones, columns of few and many, everything, axes apart, nothing.
CASES = [
    ((7,), (0,)),
    ((1,), (0,)),
    ((100, 10), (1,)),
    ((100, 10), (0,)),
    ((100, 50), (0,)),
    ((3, 16), (1,)),
    ((3, 17), (1,)),
    ((5, 1023), (1,)),
    ((5, 1025), (1,)),
    ((2, 5000), (1,)),
    ((5000, 3), (0,)),
    ((1025, 64), (0,)),
    ((1500, 130), (0,)),
    ((100_001,), (0,)),
    ((4, 9, 9, 20), (0, 1, 2)),
    ((4, 20, 9, 9), (0, 2, 3)),
    ((3, 4, 5, 6), (1, 3)),
    ((3, 4, 5, 6), (0, 2)),
    ((30, 4, 70), (1,)),
    ((1, 4, 1), (0, 1)),
    ((0, 4), (1,)),
]


def reduce(name: str, x: np.ndarray, axes: Sequence[int], y: np.ndarray, workers: int = 1) -> np.ndarray:
    def strides(array: np.ndarray) -> list[int]:
        return [s // array.itemsize for s in array.strides]

    kept = [a for a in range(x.ndim) if a not in axes]
    numbers = [len(kept)]
    for a, y_stride in zip(kept, strides(y), strict=True):
        numbers += [x.shape[a], y_stride, strides(x)[a]]
    numbers += [len(axes)]
    for a in axes:
        numbers += [x.shape[a], strides(x)[a]]
    _native.call(name, [y, x], numbers, workers)
    return y


def output(x: np.ndarray, axes: Sequence[int], dtype: object) -> np.ndarray:
    return np.full([n for a, n in enumerate(x.shape) if a not in axes], 77, dtype)


def data(shape: tuple[int, ...], dtype: str) -> np.ndarray:
    generator = np.random.default_rng(0)
    if dtype == "bool":
        return generator.random(shape) < 0.05
    if np.dtype(dtype).kind == "f":
        return generator.standard_normal(shape).astype(dtype)
    low, high = (0, 256) if dtype == "uint8" else (-(2**31), 2**31) if dtype == "int32" else (0, 2**63 - 1)
    x = generator.integers(low, high, shape).astype(dtype)
    return x * 2 + 1 if dtype == "uint64" else x - 2**62 if dtype == "int64" else x


def views(x: np.ndarray) -> list[np.ndarray]:
    """x as it is, and the same numbers at other strides."""
    spread = np.zeros([2 * n for n in x.shape], x.dtype)[tuple(slice(None, None, 2) for _ in x.shape)]
    spread[...] = x
    return [x, np.asfortranarray(x), np.flip(np.flip(x).copy()), spread]


def assert_is_sum(y: np.ndarray, x: np.ndarray, axes: tuple[int, ...]) -> None:
    if x.dtype.kind != "f":
        np.testing.assert_array_equal(y, x.sum(axes))
        return
    # Pairwise above 1024 numbers for 4 accumulators or more: at most 256 roundings in turn, then one for each doubling.
    count = np.prod([x.shape[a] for a in axes], initial=1)
    roundings = min(count, 256 + 8 + 2 * np.log2(count + 1))
    exact = x.astype(np.longdouble).sum(axes)
    bound = roundings * np.finfo(x.dtype).eps / 2 * np.abs(x).astype(np.longdouble).sum(axes)
    assert np.all(np.abs(y - exact) <= bound + np.finfo(x.dtype).eps * np.abs(exact))


@pytest.mark.parametrize("dtype", SUMMED)
@pytest.mark.parametrize(("shape", "axes"), CASES, ids=str)
def test_sum_equals_numpy_at_any_strides_with_any_workers(
    shape: tuple[int, ...], axes: tuple[int, ...], dtype: str
) -> None:
    for x in views(data(shape, dtype)):
        y = reduce("reduce_sum_" + dtype, x, axes, output(x, axes, dtype))
        assert_is_sum(y, x, axes)
        for workers in WORKERS:
            again = reduce("reduce_sum_" + dtype, x, axes, output(x, axes, dtype), workers)
            assert again.tobytes() == y.tobytes()


@pytest.mark.parametrize("dtype", EVERY)
@pytest.mark.parametrize(("shape", "axes"), CASES, ids=str)
def test_max_equals_numpy_at_any_strides_with_any_workers(
    shape: tuple[int, ...], axes: tuple[int, ...], dtype: str
) -> None:
    for x in views(data(shape, dtype)):
        for workers in WORKERS:
            y = reduce("reduce_max_" + dtype, x, axes, output(x, axes, dtype), workers)
            np.testing.assert_array_equal(y, x.max(axes))


@pytest.mark.parametrize("dtype", EVERY)
@pytest.mark.parametrize(("shape", "axes"), [(s, a) for s, a in CASES if len(a) == 1], ids=str)
def test_argmax_is_numpys_first_of_equals(shape: tuple[int, ...], axes: tuple[int, ...], dtype: str) -> None:
    for x in views(data(shape, dtype)):
        for same in (x, x // 2**40 if x.dtype.itemsize == 8 and x.dtype.kind in "iu" else np.round(x)):
            for workers in WORKERS:
                y = reduce("argmax_" + dtype, same.astype(dtype), axes, output(x, axes, np.int64), workers)
                np.testing.assert_array_equal(y, same.astype(dtype).argmax(axes[0]))


def test_argmax_over_several_axes_counts_them_flat_in_the_order_given() -> None:
    x = data((5, 6, 7), "float32")
    y = reduce("argmax_float32", x, (0, 2), output(x, (0, 2), np.int64))
    np.testing.assert_array_equal(y, x.transpose(1, 0, 2).reshape(6, 35).argmax(1))


def test_argmax_of_columns_counts_lines_in_the_order_given() -> None:
    x = np.round(data((5, 6, 70), "float32"))
    y = reduce("argmax_float32", x, (1, 0), output(x, (1, 0), np.int64))
    np.testing.assert_array_equal(y, x.transpose(2, 1, 0).reshape(70, 30).argmax(1))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("columns", [1, 3, 17, 150])
def test_argmax_of_a_column_is_its_first_nan(columns: int, dtype: str) -> None:
    x = data((60, columns), dtype)
    x[[7, 40]], x[50] = np.nan, np.inf
    y = reduce("argmax_" + dtype, x, (0,), output(x, (0,), np.int64))
    np.testing.assert_array_equal(y, np.full(columns, 7))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("shape", "axis"), [((9, 10), 1), ((9, 100), 1), ((100, 9), 0), ((100, 40), 0)], ids=str)
def test_nan_goes_through_max_and_is_argmaxs_largest(shape: tuple[int, int], axis: int, dtype: str) -> None:
    for position in range(shape[axis]):
        x = data(shape, dtype)
        x[(slice(None), position) if axis else position] = np.nan
        x[-1] = np.inf
        y = reduce("reduce_max_" + dtype, x, (axis,), output(x, (axis,), dtype))
        np.testing.assert_array_equal(y, x.max(axis))
        place = reduce("argmax_" + dtype, x, (axis,), output(x, (axis,), np.int64))
        np.testing.assert_array_equal(place, x.argmax(axis))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_max_of_minus_infinities_is_that(dtype: str) -> None:
    x = np.full((3, 70), -np.inf, dtype)
    for axis in (0, 1):
        y = reduce("reduce_max_" + dtype, x, (axis,), output(x, (axis,), dtype))
        assert np.all(y == -np.inf)


@pytest.mark.parametrize("dtype", SUMMED)
@pytest.mark.parametrize(
    ("shape", "axes"), [((0,), (0,)), ((3, 0), (1,)), ((0, 3), (0,)), ((2, 0, 3), (0, 1))], ids=str
)
def test_sum_of_nothing_is_zero(shape: tuple[int, ...], axes: tuple[int, ...], dtype: str) -> None:
    x = np.zeros(shape, dtype)
    y = reduce("reduce_sum_" + dtype, x, axes, output(x, axes, dtype))
    assert np.all(y == 0)


def test_sum_of_a_broadcast_row_counts_it_as_often_as_it_stands_there() -> None:
    x = np.broadcast_to(np.arange(5, dtype=np.float32), (1000, 5))
    y = reduce("reduce_sum_float32", x, (0,), output(x, (0,), np.float32))
    np.testing.assert_array_equal(y, np.arange(5) * 1000)


def test_sum_writes_to_any_strides_and_nowhere_else() -> None:
    x = data((40, 30), "float32")
    wide = np.zeros((30, 3), np.float32)
    reduce("reduce_sum_float32", x, (0,), wide[::-1, 1], 3)
    np.testing.assert_allclose(wide[::-1, 1], x.sum(0), rtol=1e-5, atol=1e-5)
    assert np.all(wide[:, [0, 2]] == 0)


def test_float32_sums_of_a_million_are_as_near_as_numpys_pairwise() -> None:
    x = np.random.default_rng(0).random(1_000_000, dtype=np.float32)
    for shape, axis in (((1_000_000,), 0), ((100_000, 10), 0), ((10_000, 100), 0), ((10, 100_000), 1)):
        y = reduce("reduce_sum_float32", x.reshape(shape), (axis,), output(x.reshape(shape), (axis,), np.float32))
        np.testing.assert_allclose(y, x.reshape(shape).sum(axis, dtype=np.float64), rtol=1e-6)
