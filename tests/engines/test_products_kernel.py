"""The kernels of matrix products against NumPy."""

from __future__ import annotations

import ctypes
import mmap
import sys

import numpy as np
import pytest

from pellucid.engines import native

pytestmark = pytest.mark.skipif(not native.available(), reason="pellucid._native was not built")

DTYPES = (np.float32, np.float64)

# Stack, rows, columns, depth: one, few and many of each, both sides of a tile's and a block's edges.
SIZES = [
    (1, 1, 1, 1),
    (1, 1, 50, 784),
    (1, 2, 3, 5),
    (1, 3, 1, 700),
    (1, 10, 30, 784),
    (1, 10, 8, 33),
    (1, 11, 17, 600),
    (1, 12, 32, 512),
    (1, 13, 7, 513),
    (1, 29, 9, 1030),
    (1, 70, 1, 40),
    (1, 100, 50, 40),
    (1, 61, 65, 1024),
    (1, 25, 270, 513),
    (1, 131, 70, 31),
    (2, 5, 19, 12),
    (7, 13, 33, 3),
    (1, 1024, 33, 20),
    (1, 61, 1025, 7),
    (2, 1, 130, 600),
    (1, 7, 11, 129),
    (1, 12, 9, 1100),
    (1, 133, 40, 9),  # one row more than a block has
    (1, 133, 6, 1030),
    (1, 16, 48, 1024),  # rows a multiple of 4096 bytes apart
    (1, 140, 140, 1024),  # and copied, in two blocks
    (1, 9, 150, 2050),
    (1, 70, 33, 600),
    (1, 130, 150, 530),  # panels of w in place that are fetched ahead
    (1, 259, 150, 130),  # more rows than read w in place
    (3, 1, 1, 9),
    (2, 0, 3, 4),
    (2, 3, 0, 4),
    (2, 14, 33, 0),
    (0, 3, 3, 3),
]


