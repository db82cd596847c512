"""The convolution kernels, channels last, against the primitives' NumPy definitions."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pytest

from pellucid.ops.convolution import conv2d_input_gradient_p, conv2d_p, conv2d_weight_gradient_p
from pellucid.ops.im2col import col2im_p
from pellucid.ops.windows import output_size

native = pytest.importorskip("pellucid._native", reason="pellucid._native was not built")

DTYPES = (np.float32, np.float64)


class Case(NamedTuple):
    x: tuple[int, int, int, int]  # N, C, H, W
    filters: int
    kernel: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    padding: tuple[tuple[int, int], tuple[int, int]] = ((0, 0), (0, 0))
    dilation: tuple[int, int] = (1, 1)
    groups: int = 1

    @property
    def weight(self) -> tuple[int, int, int, int]:
        return (self.filters, self.x[1] // self.groups, *self.kernel)

    @property
    def size(self) -> tuple[int, int]:
        return output_size("conv2d", self.x[2:], self.kernel, self.stride, self.padding, self.dilation)

    @property
    def options(self) -> dict[str, Any]:
        return {key: getattr(self, key) for key in ("stride", "padding", "dilation", "groups")}

    @property
    def three_by_three(self) -> bool:
        return self.kernel == (3, 3) and self.stride == self.dilation == (1, 1) and self.groups == 1

    @property
    def numbers(self) -> list[int]:
        (top, _), (left, _) = self.padding
        n, c, height, width = self.x
        sizes = [n, height, width, c, *self.size, self.filters, *self.kernel]
        return [*sizes, *self.stride, top, left, *self.dilation, self.groups]


SAME = ((1, 1), (1, 1))

CASES = [
    Case((2, 1, 28, 28), 30, (5, 5)),
    Case((2, 3, 9, 11), 16, (3, 3), padding=SAME),
    Case((2, 16, 14, 14), 16, (3, 3), padding=SAME),
    Case((1, 16, 8, 8), 32, (3, 3), (2, 2), SAME),
    Case((1, 32, 8, 8), 64, (1, 1), (2, 2)),
    Case((1, 64, 7, 7), 64, (3, 3), padding=SAME),
    Case((3, 5, 6, 13), 7, (2, 3)),
    Case((1, 4, 9, 9), 33, (3, 2), (2, 1), ((0, 1), (2, 0))),
    Case((1, 2, 40, 3), 65, (4, 1), (3, 2), ((2, 3), (0, 1))),
    Case((2, 3, 12, 12), 5, (3, 3), (1, 1), ((2, 2), (2, 2)), (2, 2)),
    Case((1, 6, 15, 17), 20, (3, 4), (2, 3), ((3, 1), (0, 4)), (3, 2)),
    Case((1, 3, 14, 14), 4, (2, 2), (4, 4), ((1, 0), (0, 1)), (6, 2)),
    Case((1, 2, 5, 61), 3, (1, 1), (1, 1)),
    Case((1, 2, 5, 5), 3, (5, 5), (1, 1), ((4, 4), (4, 4))),
    Case((1, 1, 1, 1), 1, (3, 3), padding=SAME),
    Case((1, 3, 20, 20), 4, (7, 7), (5, 5), ((3, 3), (3, 3))),
    Case((1, 2, 11, 11), 3, (1, 1), (3, 3), ((1, 1), (2, 2))),
    Case((2, 8, 7, 7), 12, (3, 3), padding=SAME, groups=2),
    Case((1, 6, 9, 9), 9, (3, 3), (2, 2), SAME, (2, 1), groups=3),
    Case((2, 40, 9, 8), 80, (3, 3), padding=SAME, groups=2),
    Case((2, 5, 7, 7), 5, (3, 3), padding=SAME, groups=5),
    Case((2, 33, 9, 10), 33, (3, 3), (2, 2), SAME, groups=33),
    Case((1, 19, 11, 9), 19, (3, 2), (1, 2), ((2, 2), (1, 0)), (2, 3), groups=19),
    Case((1, 4, 6, 6), 12, (3, 3), padding=SAME, groups=4),
    Case((2, 2, 11, 12), 40, (3, 3), (2, 2), SAME, (2, 1)),
    Case((2, 4, 9, 9), 19, (3, 2), padding=SAME),
    Case((3, 3, 17, 13), 17, (3, 3), (2, 1), SAME),
    Case((2, 35, 7, 9), 2, (2, 3), padding=SAME),
    Case((2, 48, 9, 7), 16, (3, 3), padding=SAME),
    Case((3, 16, 32, 30), 32, (3, 3), padding=((2, 1), (0, 2))),
    Case((2, 32, 6, 100), 48, (3, 3), padding=((2, 2), (2, 2))),
    Case((3, 12, 2, 3), 4, (2, 2)),  # an image of ȳ is smaller than a vector
    Case((0, 3, 6, 6), 4, (3, 3)),
    Case((150, 2, 4, 4), 3, (3, 3), padding=SAME),
    Case((1, 600, 3, 3), 70, (3, 3), padding=SAME),
    Case((1, 3, 130, 126), 6, (3, 3), padding=SAME),
]

# Many channels and positions: the weights' gradient is Winograd's, in part or whole, whatever the vectors are.
MANY = [
    Case((5, 16, 9, 11), 16, (3, 3), padding=SAME),
    Case((2, 32, 13, 12), 64, (3, 3)),
    Case((3, 48, 8, 15), 32, (3, 3), padding=((2, 0), (1, 2))),
    Case((2, 64, 11, 10), 80, (3, 3), padding=((0, 1), (2, 2))),
    Case((2, 16, 40, 4), 48, (3, 3), padding=((3, 4), (2, 2))),
    Case((2, 17, 12, 12), 32, (3, 3), padding=SAME),
    Case((2, 32, 12, 12), 17, (3, 3), padding=SAME),
]
CASES += MANY


def last(x: np.ndarray) -> np.ndarray:
    """NCHW → channels last in memory."""
    return np.ascontiguousarray(x.transpose(0, 2, 3, 1))


def first(x: np.ndarray) -> np.ndarray:
    return x.transpose(0, 3, 1, 2)


def normal(shape: Sequence[int], dtype: type, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


CANARY = 0xA5


def guarded(shape: Sequence[int], dtype: np.dtype) -> tuple[np.ndarray, np.ndarray]:
    """Memory full of rubbish, aligned as a plan's arena is, and the same with some more on both sides."""
    size = int(np.prod(shape)) * dtype.itemsize
    whole = np.full(size + 320, CANARY, np.uint8)
    start = 128 + -(whole.ctypes.data + 128) % 64
    return whole[start : start + size].view(dtype).reshape(shape), whole


