"""Matrix products, with NumPy's rules for every rank."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from pellucid.errors import DTypeError, ShapeError
from pellucid.graph import Primitive, Shape, Spec
from pellucid.operators import operation
from pellucid.ops.common import common_shape
from pellucid.ops.shape import broadcast_to, reshape, swapaxes
from pellucid.tensor import Tensor, apply, as_tensor


@operation
def matmul(x: Any, w: Any) -> Tensor:
    """The matrix product x @ w.

    Math:     y_ij = Σ_k x_ik·w_kj
    Gradient: x̄ = ȳ·wᵀ, w̄ = xᵀ·ȳ
    Shapes:   x (..., N, D), w (..., D, M) → y (..., N, M); leading axes broadcast; a vector is taken as a row on
              the left and as a column on the right, and its axis is dropped from y
    Raises:   ShapeError when the inner sizes differ or an input is a scalar; DTypeError when the dtypes differ

    >>> matmul([[1.0, 2.0]], [[3.0], [4.0]])
    Tensor([[11.]], float32)
    """
    x, w = as_tensor(x), as_tensor(w)
    _check(x, w)
    rows = x if x.ndim > 1 else reshape(x, (1, x.size))
    columns = w if w.ndim > 1 else reshape(w, (w.size, 1))
    y = _matrices(rows, columns)
    shape = y.shape if w.ndim > 1 else y.shape[:-1]
    if x.ndim == 1:
        at = len(y.shape) - 2
        shape = shape[:at] + shape[at + 1 :]
    return reshape(y, shape)


def _check(x: Tensor, w: Tensor) -> None:
    if x.ndim == 0 or w.ndim == 0:
        raise ShapeError(f"matmul: a scalar has no rows or columns; x {x.shape}, w {w.shape}; multiply with *")
    if x.dtype != w.dtype:
        raise DTypeError(
            f"matmul: x is {x.dtype} but w is {w.dtype}; convert one with .to('{w.dtype}'), or the model with .to(...)"
        )
    inner = w.shape[-2] if w.ndim > 1 else w.shape[0]
    if x.shape[-1] != inner:
        raise ShapeError(f"matmul: x has {x.shape[-1]} columns but w has {inner} rows; x {x.shape}, w {w.shape}")


def _matrices(x: Tensor, w: Tensor) -> Tensor:
    """x @ w for matrices and stacks of them."""
    if w.ndim == 2 and x.ndim > 2:  # one large product instead of many small ones
        rows = reshape(x, (math.prod(x.shape[:-1]), x.shape[-1]))
        return reshape(apply(matmul_p, rows, w), (*x.shape[:-1], w.shape[1]))
    stack = common_shape("matmul", x.shape[:-2], w.shape[:-2])
    return apply(matmul_p, broadcast_to(x, stack + x.shape[-2:]), broadcast_to(w, stack + w.shape[-2:]))


def _spec(x: Spec, w: Spec) -> tuple[Shape, np.dtype]:
    if x.shape[:-2] != w.shape[:-2] or x.shape[-1] != w.shape[-2] or x.dtype != w.dtype:
        raise ShapeError(f"matmul: x {x.shape} {x.dtype} and w {w.shape} {w.dtype} do not fit")
    return (*x.shape[:-1], w.shape[-1]), x.dtype


matmul_p = Primitive(
    "matmul",
    spec=_spec,
    value=lambda x, w: x @ w,
    gradients=[
        lambda g, y, x, w: apply(matmul_p, g, swapaxes(w, -1, -2)),
        lambda g, y, x, w: apply(matmul_p, swapaxes(x, -1, -2), g),
    ],
)


@operation
def outer(x: Any, y: Any) -> Tensor:
    """The outer product of two vectors.

    Shapes: x (N,), y (M,) → (N, M)
    """
    x, y = as_tensor(x), as_tensor(y)
    if x.ndim != 1 or y.ndim != 1:
        raise ShapeError(f"outer: needs two vectors, got {x.shape} and {y.shape}")
    return reshape(x, (x.size, 1)) * reshape(y, (1, y.size))
