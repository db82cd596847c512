"""Softmax's kernels against their definitions in the dtype, under the instruction set in use.

Bounds: an exponential is within 1.5 ulps, a sum of n numbers within n/16 + 8 roundings. What is below the smallest
normal number may be 0.
"""

from __future__ import annotations

import numpy as np
import pytest

_native = pytest.importorskip("pellucid._native")

FLOATS = ("float32", "float64")
SHAPES = [(1, 1), (0, 5), (3, 1), (1, 10), (2, 3), (100, 10), (33, 16), (17, 17), (40, 2), (7, 31), (5, 100), (3, 5000)]
WORKERS = (1, 2, 3, 8)
LOGARITHMS, PROBABILITIES, CHOSEN = 1, 2, 4


def softmax(x: np.ndarray, wanted: int, index: np.ndarray | None = None, workers: int = 1) -> list[np.ndarray]:
    rows, columns = x.shape
    stride = x.strides[0] // x.itemsize
    outputs = [np.full((rows, columns), 7, x.dtype) for bit in (LOGARITHMS, PROBABILITIES) if wanted & bit]
    outputs += [np.full(rows, 7, x.dtype)] if wanted & CHOSEN else []
    reads = [x] if index is None else [x, index]
    _native.call(f"softmax_{x.dtype}", [*outputs, *reads], [rows, columns, stride, wanted], workers)
    return outputs


def gradient(name: str, g: np.ndarray, p: np.ndarray, *index: np.ndarray, workers: int = 1) -> np.ndarray:
    y = np.full(p.shape, 7, p.dtype)
    _native.call(f"{name}_{p.dtype}", [y, g, p, *index], list(p.shape), workers)
    return y


