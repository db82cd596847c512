"""im2col, which makes a convolution a matrix product, and its adjoint, col2im.

Reference: K. Saitoh, "Deep Learning from Scratch", 2016, section 7.4
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pellucid.errors import ShapeError
from pellucid.graph import Node, Primitive, Shape, Spec
from pellucid.operators import operation
from pellucid.ops.windows import IntOrPair, Padding, Pair, add_windows, check_images, evenly, output_size, pair, windows
from pellucid.tensor import Tensor, apply, as_tensor


@operation
def im2col(
    x: Any, kernel_size: IntOrPair, stride: IntOrPair = 1, padding: IntOrPair = 0, dilation: IntOrPair = 1
) -> Tensor:
    """Every window of the images as a row, so that a convolution is one matrix product.

    Gradient: x̄ = `col2im` of ȳ
    Shapes:   x (N, C, H, W) → (N·OH·OW, C·KH·KW)
    Note:     conv2d(x, w) is im2col(x, ...) @ w.reshape(M, -1).T, with M as the last axis

    >>> im2col(np.zeros((10, 3, 7, 7)), 5).shape
    (90, 75)
    """
    return apply(im2col_p, as_tensor(x), **_window_options("im2col", kernel_size, stride, padding, dilation))


@operation
def col2im(
    col: Any,
    input_shape: Sequence[int],
    kernel_size: IntOrPair,
    stride: IntOrPair = 1,
    padding: IntOrPair = 0,
    dilation: IntOrPair = 1,
) -> Tensor:
    """The adjoint of `im2col`: every row put back as a window, and added where windows overlap.

    Gradient: col̄ = `im2col` of ȳ
    Shapes:   col (N·OH·OW, C·KH·KW) → input_shape (N, C, H, W)
    Raises:   ShapeError when col is not what im2col makes of such images

    >>> col2im(np.ones((9, 75)), (1, 3, 7, 7), 5)[0, 0, 3].tolist()
    [3.0, 6.0, 9.0, 9.0, 9.0, 6.0, 3.0]
    """
    options = _window_options("col2im", kernel_size, stride, padding, dilation)
    return apply(col2im_p, as_tensor(col), shape=tuple(input_shape), **options)


def _window_options(
    name: str, kernel: IntOrPair, stride: IntOrPair, padding: IntOrPair, dilation: IntOrPair
) -> dict[str, Any]:
    return {
        "kernel": pair(name, "kernel_size", kernel),
        "stride": pair(name, "stride", stride),
        "padding": evenly(pair(name, "padding", padding, 0)),
        "dilation": pair(name, "dilation", dilation),
    }


def _im2col_spec(
    x: Spec, *, kernel: Pair, stride: Pair, padding: Padding, dilation: Pair, name: str = "im2col"
) -> tuple[Shape, np.dtype]:
    check_images(name, x)
    height, width = output_size(name, x.shape[2:], kernel, stride, padding, dilation)
    return (x.shape[0] * height * width, x.shape[1] * kernel[0] * kernel[1]), x.dtype


def _im2col(x: np.ndarray, **options: Any) -> np.ndarray:
    shape, _ = _im2col_spec(x, **options)
    return windows(x, **options).transpose(0, 4, 5, 1, 2, 3).reshape(shape)


def _col2im_spec(col: Spec, *, shape: Shape, **options: Any) -> tuple[Shape, np.dtype]:
    images = Node(shape=shape, dtype=col.dtype)
    wanted, _ = _im2col_spec(images, **options, name="col2im")
    if col.shape != wanted:
        raise ShapeError(f"col2im: images {shape} make columns {wanted}, got {col.shape}; give what im2col gave")
    return shape, col.dtype


def _col2im(
    col: np.ndarray, *, shape: Shape, kernel: Pair, stride: Pair, padding: Padding, dilation: Pair
) -> np.ndarray:
    size = output_size("col2im", shape[2:], kernel, stride, padding, dilation)
    parts = col.reshape(shape[0], *size, shape[1], *kernel).transpose(0, 3, 4, 5, 1, 2)
    return add_windows(parts, (shape[2], shape[3]), stride, padding, dilation)


im2col_p = Primitive(
    "im2col",
    spec=_im2col_spec,
    value=_im2col,
    gradients=[lambda g, y, x, **options: apply(col2im_p, g, shape=x.shape, **options)],
)

col2im_p = Primitive(
    "col2im",
    spec=_col2im_spec,
    value=_col2im,
    gradients=[lambda g, y, col, *, shape, **options: apply(im2col_p, g, **options)],
)
