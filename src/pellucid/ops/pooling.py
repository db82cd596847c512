"""Pooling: one number for each window of an image."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

import numpy as np

from pellucid.errors import OptionError, ShapeError
from pellucid.graph import Primitive, Shape, Spec
from pellucid.operators import operation
from pellucid.ops.common import floating
from pellucid.ops.indexing import take_along_axis_p
from pellucid.ops.linalg import matmul
from pellucid.ops.shape import flatten, reshape
from pellucid.ops.windows import (
    IntOrPair,
    Padding,
    Pair,
    add_windows,
    check_images,
    evenly,
    output_size,
    padded,
    pair,
    span,
    taps,
)
from pellucid.tensor import Tensor, apply, as_tensor


def _options(
    name: str,
    x: Tensor,
    kernel_size: IntOrPair,
    stride: IntOrPair | None,
    padding: IntOrPair,
    dilation: IntOrPair,
    ceil_mode: bool,
) -> dict[str, Any]:
    """The options of a pooling primitive. ceil_mode is more padding at the bottom and right."""
    check_images(name, x)
    kernel = pair(name, "kernel_size", kernel_size)
    steps = kernel if stride is None else pair(name, "stride", stride)
    gaps, border = pair(name, "dilation", dilation), pair(name, "padding", padding, 0)
    reach = span(kernel, gaps)
    if any(2 * p > r for p, r in zip(border, reach, strict=True)):
        raise OptionError(
            f"{name}: padding={border} is more than half of the {reach[0]}×{reach[1]} pixels that the kernel "
            "covers, so that some windows would see padding only; give less"
        )
    sides = evenly(border)
    output_size(name, x.shape[2:], kernel, steps, sides, gaps)
    if ceil_mode:
        below, right = (_ceil(n, p, r, s) for n, p, r, s in zip(x.shape[2:], border, reach, steps, strict=True))
        sides = (border[0], border[0] + below), (border[1], border[1] + right)
    return {"kernel": kernel, "stride": steps, "padding": sides, "dilation": gaps}


def _ceil(size: int, padding: int, reach: int, stride: int) -> int:
    """How much is missing for another window; none if that window would start behind the image."""
    rest = (size + 2 * padding - reach) % stride
    start = size + 2 * padding - reach - rest + stride
    return stride - rest if rest and start < size + padding else 0


# ---- max


@operation
def max_pool2d(
    x: Any,
    kernel_size: IntOrPair,
    stride: IntOrPair | None = None,
    padding: IntOrPair = 0,
    dilation: IntOrPair = 1,
    ceil_mode: bool = False,
) -> Tensor:
    """The largest number of each window; nan where one is nan. The stride is the kernel's size unless given.

    ceil_mode: a last window that reaches over the edge counts too

    Gradient: to the first largest number of each window
    Shapes:   x (N, C, H, W) → (N, C, OH, OW)
    Raises:   ShapeError when the kernel is larger than the padded image; OptionError when padding is more
              than half of the kernel

    >>> max_pool2d([[[[1.0, 2.0], [3.0, 4.0]]]], 2)
    Tensor([[[[4.]]]], float32)
    """
    x = as_tensor(x)
    options = _options("max_pool2d", x, kernel_size, stride, padding, dilation, ceil_mode)
    places = apply(max_pool2d_argmax_p, x, **options)
    return reshape(apply(take_along_axis_p, flatten(x, 2), flatten(places, 2), axis=2), places.shape)


def _argmax_spec(x: Spec, *, kernel: Pair, stride: Pair, padding: Padding, dilation: Pair) -> tuple[Shape, np.dtype]:
    size = output_size("max_pool2d", x.shape[2:], kernel, stride, padding, dilation)
    for a in range(2):
        if size[a] and _first(size, stride, padding, dilation, a).max() >= x.shape[2 + a]:
            raise ShapeError(
                f"max_pool2d: with dilation={dilation} and padding={padding}, a window sees nothing of an "
                f"image {x.shape[2:]}; give a smaller dilation"
            )
    return (*x.shape[:2], *size), np.dtype("int64")


def _starts(size: Pair, stride: Pair, padding: Padding, axis: int) -> np.ndarray:
    """Where each window starts in the image; negative in the padding."""
    return np.arange(size[axis]) * stride[axis] - padding[axis][0]


def _first(size: Pair, stride: Pair, padding: Padding, dilation: Pair, axis: int) -> np.ndarray:
    """The first place of each window that is in the image."""
    starts = _starts(size, stride, padding, axis)
    return starts + dilation[axis] * -(np.minimum(starts, 0) // dilation[axis])


def _argmax(x: np.ndarray, *, kernel: Pair, stride: Pair, padding: Padding, dilation: Pair) -> np.ndarray:
    """For each window the place, h·W + w, of its first largest number.

    Every place in the kernel has a number, the first one the highest, so that of several largest the first
    is kept. With arithmetic on the numbers, which takes a third of the time of masks.
    """
    size = output_size("max_pool2d", x.shape[2:], kernel, stride, padding, dilation)
    lowest = -np.inf if x.dtype.kind == "f" else 0 if x.dtype == bool else np.iinfo(x.dtype).min
    backwards = list(taps(padded(x, padding, lowest), size, kernel, stride, dilation))[::-1]
    best = reduce(np.maximum, (values for _, _, values in backwards))
    number = np.zeros(best.shape, np.int32)
    for n, (_, _, values) in enumerate(backwards):
        largest = (values == best) | (values != values)  # nan is larger than anything
        np.maximum(number, largest * np.int32(n), out=number)
    width = x.shape[3]
    steps = np.array([i * dilation[0] * width + j * dilation[1] for i, j, _ in backwards])
    top, left = (_starts(size, stride, padding, a) for a in range(2))
    places = (top[:, None] * width + left) + steps[number]
    if padding != ((0, 0), (0, 0)):  # where all is as low as the padding, the first place in the image
        rows, columns = (_first(size, stride, padding, dilation, a) for a in range(2))
        places = np.where(best == lowest, rows[:, None] * width + columns, places)
    return places


max_pool2d_argmax_p = Primitive("max_pool2d_argmax", spec=_argmax_spec, value=_argmax)


# ---- average


@operation
def avg_pool2d(
    x: Any,
    kernel_size: IntOrPair,
    stride: IntOrPair | None = None,
    padding: IntOrPair = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """The mean of each window. The stride is the kernel's size unless given.

    ceil_mode:         a last window that reaches over the edge counts too; what lies outside is not counted
    count_include_pad: whether the padding counts as zeros, or not at all

    Gradient: to all numbers of each window in equal parts
    Shapes:   x (N, C, H, W) → (N, C, OH, OW)
    Raises:   as `max_pool2d`

    >>> avg_pool2d([[[[1.0, 2.0], [3.0, 4.0]]]], 2)
    Tensor([[[[2.5]]]], float32)
    """
    x = floating(x)
    options = _options("avg_pool2d", x, kernel_size, stride, padding, 1, ceil_mode)
    del options["dilation"]
    border = pair("avg_pool2d", "padding", padding, 0) if count_include_pad else (0, 0)
    counts = _counts(x.shape, border, options)
    return apply(sum_pool2d_p, x, **options) / Tensor(counts.astype(x.dtype))


def _counts(shape: Shape, border: Pair, options: dict[str, Any]) -> np.ndarray:
    """How many numbers each window counts, those in the border too; one number if that is always the same."""
    counted = np.ones((1, 1, shape[2] + 2 * border[0], shape[3] + 2 * border[1]))
    (top, bottom), (left, right) = options["padding"]
    rest = (top - border[0], bottom - border[0]), (left - border[1], right - border[1])
    counts = _sum_pool2d(counted, kernel=options["kernel"], stride=options["stride"], padding=rest)
    return counts.max() if np.ptp(counts) == 0 else counts


def _sum_pool_spec(x: Spec, *, kernel: Pair, stride: Pair, padding: Padding) -> tuple[Shape, np.dtype]:
    return (*x.shape[:2], *output_size("sum_pool2d", x.shape[2:], kernel, stride, padding)), x.dtype


def _sum_pool2d(x: np.ndarray, *, kernel: Pair, stride: Pair, padding: Padding) -> np.ndarray:
    size = output_size("sum_pool2d", x.shape[2:], kernel, stride, padding)
    y = np.zeros((*x.shape[:2], *size), x.dtype)
    for _, _, values in taps(padded(x, padding), size, kernel, stride):
        y += values
    return y


def _sum_unpool2d(y: np.ndarray, *, size: Pair, kernel: Pair, stride: Pair, padding: Padding) -> np.ndarray:
    n, c, height, width = y.shape
    parts = np.broadcast_to(y[:, :, None, None], (n, c, *kernel, height, width))
    return add_windows(parts, size, stride, padding)


sum_pool2d_p = Primitive(
    "sum_pool2d",
    spec=_sum_pool_spec,
    value=_sum_pool2d,
    gradients=[lambda g, y, x, **options: apply(sum_unpool2d_p, g, size=x.shape[2:], **options)],
)

# The adjoint: each number to every place of its window, added where windows overlap.
sum_unpool2d_p = Primitive(
    "sum_unpool2d",
    spec=lambda y, *, size, **options: ((*y.shape[:2], *size), y.dtype),
    value=_sum_unpool2d,
    gradients=[lambda g, x, y, *, size, **options: apply(sum_pool2d_p, g, **options)],
)


@operation
def adaptive_avg_pool2d(x: Any, output_size: int | Sequence[int | None]) -> Tensor:
    """The means of as many windows as make the wanted size, whatever the size of the images.

    output_size: one number, or two (down, across); None keeps the size in that direction

    Math:   window i of O along an axis of n goes from ⌊i·n/O⌋ to ⌈(i + 1)·n/O⌉
    Shapes: x (N, C, H, W) → (N, C, *output_size)

    >>> adaptive_avg_pool2d(np.ones((2, 3, 7, 5)), 1).shape
    (2, 3, 1, 1)
    """
    x = floating(x)
    check_images("adaptive_avg_pool2d", x)
    height, width = x.shape[2:]
    down, across = wanted_size("adaptive_avg_pool2d", output_size, (height, width))
    if height % down == 0 and width % across == 0:
        return avg_pool2d(x, (height // down, width // across))
    return matmul(matmul(_averages(height, down, x.dtype), x), _averages(width, across, x.dtype).T)


def wanted_size(name: str, output_size: Any, size: Pair = (1, 1)) -> Pair:
    """The output size as two numbers; None is the images' own."""
    if output_size is None:
        return size
    if isinstance(output_size, Sequence) and len(output_size) == 2:
        output_size = [n if given is None else given for given, n in zip(output_size, size, strict=True)]
    return pair(name, "output_size", output_size)


def _averages(size: int, windows: int, dtype: np.dtype) -> Tensor:
    """The matrix (windows, size) that takes means: row i has 1/n at the n places of window i."""
    starts = np.arange(windows) * size // windows
    ends = -(-(np.arange(windows) + 1) * size // windows)
    places = np.arange(size)
    inside = (places >= starts[:, None]) & (places < ends[:, None])
    return Tensor((inside / (ends - starts)[:, None]).astype(dtype))
