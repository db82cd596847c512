"""The pooling kernels, channels last, against the primitives' NumPy definitions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from pellucid.ops.pooling import max_pool2d_argmax_p, sum_pool2d_p, sum_unpool2d_p
from pellucid.ops.windows import output_size

native = pytest.importorskip("pellucid._native", reason="pellucid._native was not built")

DTYPES = (np.float32, np.float64)

# Images (N, C, H, W), then kernel, stride, padding, dilation. Channels on both sides of a vector's edges (2 to 16).
CASES: list[tuple[tuple[int, int, int, int], Any, Any, Any, Any]] = [
    ((2, 16, 8, 8), (2, 2), (2, 2), ((0, 0), (0, 0)), (1, 1)),
    ((2, 30, 9, 7), (2, 2), (2, 2), ((0, 0), (0, 0)), (1, 1)),
    ((1, 1, 5, 5), (3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1)),
    ((3, 7, 10, 11), (3, 2), (2, 1), ((1, 0), (1, 1)), (1, 1)),
    ((1, 33, 9, 9), (3, 3), (2, 2), ((1, 2), (1, 0)), (1, 1)),
    ((2, 17, 12, 9), (2, 3), (1, 2), ((1, 1), (1, 2)), (3, 2)),
    ((1, 64, 4, 4), (1, 1), (2, 3), ((0, 0), (0, 0)), (1, 1)),
    ((1, 3, 16, 16), (16, 16), (16, 16), ((0, 0), (0, 0)), (1, 1)),
    ((1, 5, 7, 7), (2, 2), (3, 3), ((0, 1), (0, 1)), (1, 1)),
    ((0, 5, 6, 6), (2, 2), (2, 2), ((0, 0), (0, 0)), (1, 1)),
    ((3, 6, 28, 28), (2, 2), (2, 2), ((0, 0), (0, 0)), (1, 1)),
    ((3, 1, 13, 27), (2, 2), (2, 2), ((0, 0), (0, 0)), (1, 1)),
    ((5, 3, 9, 2), (3, 2), (3, 2), ((0, 0), (0, 0)), (1, 1)),
    ((2, 2, 11, 11), (3, 3), (2, 2), ((1, 1), (1, 1)), (1, 1)),
    ((2, 20, 6, 6), (2, 2), (1, 1), ((1, 1), (1, 1)), (1, 1)),
    ((4, 1, 4, 2), (2, 2), (2, 2), ((0, 0), (0, 0)), (1, 1)),
]


def last(x: np.ndarray) -> np.ndarray:
    """NCHW → channels last in memory."""
    return np.ascontiguousarray(x.transpose(0, 2, 3, 1))


def first(x: np.ndarray) -> np.ndarray:
    return x.transpose(0, 3, 1, 2)


def numbers(shape: Sequence[int], kernel: Any, stride: Any, padding: Any, dilation: Any) -> list[int]:
    n, c, height, width = shape
    size = output_size("pool", shape[2:], kernel, stride, padding, dilation)
    return [n, height, width, c, *size, *kernel, *stride, padding[0][0], padding[1][0], *dilation]


CANARY = 0xA5


def guarded(array: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Memory like this array's, full of rubbish, and the same with some more on both sides."""
    whole = np.full(array.nbytes + 256, CANARY, np.uint8)
    return whole[128 : 128 + array.nbytes].view(array.dtype).reshape(array.shape), whole


def bits(array: np.ndarray) -> bytes:
    """Of a nan only that it is one: its sign and payload hang on which operand the compiler puts first."""
    return (np.where(np.isnan(array), np.nan, array) if array.dtype.kind == "f" else array).tobytes()


def call(name: str, dtype: type, out: Sequence[np.ndarray], given: Sequence[np.ndarray], options: list[int]) -> None:
    """Run a kernel with 1 and with several workers, compare the bits, and see that nothing beside was written."""
    found = []
    for workers in (1, 2, 3, 8):
        inside, whole = zip(*map(guarded, out), strict=True)
        native.call(f"{name}_{np.dtype(dtype)}", [*inside, *given], options, workers)
        found.append([bits(array) for array in inside])
        for array in whole:
            assert np.all(array[:128] == CANARY) and np.all(array[-128:] == CANARY)
    assert all(each == found[0] for each in found)
    for array, made in zip(out, inside, strict=True):
        array[...] = made


def images(shape: Sequence[int], dtype: type, kind: str) -> np.ndarray:
    generator = np.random.default_rng(0)
    if kind == "ties":
        return generator.integers(0, 3, shape).astype(dtype)
    x = generator.standard_normal(shape).astype(dtype)
    if kind == "special":
        x[generator.random(shape) < 0.2] = np.nan
        x[generator.random(shape) < 0.2] = np.inf
        x[generator.random(shape) < 0.3] = -np.inf
    return x