def numbers_of(y: np.ndarray, x: np.ndarray, w: np.ndarray) -> list[int]:
    strides = [stride // y.itemsize for array in (y, x, w) for stride in array.strides]
    return [x.shape[0], x.shape[1], w.shape[2], x.shape[2], *strides]


def run(x: np.ndarray, w: np.ndarray, *, workers: int = 1, across: bool = False):
    from pellucid import _native

    stack, rows, columns = x.shape[0], x.shape[1], w.shape[2]
    shape = (stack, columns, rows) if across else (stack, rows, columns)
    y = np.full(shape, np.nan, x.dtype)
    y = y.swapaxes(1, 2) if across else y
    _native.call(f"matmul_{x.dtype}", [y, x, w], numbers_of(y, x, w), workers)
    return y


def make(size: tuple[int, int, int, int], dtype: type) -> tuple[np.ndarray, np.ndarray]:
    stack, rows, columns, depth = size
    generator = np.random.default_rng(0)
    x, w = generator.standard_normal((stack, rows, depth)), generator.standard_normal((stack, depth, columns))
    return x.astype(dtype), w.astype(dtype)


def assert_is_product(y: np.ndarray, x: np.ndarray, w: np.ndarray) -> None:
    """Within the bound of any order of summation: depth roundings of the sum of magnitudes."""
    exact = x.astype(np.float64) @ w.astype(np.float64)
    bound = np.abs(x).astype(np.float64) @ np.abs(w).astype(np.float64)
    assert np.all(np.abs(y - exact) <= max(x.shape[2], 1) * np.finfo(x.dtype).eps * bound)


def layouts(array: np.ndarray) -> list[np.ndarray]:
    """The same numbers with other strides: rows first, columns first, every second of each, backwards."""
    stack, rows, columns = array.shape
    spread = np.zeros((stack, 2 * rows, 3 * columns), array.dtype)
    spread[:, ::2, ::3] = array
    backwards = np.ascontiguousarray(array[:, ::-1, ::-1])
    return [
        array,
        np.ascontiguousarray(array.swapaxes(1, 2)).swapaxes(1, 2),
        spread[:, ::2, ::3],
        backwards[:, ::-1, ::-1],
    ]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_matmul_equals_numpy_for_any_strides_and_workers(size: tuple[int, int, int, int], dtype: type) -> None:
    x, w = make(size, dtype)
    for a in layouts(x):
        for b in layouts(w):
            for across in (False, True):
                y = run(a, b, across=across)
                assert_is_product(y, x, w)
                for workers in (2, 3, 8):
                    np.testing.assert_array_equal(run(a, b, workers=workers, across=across), y)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", [(1, 70, 50, 40), (1, 70, 10, 50), (1, 70, 33, 784), (1, 70, 21, 1030)], ids=str)
def test_some_rows_have_the_bits_of_the_whole(size: tuple[int, int, int, int], dtype: type) -> None:
    x, w = make(size, dtype)
    for a in layouts(x):
        for b in layouts(w):
            whole = run(a, b)
            for begin, end in [(0, 2), (1, 34), (3, 10), (10, 70)]:
                np.testing.assert_array_equal(run(a[:, begin:end], b), whole[:, begin:end])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", [(1, 13, 35, 5), (1, 7, 9, 37), (1, 5, 6, 131), (1, 1, 19, 40)], ids=str)
@pytest.mark.filterwarnings("ignore:invalid value encountered in matmul:RuntimeWarning")
def test_nan_and_infinity_reach_the_numbers_that_they_should(size: tuple[int, int, int, int], dtype: type) -> None:
    x, w = (np.rint(array * 4) for array in make(size, dtype))  # small whole numbers: every sum is exact
    x[0, 0, -1], x[0, -1, 2], w[0, 0, -1], w[0, -1, 0] = np.nan, np.inf, -np.inf, 0
    for a in layouts(x):
        for b in layouts(w):
            np.testing.assert_array_equal(run(a, b), x @ w)


def guarded(array: np.ndarray, *, at_end: bool) -> np.ndarray:
    """A copy right before a page that may not be touched, or right behind one; its strides stay C's or Fortran's."""
    page = mmap.PAGESIZE
    size = -(-max(array.nbytes, 1) // page) * page
    memory = mmap.mmap(-1, size + 2 * page)
    bytes_ = np.frombuffer(memory, np.uint8)
    protect = ctypes.CDLL(None, use_errno=True).mprotect
    for begin in (0, size + page):
        assert protect(ctypes.c_void_p(bytes_.ctypes.data + begin), ctypes.c_size_t(page), 0) == 0
    begin = page + (size - array.nbytes if at_end else 0)
    flat = bytes_[begin : begin + array.nbytes].view(array.dtype)
    turned = not array.flags.c_contiguous
    copy = flat.reshape(array.shape[0], array.shape[2], array.shape[1]).swapaxes(1, 2) if turned else flat
    copy = copy.reshape(array.shape) if not turned else copy
    copy[...] = array
    return copy


@pytest.mark.skipif(sys.platform == "win32", reason="pages are protected with mprotect")
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", [s for s in SIZES if s[0] == 1 and s[1] * s[2] * s[3] < 200_000], ids=str)
def test_nothing_outside_the_arrays_is_touched(size: tuple[int, int, int, int], dtype: type) -> None:
    from pellucid import _native

    x, w = make(size, dtype)
    for at_end in (False, True):
        for a in (guarded(v, at_end=at_end) for v in layouts(x)[:2]):
            for b in (guarded(v, at_end=at_end) for v in layouts(w)[:2]):
                for out in layouts(np.full((1, size[1], size[2]), np.nan, dtype))[:2]:
                    y = guarded(out, at_end=at_end)
                    _native.call(f"matmul_{x.dtype}", [y, a, b], numbers_of(y, a, b), 1)
                    assert_is_product(y, x, w)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_stack_may_repeat_one_matrix(dtype: type) -> None:
    x, w = make((4, 14, 35, 20), dtype)
    repeated = np.broadcast_to(w[:1], w.shape)
    for workers in (1, 3):
        assert_is_product(run(x, repeated, workers=workers), x, repeated)


@pytest.mark.parametrize("dtype", DTYPES)
def test_rows_of_y_may_lie_apart_and_what_is_between_stays(dtype: type) -> None:
    from pellucid import _native

    x, w = make((1, 13, 37, 20), dtype)
    whole = np.full((1, 13, 50), 7, dtype)
    y = whole[:, :, :37]
    _native.call(f"matmul_{x.dtype}", [y, x, w], numbers_of(y, x, w), 1)
    assert_is_product(y, x, w)
    assert (whole[:, :, 37:] == 7).all()


# ---- steps of the depth that are left out


def digits(size: tuple[int, int, int, int], dtype: type) -> tuple[np.ndarray, np.ndarray]:
    """An x like written digits: each row a few strokes, many columns zeros in all rows; some of the zeros are -0."""
    x, w = make(size, dtype)
    stack, rows, _, depth = size
    generator = np.random.default_rng(1)
    strokes = np.repeat(generator.random((stack, rows, depth // 5 + 1)) < 0.3, 5, axis=2)[:, :, :depth]
    somewhere = np.repeat(generator.random(depth // 9 + 1) < 0.6, 9)[:depth]
    x[~(strokes & somewhere)] = 0
    x[:, ::3][x[:, ::3] == 0] = -0.0
    return x, w


SPARSE_SIZES = [(1, 25, 50, 784), (1, 131, 33, 600), (1, 300, 40, 100), (2, 14, 270, 513), (1, 260, 150, 64)]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", SPARSE_SIZES, ids=str)
def test_zeros_that_are_left_out_change_no_bit(size: tuple[int, int, int, int], dtype: type) -> None:
    x, w = digits(size, dtype)
    full = x.copy()
    full[:, np.arange(size[1]) % 2 == 0] = 1  # every tile has a row without zeros: nothing is left out
    for a, b in zip(layouts(x), layouts(full), strict=True):
        for v in layouts(w)[:2]:
            y = run(a, v)
            assert_is_product(y, x, w)
            np.testing.assert_array_equal(y[:, 1::2].view(f"u{y.itemsize}"), run(b, v)[:, 1::2].view(f"u{y.itemsize}"))
            for workers in (2, 3, 8):
                np.testing.assert_array_equal(run(a, v, workers=workers), y)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
@pytest.mark.filterwarnings("ignore:invalid value encountered in matmul:RuntimeWarning")
def test_zero_times_infinity_is_no_zero(number: float, dtype: type) -> None:
    x, w = digits((1, 140, 50, 784), dtype)
    empty = int(np.flatnonzero(~x.any(axis=(0, 1)))[-1])
    w[0, empty, 49] = number
    for a in layouts(x):
        for b in layouts(w):
            y = run(a, b)
            assert np.isnan(y[..., 49]).all()
            assert np.isfinite(y[..., :49]).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_product_of_nothing_is_zero(dtype: type) -> None:
    w = make((1, 40, 50, 784), dtype)[1]
    y = run(np.full((1, 40, 784), -0.0, dtype), -w)
    assert not y.any()
    assert not np.signbit(y).any()


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_product_too_small_for_a_number_is_zero_without_a_sign(dtype: type) -> None:
    x, w = digits((1, 24, 50, 64), dtype)
    x[...], w[...] = 0, 1
    x[:, :, 10], w[:, 10] = -np.finfo(dtype).tiny, np.finfo(dtype).tiny
    assert not np.signbit(run(x, w)).any()


@pytest.mark.skipif(sys.platform == "win32", reason="pages are protected with mprotect")
@pytest.mark.parametrize("dtype", DTYPES)
def test_looking_for_zeros_touches_nothing_outside(dtype: type) -> None:
    x, w = digits((1, 29, 37, 131), dtype)
    for at_end in (False, True):
        for a in (guarded(v, at_end=at_end) for v in layouts(x)[:2]):
            for b in (guarded(v, at_end=at_end) for v in layouts(w)[:2]):
                assert_is_product(run(a, b), x, w)


# ---- updates


def update(x: np.ndarray, w: np.ndarray, old: np.ndarray, sign: int, scale: float | None, workers: int) -> np.ndarray:
    """old ± scale (x w), written over old."""
    from pellucid import _native

    numbers = [*numbers_of(old, x, w), sign, int(scale is not None)]
    factor = [] if scale is None else [np.array([scale], x.dtype)]
    _native.call(f"matmul_update_{x.dtype}", [old, x, w, old, *factor], numbers, workers)
    return old


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "size",
    [(1, 784, 50, 100), (1, 30, 784, 10), (1, 1, 9, 5), (1, 9, 1, 5), (1, 13, 37, 512), (2, 5, 19, 12), (1, 6, 7, 0)],
    ids=str,
)
@pytest.mark.parametrize(("sign", "scale"), [(1, None), (-1, None), (-1, 0.1), (1, -3.7)])
def test_an_update_is_the_product_and_then_the_sum(size, sign, scale, dtype) -> None:
    x, w = digits(size, dtype)
    old = make((size[0], size[1], 1, size[2]), dtype)[0]
    for a in layouts(x)[:2]:
        for b in layouts(w)[:2]:
            # The rounding of scale times the product and that of the sum, as two operations have them.
            step = np.stack([run_in_panels(p, q) for p, q in zip(a, b, strict=True)])
            step = step if scale is None else dtype(scale) * step
            expected = old + step if sign > 0 else old - step
            for workers in (1, 2, 3, 8):
                np.testing.assert_array_equal(update(a, b, old.copy(), sign, scale, workers), expected)


def run_in_panels(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    """The product as an update sums it: never as dot products."""
    return update(x[None], w[None], np.zeros((1, x.shape[0], w.shape[1]), x.dtype), 1, None, 1)[0]


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_product_of_an_update_is_a_product(dtype: type) -> None:
    for size in SIZES:
        if size[0] == 1 and size[3] <= 512:
            x, w = make(size, dtype)
            for a in layouts(x):
                for b in layouts(w):
                    assert_is_product(run_in_panels(a[0], b[0])[None], x, w)