def call(name: str, out: np.ndarray, given: Sequence[np.ndarray], numbers: list[int]) -> np.ndarray:
    """Run a kernel with 1 and with several workers into memory full of rubbish, compare the bits, and see that nothing
    beside was written.
    """
    found = []
    for workers in (1, 2, 3, 8):
        inside, whole = guarded(out.shape, out.dtype)
        native.call(f"{name}_{out.dtype}", [inside, *given], numbers, workers)
        found.append(inside.tobytes())
        start = inside.ctypes.data - whole.ctypes.data
        assert np.all(whole[:start] == CANARY) and np.all(whole[start + inside.nbytes :] == CANARY)
    assert all(bits == found[0] for bits in found)
    out[...] = inside
    return out


def room(case: Case, dtype: np.dtype, depth: int, filters: int) -> tuple[int, ...]:
    """As much as convolution.cpp promises that packed weights need; depth is that of all groups."""
    taps = case.kernel[0] * case.kernel[1]
    return (depth, taps, -(-filters // case.groups * dtype.itemsize // 64) * 64 // dtype.itemsize)


def packed(name: str, case: Case, w: np.ndarray) -> np.ndarray:
    """The weights as the kernel of this name wants them."""
    depth, taps, row = room(
        case, w.dtype, *((case.x[1], case.filters) if name == "conv2d" else (case.filters, case.x[1]))
    )
    shape = (depth, taps + 16 * case.three_by_three, row)
    return call(f"{name}_pack_weights", np.empty(shape, w.dtype), [w], case.numbers)


def forward(case: Case, x: np.ndarray, w: np.ndarray) -> np.ndarray:
    out = np.empty((case.x[0], *case.size, case.filters), x.dtype)
    return first(call("conv2d", out, [last(x), packed("conv2d", case, w)], case.numbers))


def input_gradient(case: Case, g: np.ndarray, w: np.ndarray) -> np.ndarray:
    n, c, height, width = case.x
    out, name = np.empty((n, height, width, c), g.dtype), "conv2d_input_gradient"
    return first(call(name, out, [last(g), packed(name, case, w)], case.numbers))


def weight_gradient(case: Case, x: np.ndarray, g: np.ndarray, blocks: int = 1) -> np.ndarray:
    numbers, name = [*case.numbers, blocks], "conv2d_weight_gradient"
    shape = (blocks, *room(case, x.dtype, case.x[1], case.filters))
    partial = call(f"{name}_partial", np.empty(shape, x.dtype), [last(x), last(g)], numbers)
    return call(f"{name}_sum", np.empty(case.weight, x.dtype), [partial], numbers)


def assert_is_sum(y: np.ndarray, exact: np.ndarray, magnitude: np.ndarray, terms: int) -> None:
    """The bound of any order of summation: as many roundings as terms, of the sum of magnitudes."""
    assert y.shape == exact.shape
    assert np.all(np.abs(y - exact) <= max(terms, 1) * np.finfo(y.dtype).eps * magnitude)
    if y.dtype == np.float64:
        np.testing.assert_allclose(y, exact, rtol=1e-12, atol=1e-12 * max(1.0, magnitude.max(initial=0)))


def magnitude(primitive: Any, a: np.ndarray, w: np.ndarray, case: Case, **options: Any) -> np.ndarray:
    """What convolution_winograd.cpp bounds its errors by: an output of theirs sees its neighbours' pixels too."""
    a, w = np.abs(a).astype(np.float64), np.abs(w).astype(np.float64)
    padding = tuple((before + 1, after + 1) for before, after in case.padding)
    wide = np.broadcast_to(w.sum((2, 3), keepdims=True), (*w.shape[:2], 5, 5))
    return primitive.value(a, wide, **{**case.options, **options, "padding": padding})


def weight_magnitude(case: Case, x: np.ndarray, g: np.ndarray) -> np.ndarray:
    """What convolution_weight_winograd.cpp bounds its errors by, or more: an output of a tile sees it within 5 × 5."""
    padding = tuple((before + 1, after + 1) for before, after in case.padding)
    _, wide = exactly(conv2d_weight_gradient_p, x, g, size=(5, 5), **{**case.options, "padding": padding})
    return np.broadcast_to(wide.sum((2, 3), keepdims=True), case.weight)


def exactly(primitive: Any, a: np.ndarray, b: np.ndarray, **options: Any) -> tuple[np.ndarray, np.ndarray]:
    """The sums in float64, and those of the magnitudes."""
    a, b = a.astype(np.float64), b.astype(np.float64)
    return primitive.value(a, b, **options), primitive.value(np.abs(a), np.abs(b), **options)


def assert_is_weight_gradient(w: np.ndarray, case: Case, x: np.ndarray, g: np.ndarray) -> None:
    wanted, bound = exactly(conv2d_weight_gradient_p, x, g, size=case.kernel, **case.options)
    terms = case.x[0] * case.size[0] * case.size[1]
    if case.three_by_three and min(case.x[1], case.filters) >= 16:
        tiles = case.x[0] * math.prod(-(-n // 2) for n in case.size)
        bound, terms = weight_magnitude(case, x, g), 4 * tiles + 48
    assert_is_sum(w, wanted, bound, terms)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_convolution_and_its_gradients_equal_numpy(case: Case, dtype: type) -> None:
    x, w = normal(case.x, dtype, 0), normal(case.weight, dtype, 1)
    g = normal((case.x[0], case.filters, *case.size), dtype, 2)
    window = case.kernel[0] * case.kernel[1]

    terms = case.weight[1] * window
    wanted, bound = exactly(conv2d_p, x, w, **case.options)
    if case.three_by_three:
        bound = magnitude(conv2d_p, x, w, case)
    assert_is_sum(forward(case, x, w), wanted, bound, terms)

    terms = case.filters // case.groups * window
    wanted, bound = exactly(conv2d_input_gradient_p, g, w, size=case.x[2:], **case.options)
    if case.three_by_three:
        bound = magnitude(conv2d_input_gradient_p, g, w, case, size=case.x[2:])
    assert_is_sum(input_gradient(case, g, w), wanted, bound, terms)

    assert_is_weight_gradient(weight_gradient(case, x, g), case, x, g)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", [case for case in CASES if case.x[0] > 1], ids=str)
def test_images_one_by_one_have_the_bits_of_the_batch(case: Case, dtype: type) -> None:
    """The packed weights of the batch serve any part of it."""
    given = normal(case.x, dtype, 0), normal((case.x[0], case.filters, *case.size), dtype, 2)
    w = normal(case.weight, dtype, 1)
    for name, x, whole in zip(
        ("conv2d", "conv2d_input_gradient"),
        given,
        (forward(case, given[0], w), input_gradient(case, given[1], w)),
        strict=True,
    ):
        weights, out = packed(name, case, w), np.empty_like(last(whole))
        for i in range(len(out)):
            native.call(f"{name}_{out.dtype}", [out[i], last(x[i : i + 1]), weights], [1, *case.numbers[1:]])
        assert out.tobytes() == last(whole).tobytes()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("blocks", [1, 3, 16])
@pytest.mark.parametrize("case", [*CASES[:4], CASES[17], CASES[20], *CASES[31:34], *MANY[:3]], ids=str)
def test_weight_gradient_in_blocks_of_images(case: Case, blocks: int, dtype: type) -> None:
    x, g = normal(case.x, dtype, 0), normal((case.x[0], case.filters, *case.size), dtype, 2)
    w = weight_gradient(case, x, g, blocks)
    assert_is_weight_gradient(w, case, x, g)


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 2e-6), (np.float64, 4e-15)])
@pytest.mark.parametrize("case", MANY, ids=str)
def test_weight_gradient_of_many_channels_is_close(case: Case, dtype: type, tolerance: float) -> None:
    """Closer than its bound, which is that of the worst case: within this part of the largest number."""
    x, g = normal(case.x, dtype, 0), normal((case.x[0], case.filters, *case.size), dtype, 2)
    wanted, _ = exactly(conv2d_weight_gradient_p, x, g, size=case.kernel, **case.options)
    assert np.abs(weight_gradient(case, x, g) - wanted).max() <= tolerance * np.abs(wanted).max()


def test_what_only_a_transformation_would_carry_too_far_stays_finite() -> None:
    """The sum of two pixels is beyond float32, no sum of products is."""
    case = MANY[0]
    x = np.full(case.x, 3e38, np.float32)
    g = normal((case.x[0], case.filters, *case.size), np.float32, 2) / np.float32(1e6)
    wanted, magnitude = exactly(conv2d_weight_gradient_p, x, g, size=case.kernel, **case.options)
    terms = case.x[0] * case.size[0] * case.size[1]
    assert_is_sum(weight_gradient(case, x, g), wanted, magnitude, terms)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", CASES[1:11] + CASES[17:23] + CASES[28:30] + MANY[2:4], ids=str)
@pytest.mark.parametrize("special", [np.nan, np.inf, -np.inf])
@pytest.mark.filterwarnings("ignore:invalid value encountered")
def test_nan_and_infinity_reach_what_they_should_and_no_more(case: Case, special: float, dtype: type) -> None:
    """One such number in x, w or g: nan and infinity where NumPy has them, in the same places."""
    shapes = case.x, case.weight, (case.x[0], case.filters, *case.size)
    x, w, g = (normal(shape, dtype, seed) for seed, shape in enumerate(shapes))
    for spoilt, at in itertools.product((x, w, g), (5, 0)):  # somewhere; in a corner, which some taps do not see
        kept = spoilt.copy()
        spoilt.flat[np.random.default_rng(at).integers(spoilt.size) if at else 0] = special
        # NumPy multiplies the border's zeros too: nan of an infinite weight, where the kernels leave out what lies
        # outside. The input's gradient leaves it out in both.
        finite, wanted = np.isfinite(forward(case, x, w)), np.isfinite(conv2d_p.value(x, w, **case.options))
        assert np.array_equal(finite, wanted) if spoilt is not w else np.all(finite | ~wanted)
        finite = np.isfinite(input_gradient(case, g, w))
        wanted = np.isfinite(conv2d_input_gradient_p.value(g, w, size=case.x[2:], **case.options))
        np.testing.assert_array_equal(finite, wanted)
        finite = np.isfinite(weight_gradient(case, x, g))
        wanted = np.isfinite(conv2d_weight_gradient_p.value(x, g, size=case.kernel, **case.options))
        assert np.array_equal(finite, wanted) if spoilt is not g else np.all(finite | ~wanted)
        spoilt[...] = kept


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("shape", "kernel", "stride", "padding", "dilation"),
    [
        ((2, 3, 7, 7), (5, 5), (1, 1), ((0, 0), (0, 0)), (1, 1)),
        ((1, 4, 9, 6), (2, 3), (2, 1), ((1, 2), (0, 1)), (1, 2)),
        ((3, 1, 5, 5), (2, 2), (3, 3), ((0, 0), (0, 0)), (1, 1)),
        ((0, 2, 5, 5), (2, 2), (1, 1), ((0, 0), (0, 0)), (1, 1)),
    ],
)
def test_col2im_equals_numpy(shape: Any, kernel: Any, stride: Any, padding: Any, dilation: Any, dtype: type) -> None:
    n, c, height, width = shape
    size = output_size("col2im", (height, width), kernel, stride, padding, dilation)
    col = normal((n * size[0] * size[1], c * kernel[0] * kernel[1]), dtype, 0)
    options = {"kernel": kernel, "stride": stride, "padding": padding, "dilation": dilation}
    wanted = col2im_p.value(col, shape=shape, **options)
    numbers = [n, height, width, c, *size, *kernel, *stride, padding[0][0], padding[1][0], *dilation]
    found = call("col2im", np.empty(shape, dtype), [col], numbers)
    np.testing.assert_allclose(found, wanted, rtol=32 * np.finfo(dtype).eps, atol=64 * np.finfo(dtype).eps)
