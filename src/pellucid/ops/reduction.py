"""Operations that make many numbers one: sum, mean, variance, max, argmax.

`axis` is a number, several, or None for all of them; `keepdims` leaves an axis of size 1 in the place of each.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from pellucid.errors import ShapeError
from pellucid.graph import Primitive, Shape, Spec
from pellucid.operators import operation
from pellucid.ops.arithmetic import opposite
from pellucid.ops.common import floating
from pellucid.ops.dtype import cast
from pellucid.ops.shape import axes_of, axis_of, broadcast_to, flatten, reshape
from pellucid.tensor import Tensor, apply, as_tensor

Axis = int | Sequence[int] | None


def _keep(x: Spec, axes: Sequence[int]) -> Shape:
    """x's shape with 1 in the place of each of these axes."""
    return tuple(1 if a in axes else n for a, n in enumerate(x.shape))


def _drop(x: Spec, *, axes: tuple[int, ...]) -> tuple[Shape, np.dtype]:
    return tuple(n for a, n in enumerate(x.shape) if a not in axes), x.dtype


def _reduce(primitive: Primitive, x: Tensor, axis: Axis, keepdims: bool) -> Tensor:
    axes = axes_of(primitive.name, axis, x.ndim)
    y = apply(primitive, x, axes=axes) if axes else x
    return reshape(y, _keep(x, axes)) if keepdims else y


# ---- sum and what is made of it


@operation
def sum(x: Any, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    """The sum over the axes; integers and bools are summed as int64.

    Gradient: x̄ = ȳ repeated along the axes

    >>> sum([[1.0, 2.0], [3.0, 4.0]], 0)
    Tensor([4. 6.], float32)
    """
    x = as_tensor(x)
    return _reduce(sum_p, x if x.dtype.kind == "f" else cast(x, "int64"), axis, keepdims)


sum_p = Primitive(
    "sum",
    spec=_drop,
    value=lambda x, *, axes: np.sum(x, axes),
    gradients=[lambda g, y, x, *, axes: broadcast_to(reshape(g, _keep(x, axes)), x.shape)],
)


@operation
def mean(x: Any, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    """The mean over the axes, in floats.

    Raises: ShapeError when there is nothing to take the mean of

    >>> mean([1.0, 2.0, 6.0])
    Tensor(3., float32)
    """
    x = floating(x)
    return sum(x, axis, keepdims=keepdims) / _count("mean", x, axis)


@operation
def var(x: Any, axis: Axis = None, *, ddof: int = 0, keepdims: bool = False) -> Tensor:
    """The variance over the axes: the mean squared distance from the mean; its sum is divided by n - ddof.

    Note: in two passes. E[x²] - E[x]² takes one, but loses all digits where the mean is far from 0.

    >>> var([1.0, 2.0, 6.0])
    Tensor(4.6666665, float32)
    """
    x = floating(x)
    distance = x - mean(x, axis, keepdims=True)
    return sum(distance * distance, axis, keepdims=keepdims) / (_count("var", x, axis) - ddof)


@operation
def std(x: Any, axis: Axis = None, *, ddof: int = 0, keepdims: bool = False) -> Tensor:
    """The standard deviation over the axes: the square root of `var`."""
    return var(x, axis, ddof=ddof, keepdims=keepdims).sqrt()


def _count(name: str, x: Tensor, axis: Axis) -> int:
    count = math.prod(x.shape[a] for a in axes_of(name, axis, x.ndim))
    if count == 0:
        raise ShapeError(f"{name}: {x.shape} has no element along axis={axis}; give one at least")
    return count


# ---- the largest, the smallest, and where they are


@operation
def max(x: Any, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    """The largest number along the axes; nan where one is nan.

    Gradient: to the largest; in equal parts where several are the largest
    Raises:   ShapeError when there is no element

    >>> max([[1.0, 5.0], [3.0, 4.0]], 1)
    Tensor([5. 4.], float32)
    """
    x = as_tensor(x)
    _count("max", x, axis)
    return _reduce(max_p, x, axis, keepdims)


@operation
def min(x: Any, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    """The smallest number along the axes; nan where one is nan.

    Gradient: to the smallest; in equal parts where several are the smallest
    """
    x = as_tensor(x)
    _count("min", x, axis)
    return opposite(max(opposite(x), axis, keepdims=keepdims))


def _max_gradient(g: Tensor, y: Tensor, x: Tensor, *, axes: tuple[int, ...]) -> Tensor:
    kept = _keep(x, axes)
    winners = (x == reshape(y, kept)).to(x.dtype)
    return winners * reshape(g, kept) / sum(winners, axes, keepdims=True)


max_p = Primitive("max", spec=_drop, value=lambda x, *, axes: np.max(x, axes), gradients=[_max_gradient])


@operation
def argmax(x: Any, axis: int | None = None, *, keepdims: bool = False) -> Tensor:
    """Where the largest number stands along the axis, the first of equals, as int64; without an axis, in x flattened.

    Raises: ShapeError when there is no element, or for several axes

    >>> argmax([[1.0, 5.0], [4.0, 3.0]], 1)
    Tensor([1 0], int64)
    """
    return _arg("argmax", lambda x: x, x, axis, keepdims)


@operation
def argmin(x: Any, axis: int | None = None, *, keepdims: bool = False) -> Tensor:
    """Where the smallest number stands along the axis: `argmax` of x with its order turned round."""
    return _arg("argmin", opposite, x, axis, keepdims)


def _arg(name: str, turn: Callable[[Tensor], Tensor], x: Any, axis: int | None, keepdims: bool) -> Tensor:
    x = as_tensor(x)
    flat, at = (flatten(x), 0) if axis is None else (x, axis_of(name, axis, x.ndim))
    _count(name, x, axis)
    y = apply(argmax_p, turn(flat), axis=at)
    return reshape(y, _keep(x, axes_of(name, axis, x.ndim))) if keepdims else y


argmax_p = Primitive(
    "argmax",
    spec=lambda x, *, axis: (tuple(n for a, n in enumerate(x.shape) if a != axis), np.dtype("int64")),
    value=lambda x, *, axis: np.argmax(x, axis),
)
