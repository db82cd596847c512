"""Convolution of images and its two gradients.

A convolution is linear in the images and linear in the weights, so three primitives are enough for
derivatives of every order: the gradients of each one are the other two. Images are (N, C, H, W), weights
(M, C/groups, KH, KW), as in PyTorch.

Reference: V. Dumoulin, F. Visin, "A guide to convolution arithmetic for deep learning", 2016
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from pellucid.errors import DTypeError, OptionError, ShapeError
from pellucid.graph import Primitive, Shape, Spec
from pellucid.operators import operation
from pellucid.ops.shape import pad, reshape
from pellucid.ops.windows import (
    IntOrPair,
    Padding,
    Pair,
    add_windows,
    check_images,
    evenly,
    output_size,
    pair,
    span,
    windows,
)
from pellucid.tensor import Tensor, apply, as_tensor


@operation
def conv2d(
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: IntOrPair = 1,
    padding: IntOrPair | str = 0,
    dilation: IntOrPair = 1,
    groups: int = 1,
) -> Tensor:
    """Every window of the images times every filter.

    padding: pixels of 0 around the images; "valid" for none, "same" for as many as keep the size (stride 1)
    groups:  the channels fall into this many groups, and each filter sees one of them only

    Math:     y[n, m, i, j] = bias[m] + Σ_{c, k, l} x[n, c, i·s + k·d, j·s + l·d] · w[m, c, k, l]
              with stride s and dilation d
    Gradient: x̄ = `conv_transpose2d` of ȳ with w; w̄ = Σ over images and windows of ȳ · x; bias: ȳ summed
    Shapes:   x (N, C, H, W), weight (M, C/groups, KH, KW), bias (M,) → y (N, M, OH, OW),
              OH = (H + 2·padding - dilation·(KH - 1) - 1) // stride + 1
    Raises:   ShapeError when channels do not fit or the kernel is larger than the padded image; OptionError
              for a stride below 1; DTypeError when x and weight differ
    Note:     the kernel is not turned round: mathematics calls this a correlation

    >>> conv2d(np.ones((1, 3, 7, 7)), np.ones((2, 3, 5, 5))).shape
    (1, 2, 3, 3)
    """
    x, weight = as_tensor(x), as_tensor(weight, like=x)
    _check("conv2d", x, weight, groups)
    steps, gaps = pair("conv2d", "stride", stride), pair("conv2d", "dilation", dilation)
    border = _border(padding, weight.shape, steps, gaps)
    y = apply(conv2d_p, x, weight, stride=steps, padding=border, dilation=gaps, groups=groups)
    return _add_bias("conv2d", y, bias)


@operation
def conv_transpose2d(
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: IntOrPair = 1,
    padding: IntOrPair = 0,
    output_padding: IntOrPair = 0,
    groups: int = 1,
    dilation: IntOrPair = 1,
) -> Tensor:
    """The adjoint of `conv2d`: every number of x times a whole filter, added up where the filters overlap.

    output_padding: rows and columns more at the bottom and right, since with a stride several sizes of images
                    are convolved to the same size

    Shapes: x (N, C, H, W), weight (C, M/groups, KH, KW), bias (M,) → y (N, M, OH, OW),
            OH = (H - 1)·stride - 2·padding + dilation·(KH - 1) + output_padding + 1
    Raises: as `conv2d`; OptionError when output_padding is not below stride or dilation
    Note:   it is the gradient of a convolution, so it is that primitive

    >>> conv_transpose2d(np.ones((1, 2, 3, 3)), np.ones((2, 3, 5, 5))).shape
    (1, 3, 7, 7)
    """
    name = "conv_transpose2d"
    x, weight = as_tensor(x), as_tensor(weight, like=x)
    _check(name, x, weight, groups)
    if x.shape[1] != weight.shape[0]:
        raise ShapeError(
            f"{name}: x has {x.shape[1]} channels but weight takes {weight.shape[0]}; "
            f"x {x.shape}, weight {weight.shape}"
        )
    steps, gaps = pair(name, "stride", stride), pair(name, "dilation", dilation)
    border, extra = pair(name, "padding", padding, 0), pair(name, "output_padding", output_padding, 0)
    if any(e >= max(s, d) for e, s, d in zip(extra, steps, gaps, strict=True)):
        raise OptionError(
            f"{name}: output_padding={extra} must be smaller than stride={steps} or dilation={gaps}; "
            "further rows would hold nothing but the bias"
        )
    reach = span(_size(weight), gaps)
    size = tuple((n - 1) * s - 2 * p + r for n, s, p, r in zip(_size(x), steps, border, reach, strict=True))
    if min(size) < 1:
        raise ShapeError(f"{name}: padding={border} leaves nothing of an image of {_size(x)}; give less padding")
    # What would fall into the padding at the bottom and right is output as far as output_padding asks for it;
    # beyond that no filter reaches.
    shown = tuple(min(e, p) for e, p in zip(extra, border, strict=True))
    y = apply(
        conv2d_input_gradient_p,
        x,
        weight,
        size=(size[0] + shown[0], size[1] + shown[1]),
        stride=steps,
        padding=((border[0], border[0] - shown[0]), (border[1], border[1] - shown[1])),
        dilation=gaps,
        groups=groups,
    )
    rest = (extra[0] - shown[0], extra[1] - shown[1])
    return _add_bias(name, pad(y, [(0, 0), (0, 0), (0, rest[0]), (0, rest[1])]), bias)


def _size(x: Spec) -> Pair:
    return x.shape[2], x.shape[3]


def _border(padding: IntOrPair | str, weight: Shape, stride: Pair, dilation: Pair) -> Padding:
    """The padding option as ((top, bottom), (left, right)); "same" has its odd pixel after the image."""
    if padding == "valid":
        return evenly((0, 0))
    if padding == "same":
        if stride != (1, 1):
            raise OptionError(f"conv2d: padding='same' keeps the size only with stride=1, got stride={stride}")
        down, across = (n - 1 for n in span(weight[-2:], dilation))  # type: ignore[arg-type]
        return (down // 2, down - down // 2), (across // 2, across - across // 2)
    if isinstance(padding, str):
        raise OptionError(f"conv2d: there is no padding {padding!r}; give 'same', 'valid' or a number")
    return evenly(pair("conv2d", "padding", padding, 0))


def _add_bias(name: str, y: Tensor, bias: Any) -> Tensor:
    if bias is None:
        return y
    bias = as_tensor(bias, like=y)
    if bias.shape != (y.shape[1],):
        raise ShapeError(f"{name}: bias is {bias.shape} but weight makes {y.shape[1]} channels; give ({y.shape[1]},)")
    return y + reshape(bias, (1, -1, 1, 1))


def _check(name: str, x: Spec, weight: Spec, groups: int) -> None:
    """What a convolution and its transpose ask of x and weight alike."""
    check_images(name, x)
    if len(weight.shape) != 4:
        axes = "M, C/groups" if name == "conv2d" else "C, M/groups"
        raise ShapeError(f"{name}: weight must be filters ({axes}, KH, KW), got {weight.shape}")
    if x.dtype != weight.dtype or x.dtype.kind != "f":
        model = f" or model.to('{x.dtype}')" if x.dtype.kind == "f" else ""
        wanted = weight.dtype if weight.dtype.kind == "f" else "float32"
        raise DTypeError(f"{name}: x is {x.dtype} but weight is {weight.dtype}; cast with x.to('{wanted}'){model}")
    if groups < 1 or weight.shape[0] % groups:
        raise OptionError(
            f"{name}: groups={groups} does not divide the {weight.shape[0]} filters of weight {weight.shape}"
        )


# ---- the three primitives; each is linear in both inputs, and its gradients are the other two


def _conv2d_spec(
    x: Spec, w: Spec, *, stride: Pair, padding: Padding, dilation: Pair, groups: int
) -> tuple[Shape, np.dtype]:
    if x.shape[1] != w.shape[1] * groups:
        raise ShapeError(
            f"conv2d: x has {x.shape[1]} channels but weight takes {w.shape[1] * groups} (groups={groups}); "
            f"x {x.shape}, weight {w.shape}"
        )
    size = output_size("conv2d", _size(x), _size(w), stride, padding, dilation)
    return (x.shape[0], w.shape[0], *size), x.dtype


def _conv2d(x: np.ndarray, w: np.ndarray, *, stride: Pair, padding: Padding, dilation: Pair, groups: int) -> np.ndarray:
    shape, dtype = _conv2d_spec(x, w, stride=stride, padding=padding, dilation=dilation, groups=groups)
    y = np.empty(shape, dtype)
    rows_of_y = _grouped(y, groups)
    for some in _blocks(x, w, shape):
        columns = _columns(x[some], _size(w), stride, padding, dilation, groups)
        np.matmul(_matrix(w, groups), columns, out=rows_of_y[some])
    return y


def _input_gradient(
    g: np.ndarray, w: np.ndarray, *, size: Pair, stride: Pair, padding: Padding, dilation: Pair, groups: int
) -> np.ndarray:
    x = np.empty((g.shape[0], w.shape[1] * groups, *size), g.dtype)
    back = _matrix(w, groups).swapaxes(1, 2)
    for some in _blocks(x, w, g.shape):
        columns = back @ _grouped(g[some], groups)
        parts = columns.reshape(-1, x.shape[1], *w.shape[2:], *g.shape[2:])
        x[some] = add_windows(parts, size, stride, padding, dilation)
    return x


def _weight_gradient(
    x: np.ndarray, g: np.ndarray, *, size: Pair, stride: Pair, padding: Padding, dilation: Pair, groups: int
) -> np.ndarray:
    w = np.zeros((g.shape[1], x.shape[1] // groups, *size), x.dtype)
    total = _matrix(w, groups)
    for some in _blocks(x, w, g.shape):
        columns = _columns(x[some], size, stride, padding, dilation, groups)
        total += (_grouped(g[some], groups) @ columns.swapaxes(2, 3)).sum(0)
    return w


def _columns(x: np.ndarray, kernel: Pair, stride: Pair, padding: Padding, dilation: Pair, groups: int) -> np.ndarray:
    """Every window as a column: (N, groups, C/groups·KH·KW, OH·OW)."""
    view = windows(x, kernel, stride, padding, dilation)
    n, c, *_, height, width = view.shape
    return view.reshape(n, groups, c // groups * kernel[0] * kernel[1], height * width)


def _matrix(w: np.ndarray, groups: int) -> np.ndarray:
    """The filters as the rows of a matrix for each group: (groups, M/groups, C/groups·KH·KW)."""
    return w.reshape(groups, w.shape[0] // groups, w.shape[1] * w.shape[2] * w.shape[3])


def _grouped(y: np.ndarray, groups: int) -> np.ndarray:
    """The channels by group and the pixels in a row: (N, groups, M/groups, OH·OW)."""
    n, m, height, width = y.shape
    return y.reshape(n, groups, m // groups, height * width)


def _blocks(x: Spec, w: Spec, y: Shape) -> Iterator[slice]:
    """So many images at once that their columns stay in the cache, and that 10,000 images fit into memory."""
    numbers = x.shape[1] * w.shape[2] * w.shape[3] * y[2] * y[3]
    step = max(1, BLOCK // max(1, numbers))
    return (slice(start, start + step) for start in range(0, x.shape[0], step))


BLOCK = 2**20  # numbers in the columns of one block


conv2d_p = Primitive(
    "conv2d",
    spec=_conv2d_spec,
    value=_conv2d,
    gradients=[
        lambda g, y, x, w, **options: apply(conv2d_input_gradient_p, g, w, size=_size(x), **options),
        lambda g, y, x, w, **options: apply(conv2d_weight_gradient_p, x, g, size=_size(w), **options),
    ],
)

# (g, w) → x̄ of `size`; groups as in conv2d
conv2d_input_gradient_p = Primitive(
    "conv2d_input_gradient",
    spec=lambda g, w, *, size, groups, **options: ((g.shape[0], w.shape[1] * groups, *size), g.dtype),
    value=_input_gradient,
    gradients=[
        lambda u, y, g, w, *, size, **options: apply(conv2d_p, u, w, **options),
        lambda u, y, g, w, *, size, **options: apply(conv2d_weight_gradient_p, u, g, size=_size(w), **options),
    ],
)

# (x, g) → w̄ of `size`
conv2d_weight_gradient_p = Primitive(
    "conv2d_weight_gradient",
    spec=lambda x, g, *, size, groups, **options: ((g.shape[1], x.shape[1] // groups, *size), x.dtype),
    value=_weight_gradient,
    gradients=[
        lambda u, y, x, g, *, size, **options: apply(conv2d_input_gradient_p, g, u, size=_size(x), **options),
        lambda u, y, x, g, *, size, **options: apply(conv2d_p, x, u, **options),
    ],
)
