"""The windows that a kernel slides over images: what convolution and pooling have in common.

Images are (N, C, H, W). A window is given by kernel, stride and dilation, each (down, across), and by padding
((top, bottom), (left, right)). The functions on arrays work on views as far as they can.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from pellucid.errors import OptionError, ShapeError, check_whole
from pellucid.graph import Spec

Pair = tuple[int, int]
IntOrPair = int | Sequence[int]
Padding = tuple[Pair, Pair]


# ---- what the user gives


def pair(name: str, option: str, value: IntOrPair, least: int = 1) -> Pair:
    """One whole number for both directions, or two of them, as two.

    Raises: OptionError for anything else, or a number below `least`

    >>> pair("conv2d", "stride", 2)
    (2, 2)
    """
    given = (value, value) if isinstance(value, str) or not isinstance(value, Sequence) else tuple(value)
    if len(given) != 2:
        raise OptionError(f"{name}: {option}={value!r} must be one whole number, or two: (down, across)")
    for n in given:
        check_whole(name, least=least, **{option: n})
    return int(given[0]), int(given[1])


def evenly(padding: Pair) -> Padding:
    """As much padding before as after."""
    down, across = padding
    return (down, down), (across, across)


def check_images(name: str, x: Spec) -> None:
    """Refuse what is not a batch of images."""
    if len(x.shape) != 4:
        hint = "; a single image is x.reshape(1, C, H, W)" if len(x.shape) in (2, 3) else ""
        raise ShapeError(f"{name}: x must be images (N, C, H, W), got {x.shape}{hint}")


def output_size(
    name: str, size: Sequence[int], kernel: Pair, stride: Pair, padding: Padding, dilation: Pair = (1, 1)
) -> Pair:
    """How many windows there are, down and across.

    >>> output_size("conv2d", (28, 28), (5, 5), (1, 1), ((0, 0), (0, 0)))
    (24, 24)
    """
    have = tuple(n + before + after for n, (before, after) in zip(size, padding, strict=True))
    need = span(kernel, dilation)
    if have[0] < need[0] or have[1] < need[1]:
        raise ShapeError(
            f"{name}: the kernel covers {need[0]}×{need[1]} pixels but the padded image is "
            f"{have[0]}×{have[1]}; give larger images, a smaller kernel or more padding"
        )
    return (have[0] - need[0]) // stride[0] + 1, (have[1] - need[1]) // stride[1] + 1


def span(kernel: Pair, dilation: Pair) -> Pair:
    """How many pixels a kernel reaches over, its gaps included."""
    return dilation[0] * (kernel[0] - 1) + 1, dilation[1] * (kernel[1] - 1) + 1


# ---- on arrays


def padded(x: np.ndarray, padding: Padding, fill: Any = 0) -> np.ndarray:
    """The images with a border; the images themselves where there is none."""
    (top, bottom), (left, right) = padding
    if not (top or bottom or left or right):
        return x
    n, c, height, width = x.shape
    y = np.full((n, c, top + height + bottom, left + width + right), fill, x.dtype)
    y[:, :, top : top + height, left : left + width] = x
    return y


def windows(x: np.ndarray, kernel: Pair, stride: Pair, padding: Padding, dilation: Pair) -> np.ndarray:
    """Every window, as a view of the padded images: (N, C, KH, KW, OH, OW)."""
    view = sliding_window_view(padded(x, padding), span(kernel, dilation), axis=(2, 3))
    view = view[:, :, :: stride[0], :: stride[1], :: dilation[0], :: dilation[1]]
    return view.transpose(0, 1, 4, 5, 2, 3)


def taps(
    x: np.ndarray, size: Pair, kernel: Pair, stride: Pair, dilation: Pair = (1, 1)
) -> Iterator[tuple[int, int, np.ndarray]]:
    """For each place (i, j) in the kernel, the view (N, C, OH, OW) of what all windows have there.

    size: the number of windows (OH, OW)
    """
    for i in range(kernel[0]):
        top = i * dilation[0]
        for j in range(kernel[1]):
            left = j * dilation[1]
            rows = slice(top, top + stride[0] * (size[0] - 1) + 1, stride[0])
            columns = slice(left, left + stride[1] * (size[1] - 1) + 1, stride[1])
            yield i, j, x[:, :, rows, columns]


def add_windows(parts: np.ndarray, size: Pair, stride: Pair, padding: Padding, dilation: Pair = (1, 1)) -> np.ndarray:
    """The adjoint of `windows`: every window put back where it came from, and added where windows overlap.

    Shapes: parts (N, C, KH, KW, OH, OW) → (N, C, *size)
    """
    n, c, *kernel = parts.shape[:4]
    (top, bottom), (left, right) = padding
    height, width = size
    x = np.zeros((n, c, top + height + bottom, left + width + right), parts.dtype)
    for i, j, view in taps(x, parts.shape[4:], (kernel[0], kernel[1]), stride, dilation):
        view += parts[:, :, i, j]
    return x[:, :, top : top + height, left : left + width]