def defined(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Logarithms and probabilities, from longdouble."""
    x = x.astype(np.longdouble)
    with np.errstate(all="ignore"):
        below = x - x.max(1, keepdims=True, initial=-np.inf)
        total = np.exp(below).sum(1, keepdims=True)
        return below - np.log(total), np.exp(below) / total


def assert_near(y: np.ndarray, exact: np.ndarray, scale: object = 0) -> None:
    """Within the roundings of one row; `scale` is the size of what was subtracted on the way."""
    eps = np.finfo(y.dtype).eps
    roundings = y.shape[-1] / 16 + 16
    with np.errstate(all="ignore"):
        far = np.abs(y - exact) > roundings * eps * (np.abs(exact) + scale) + np.finfo(y.dtype).tiny
    different = (np.isnan(y) != np.isnan(exact)) | (np.isinf(exact.astype(y.dtype)) & (y != exact))
    assert not np.any(far | different)


def data(shape: tuple[int, int], dtype: str) -> np.ndarray:
    return (np.random.default_rng(0).standard_normal(shape) * 5).astype(dtype)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_every_choice_of_outputs_gives_the_definition(shape: tuple[int, int], dtype: str) -> None:
    x = data(shape, dtype)
    index = np.random.default_rng(1).integers(0, shape[1], shape[0])
    y, p = defined(x)
    chosen = y[np.arange(shape[0]), index]
    for wanted in range(1, 8):
        found = softmax(x, wanted, index if wanted & CHOSEN else None)
        if wanted & CHOSEN:
            assert_near(found.pop(), chosen, 1 + np.abs(chosen))
        for bit, exact in ((PROBABILITIES, p), (LOGARITHMS, y)):
            if wanted & bit:
                assert_near(found.pop(), exact, 1 if bit == LOGARITHMS else 0)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_gradients_are_their_definitions(shape: tuple[int, int], dtype: str) -> None:
    x = data(shape, dtype)
    g, p = x[::-1].copy(), defined(x)[1].astype(dtype)
    index = np.random.default_rng(1).integers(0, shape[1], shape[0])
    one = np.eye(shape[1])[index]
    wide, of = g.astype(np.longdouble), p.astype(np.longdouble)
    size = np.abs(wide).sum(1, keepdims=True)
    assert_near(gradient("softmax_gradient", g, x), of * (wide - (wide * of).sum(1, keepdims=True)), of * (wide + size))
    assert_near(
        gradient("log_softmax_gradient", g, p), wide - of * wide.sum(1, keepdims=True), np.abs(wide) + of * size
    )
    assert_near(gradient("chosen_gradient", g[:, 0].copy(), p, index), wide[:, :1] * (one - of), np.abs(wide[:, :1]))


@pytest.mark.parametrize("dtype", FLOATS)
def test_extreme_numbers_are_as_in_the_definition(dtype: str) -> None:
    big, inf, nan = np.finfo(dtype).max, np.inf, np.nan
    rows = [
        [0, 0, 0],
        [1000, 0, -1000],
        [-1e5, -1e5, -1e5],
        [big, big, 0],
        [-big, big, 0],
        [-inf, 0, 1],
        [-inf, -inf, -inf],
        [inf, 0, 1],
        [inf, inf, 1],
        [nan, 0, 1],
        [0, nan, inf],
        [0, 1, nan],
        [-inf, -inf, 3],
    ]
    for columns in (3, 16, 21, 40):
        x = np.full((len(rows), columns), -inf, dtype)
        x[:, -3:] = rows
        y, p = softmax(x, LOGARITHMS | PROBABILITIES)
        exact_y, exact_p = defined(x)
        with np.errstate(over="ignore"):
            assert_near(y, exact_y.astype(dtype).astype(np.longdouble), 1)
        assert_near(p, exact_p)
        index = np.full(len(rows), columns - 2)
        np.testing.assert_array_equal(softmax(x, CHOSEN, index)[0], y[:, -2])


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_workers_blocks_and_strides_make_no_difference_to_the_bits(shape: tuple[int, int], dtype: str) -> None:
    x = data(shape, dtype)
    index = np.random.default_rng(1).integers(0, shape[1], shape[0])
    expected = softmax(x, 7, index)
    g, p, one = x, expected[1], expected[2]
    arguments = {
        "softmax_gradient": (g, x),
        "log_softmax_gradient": (g, p),
        "chosen_gradient": (one, p, index),
    }
    gradients = {name: gradient(name, *given) for name, given in arguments.items()}
    spread = np.full((shape[0], shape[1] + 3), np.nan, dtype)
    spread[:, : shape[1]] = x
    for workers in WORKERS:
        for given in (x, spread[:, : shape[1]]):
            for found, wanted in zip(softmax(given, 7, index, workers), expected, strict=True):
                assert found.tobytes() == wanted.tobytes()
        for name, given in arguments.items():
            assert gradient(name, *given, workers=workers).tobytes() == gradients[name].tobytes()
    for rows in (slice(0, 1), slice(1, 8), slice(2, None)):
        for found, wanted in zip(softmax(x[rows].copy(), 7, index[rows].copy()), expected, strict=True):
            assert found.tobytes() == wanted[rows].tobytes()
        for name, given in arguments.items():
            assert gradient(name, *(a[rows].copy() for a in given)).tobytes() == gradients[name][rows].tobytes()


@pytest.mark.parametrize("columns", [1, 3, 10, 16, 17, 40])
def test_nothing_is_written_beyond_the_rows(columns: int) -> None:
    for rows in (1, 2, 15, 16, 17):
        around = np.full(rows * columns + 200, 7, np.float32)
        y, x = around[100 : 100 + rows * columns], data((rows, columns), "float32")
        _native.call("softmax_float32", [y, x], [rows, columns, columns, PROBABILITIES], 1)
        np.testing.assert_allclose(y.reshape(rows, columns).sum(1), 1, rtol=1e-5)
        _native.call("chosen_gradient_float32", [y, x[:, 0].copy(), x, np.zeros(rows, np.int64)], [rows, columns], 1)
        _native.call("softmax_gradient_float32", [y, x, x], [rows, columns], 1)
        assert np.all(around[:100] == 7) and np.all(around[100 + rows * columns :] == 7)
