"""Layers without state, under PyTorch's names.

Each is an operation of `pellucid.ops`; those that take an axis take it here as `dim`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pellucid.errors import DTypeError, OptionError, ShapeError
from pellucid.ops import activation, shape
from pellucid.ops.activation import elu, gelu, leaky_relu, relu, silu, softplus, step
from pellucid.ops.convolution import conv2d, conv_transpose2d
from pellucid.ops.elementwise import sigmoid, tanh
from pellucid.ops.indexing import one_hot
from pellucid.ops.linalg import matmul
from pellucid.ops.loss import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    l1_loss,
    mse_loss,
    nll_loss,
)
from pellucid.ops.normalization import batch_norm, layer_norm, local_response_norm
from pellucid.ops.pooling import adaptive_avg_pool2d, avg_pool2d, max_pool2d
from pellucid.ops.random import dropout
from pellucid.ops.shape import transpose
from pellucid.tensor import Tensor, as_tensor

__all__ = [
    "adaptive_avg_pool2d",
    "avg_pool2d",
    "batch_norm",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "conv2d",
    "conv_transpose2d",
    "cross_entropy",
    "dropout",
    "elu",
    "gelu",
    "l1_loss",
    "layer_norm",
    "leaky_relu",
    "linear",
    "local_response_norm",
    "log_softmax",
    "max_pool2d",
    "mse_loss",
    "nll_loss",
    "one_hot",
    "pad",
    "relu",
    "scale_pixels",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "step",
    "tanh",
]


def linear(x: Any, weight: Any, bias: Any = None) -> Tensor:
    """A weighted sum of all inputs for every output.

    Math:   y = x·wᵀ + b
    Shapes: x (..., D), weight (M, D), bias (M,) → y (..., M)

    >>> linear([[1.0, 2.0]], [[3.0, 4.0]], [0.5])
    Tensor([[11.5]], float32)
    """
    y = matmul(x, transpose(weight))
    return y if bias is None else y + bias


def pad(x: Any, pad: Sequence[int], mode: str = "constant", value: float | None = None) -> Tensor:
    """x with `value` (0) around it, in PyTorch's order: pad = (left, right, top, bottom, ...), the last axis first.

    See `pellucid.pad`, which takes (before, after) for each axis.

    Raises: ShapeError when pad does not fit x; OptionError for another mode

    >>> pad([[1.0, 2.0]], (0, 2))
    Tensor([[1. 2. 0. 0.]], float32)
    """
    x = as_tensor(x)
    if mode != "constant":
        raise OptionError(f"pad: there is no mode {mode!r}; there is 'constant'")
    sides = pad if isinstance(pad, Sequence) else (pad,)
    if len(sides) % 2 or len(sides) > 2 * x.ndim:
        raise ShapeError(
            f"pad: pad={pad!r} does not fit {x.shape}; "
            "give two numbers for each axis, the last axis first: (left, right, top, bottom)"
        )
    pairs = list(zip(sides[::2], sides[1::2], strict=True))[::-1]
    return shape.pad(x, [(0, 0)] * (x.ndim - len(pairs)) + pairs, value or 0.0)


def softmax(x: Any, dim: int = -1) -> Tensor:
    """Numbers made probabilities along `dim`: e^x over the sum of all e^x. See `pellucid.softmax`."""
    return activation.softmax(x, dim)


def log_softmax(x: Any, dim: int = -1) -> Tensor:
    """The logarithm of `softmax`, without its loss of digits. See `pellucid.log_softmax`."""
    return activation.log_softmax(x, dim)


def scale_pixels(x: Any, *, dtype: Any = "float32") -> Tensor:
    """Pixels of 0..255 as floats of 0..1. Keeping images uint8 until here takes a quarter of the memory.

    dtype:  that of the model: float32 made float64 later has wrong digits from the eighth on
    Raises: DTypeError unless x is uint8: floats have most likely been scaled before

    >>> scale_pixels(np.array([0, 51, 255], np.uint8))
    Tensor([0.  0.2 1. ], float32)
    """
    x = as_tensor(x)
    if x.dtype != np.uint8:
        raise DTypeError(f"scale_pixels: takes uint8 pixels from 0 to 255, got {x.dtype}, which may be scaled already")
    return x.to(dtype) / 255