def max_pool(x: np.ndarray, options: Sequence[Any]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """y, position and index as the kernels give them, channels last."""
    shape = output_size("pool", x.shape[2:], *options)
    out = (x.shape[0], *shape, x.shape[1])
    y, position, index = np.empty(out, x.dtype), np.empty(out, np.uint8), np.empty(out, np.int64)
    call("max_pool2d", x.dtype.type, [y, position], [last(x)], numbers(x.shape, *options))
    call("max_pool2d_argmax", x.dtype.type, [index], [last(x)], numbers(x.shape, *options))
    return y, position, index


def keywords(options: Sequence[Any]) -> dict[str, Any]:
    return dict(zip(("kernel", "stride", "padding", "dilation"), options, strict=True))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", ["normal", "ties", "special"])
@pytest.mark.parametrize(("shape", *keywords([0] * 4)), CASES)
def test_max_pool_equals_numpy(
    shape: Any, kernel: Any, stride: Any, padding: Any, dilation: Any, kind: str, dtype: type
) -> None:
    options = (kernel, stride, padding, dilation)
    x = images(shape, dtype, kind)
    y, position, index = max_pool(x, options)
    places = max_pool2d_argmax_p.value(x, **keywords(options))
    flat = x.reshape(*shape[:2], shape[2] * shape[3])
    np.testing.assert_array_equal(first(index), places)
    wanted = np.take_along_axis(flat, places.reshape(*shape[:2], y.shape[1] * y.shape[2]), 2).reshape(places.shape)
    np.testing.assert_array_equal(first(y), wanted)
    # The position in the window leads to the same place in the image.
    down, across = first(position) // kernel[1], first(position) % kernel[1]
    starts = [np.arange(y.shape[1 + a]) * stride[a] - padding[a][0] for a in range(2)]
    rows = starts[0][:, None] + down.astype(int) * dilation[0]
    columns = starts[1] + across.astype(int) * dilation[1]
    np.testing.assert_array_equal(rows * shape[3] + columns, places)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("shape", *keywords([0] * 4)), CASES)
def test_max_pool_gradient_goes_to_the_maximum(
    shape: Any, kernel: Any, stride: Any, padding: Any, dilation: Any, dtype: type
) -> None:
    options = (kernel, stride, padding, dilation)
    x = images(shape, dtype, "ties")
    y, position, _ = max_pool(x, options)
    g = np.random.default_rng(1).integers(-8, 9, y.shape).astype(dtype)
    gradient = np.empty_like(last(x))
    call("max_pool2d_gradient", dtype, [gradient], [g, position], numbers(shape, *options))
    places = max_pool2d_argmax_p.value(x, **keywords(options))
    wanted = np.zeros((*shape[:2], shape[2] * shape[3]), dtype)
    n, c, _, _ = np.ogrid[: shape[0], : shape[1], :1, :1]
    np.add.at(wanted, (n, c, places), first(g))
    np.testing.assert_array_equal(first(gradient), wanted.reshape(shape))  # whole numbers: exact in any order


def test_gradient_of_a_window_in_the_padding_goes_nowhere() -> None:
    x = np.ones((1, 2, 2, 20), np.float32)
    options = [1, 2, 2, 20, 3, 3, 1, 1, 2, 2, 2, 2, 1, 1]
    y, position = np.empty((1, 3, 3, 20), np.float32), np.empty((1, 3, 3, 20), np.uint8)
    native.call("max_pool2d_float32", [y, position, x], options)
    assert np.all(y[0, 0] == -np.inf) and np.all(y[0, 1, 1] == 1)
    gradient = np.empty_like(x)
    native.call("max_pool2d_gradient_float32", [gradient, np.ones_like(y), position], options)
    assert gradient.sum() == 20  # of 9 windows, one sees the image


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", ["normal", "special"])
@pytest.mark.parametrize(
    ("shape", "kernel", "stride", "padding", "dilation"), [case for case in CASES if case[4] == (1, 1)]
)
@pytest.mark.filterwarnings("ignore:invalid value encountered")
def test_sum_pool_and_its_adjoint_equal_numpy(
    shape: Any, kernel: Any, stride: Any, padding: Any, dilation: Any, kind: str, dtype: type
) -> None:
    options = {"kernel": kernel, "stride": stride, "padding": padding}
    x = images(shape, dtype, kind)
    wanted = sum_pool2d_p.value(x, **options)
    y = np.empty_like(last(wanted))
    tolerance = 64 * np.finfo(dtype).eps * kernel[0]
    call("sum_pool2d", dtype, [y], [last(x)], numbers(shape, kernel, stride, padding, dilation))
    np.testing.assert_allclose(first(y), wanted, rtol=tolerance, atol=tolerance)

    g = images(wanted.shape, dtype, kind)
    gradient = np.empty_like(last(x))
    call("sum_unpool2d", dtype, [gradient], [last(g)], numbers(shape, kernel, stride, padding, dilation))
    wanted = sum_unpool2d_p.value(g, size=shape[2:], **options)
    np.testing.assert_allclose(first(gradient), wanted, rtol=tolerance, atol=tolerance)
