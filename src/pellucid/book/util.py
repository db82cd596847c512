"""What the book's programs share besides: smoothing, shuffling, and images as columns.

Reference: K. Saitoh, "Deep Learning from Scratch", 2016, section 7.4, and its common/util.py
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pellucid.book.arrays import array_of, floats, on_tensors, tensor_of
from pellucid.errors import ShapeError
from pellucid.ops import im2col as columns

WINDOW = 11


def smooth_curve(x: Any) -> np.ndarray:
    """A curve of losses made smooth: each value a weighted mean of the 11 around it, by a Kaiser window.

    Shapes: x (N,), N from 11 on → (N,)
    Raises: ShapeError for a shorter curve
    """
    x = np.asarray(x, np.float64)
    if x.ndim != 1 or len(x) < WINDOW:
        raise ShapeError(f"smooth_curve: x must be one curve of {WINDOW} values or more, got {x.shape}")
    weights = np.kaiser(WINDOW, 2)
    half = WINDOW // 2
    mirrored = np.pad(x, half, mode="reflect")
    return np.convolve(weights / weights.sum(), mirrored, mode="valid")


def shuffle_dataset(x: Any, t: Any) -> tuple[np.ndarray, np.ndarray]:
    """The examples in a new order, the same for x and t, by NumPy's global generator.

    Shapes: x (N, ...), t (N, ...) → copies of the same shapes
    Raises: ShapeError when x and t have different lengths
    """
    x, t = np.asarray(x), np.asarray(t)
    if len(x) != len(t):
        raise ShapeError(f"shuffle_dataset: x has {len(x)} examples but t has {len(t)}; x {x.shape}, t {t.shape}")
    order = np.random.permutation(len(x))
    return x[order], t[order]


def conv_output_size(input_size: int, filter_size: int, stride: int = 1, pad: int = 0) -> float:
    """How many places a filter has along one side, as the book divides it: 24.0, or 11.5 where it does not go in.

    The layers round down, so that what is left over at the far side is not seen.

    >>> conv_output_size(28, 5)
    24.0
    """
    return (input_size + 2 * pad - filter_size) / stride + 1


def im2col(input_data: Any, filter_h: int, filter_w: int, stride: int = 1, pad: int = 0) -> Any:
    """Every window of the images as a row, so that a convolution is one matrix product.

    Shapes: input_data (N, C, H, W) → (N·OH·OW, C·filter_h·filter_w), OH = (H + 2·pad - filter_h) // stride + 1
    Raises: ShapeError when input_data is no batch of images, or smaller than the filter

    >>> im2col(np.zeros((10, 3, 7, 7)), 5, 5).shape
    (90, 75)
    """
    col = columns.im2col(floats(tensor_of(input_data)), (filter_h, filter_w), stride, pad)
    return col if on_tensors(input_data) else array_of(col)


def col2im(col: Any, input_shape: Sequence[int], filter_h: int, filter_w: int, stride: int = 1, pad: int = 0) -> Any:
    """The transpose of `im2col`: every row put back as a window, and added where windows overlap.

    Shapes: col (N·OH·OW, C·filter_h·filter_w) → input_shape (N, C, H, W)
    Raises: ShapeError when col is not what im2col makes of such images
    """
    images = columns.col2im(floats(tensor_of(col)), input_shape, (filter_h, filter_w), stride, pad)
    return images if on_tensors(col) else array_of(images)
