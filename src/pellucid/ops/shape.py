"""Operations that move numbers without changing them: reshape, transpose, broadcast, pad, concatenate, stack."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from operator import index
from typing import Any

import numpy as np

from pellucid.errors import ShapeError
from pellucid.graph import Primitive, Shape, Spec
from pellucid.operators import operation
from pellucid.tensor import Tensor, apply, as_tensor


def axes_of(name: str, axis: int | Sequence[int] | None, ndim: int) -> tuple[int, ...]:
    """The axes as non-negative numbers in ascending order; None means all.

    Raises: ShapeError for an axis that is not there or stands twice
    """
    given = tuple(range(ndim)) if axis is None else tuple(axis) if isinstance(axis, Iterable) else (axis,)
    axes = sorted(a % ndim for a in given if isinstance(a, int | np.integer) and -ndim <= a < ndim)
    if len(axes) != len(given) or len(set(axes)) != len(axes):
        raise ShapeError(
            f"{name}: axis={axis!r} does not fit {ndim} axes; give different numbers from {-ndim} to {ndim - 1}"
        )
    return tuple(axes)


def axis_of(name: str, axis: int, ndim: int) -> int:
    """The one axis as a non-negative number.

    Raises: ShapeError for an axis that is not there, or several
    """
    if not isinstance(axis, int | np.integer) or not -ndim <= axis < ndim:
        raise ShapeError(f"{name}: axis={axis!r} does not fit {ndim} axes; give one number from {-ndim} to {ndim - 1}")
    return int(axis % ndim)


def shape_of(name: str, shape: int | Sequence[int], least: int = 0) -> Shape:
    """The sizes of a Tensor's axes; a single number makes one axis.

    Raises: ShapeError when one is no whole number, or below `least`
    """
    sizes = tuple(shape) if isinstance(shape, Iterable) else (shape,)
    if not all(isinstance(n, int | np.integer) and n >= least for n in sizes):
        raise ShapeError(f"{name}: {shape!r} is no shape; give whole numbers from {least} on, such as (2, 3)")
    return tuple(map(int, sizes))


# ---- reshape


@operation
def reshape(x: Any, shape: int | Sequence[int]) -> Tensor:
    """The same numbers, in the same order, in another shape; one size may be -1 and is worked out.

    Gradient: x̄ = ȳ in x's shape
    Raises:   ShapeError when the number of elements differs

    >>> reshape([[1, 2], [3, 4]], -1)
    Tensor([1 2 3 4], int64)
    """
    x = as_tensor(x)
    full = _fill_in(x.shape, shape_of("reshape", shape, least=-1))
    return x if full == x.shape else apply(reshape_p, x, shape=full)


def _fill_in(shape: Shape, wanted: Shape) -> Shape:
    """`wanted` with its -1 worked out."""
    size, known = math.prod(shape), math.prod(n for n in wanted if n != -1)
    if wanted.count(-1) == 1 and known and size % known == 0:
        wanted = tuple(size // known if n == -1 else n for n in wanted)
    if math.prod(wanted) != size or any(n < 0 for n in wanted):
        raise ShapeError(f"reshape: {shape} has {size} elements, which do not make {wanted}")
    return wanted


reshape_p = Primitive(
    "reshape",
    spec=lambda x, *, shape: (shape, x.dtype),
    value=lambda x, *, shape: x.reshape(shape),
    gradients=[lambda g, y, x, *, shape: reshape(g, x.shape)],
)


@operation
def flatten(x: Any, start: int = 0, end: int = -1) -> Tensor:
    """The axes from `start` to `end` made one.

    >>> flatten(np.zeros((5, 2, 3)), 1).shape
    (5, 6)
    """
    x = as_tensor(x)
    if not x.shape:
        return reshape(x, (1,))
    first, last = axis_of("flatten", start, x.ndim), axis_of("flatten", end, x.ndim)
    return reshape(x, (*x.shape[:first], math.prod(x.shape[first : last + 1]), *x.shape[last + 1 :]))


@operation
def squeeze(x: Any, axis: int | Sequence[int] | None = None) -> Tensor:
    """Without the axes of size 1, or without those named.

    Raises: ShapeError when a named axis has another size
    """
    x = as_tensor(x)
    axes = axes_of("squeeze", axis, x.ndim)
    if axis is not None and any(x.shape[a] != 1 for a in axes):
        raise ShapeError(f"squeeze: axis={axis} of {x.shape} has another size than 1; only axes of size 1 can go")
    return reshape(x, [n for a, n in enumerate(x.shape) if a not in axes or n != 1])


@operation
def unsqueeze(x: Any, axis: int) -> Tensor:
    """With a new axis of size 1 at `axis`.

    >>> unsqueeze([1.0, 2.0], -1).shape
    (2, 1)
    """
    x = as_tensor(x)
    return _with_axis(x, axis_of("unsqueeze", axis, x.ndim + 1))


def _with_axis(x: Tensor, at: int) -> Tensor:
    return reshape(x, (*x.shape[:at], 1, *x.shape[at:]))


# ---- transpose


@operation
def transpose(x: Any, axes: Sequence[int] | None = None) -> Tensor:
    """The axes in another order; reversed when none is given.

    Gradient: x̄ = ȳ with the order undone
    Raises:   ShapeError when `axes` does not name each axis once

    >>> transpose(np.zeros((2, 3, 4)), (0, 2, 1)).shape
    (2, 4, 3)
    """
    x = as_tensor(x)
    backwards = range(x.ndim)[::-1]
    order = tuple(axis_of("transpose", a, x.ndim) for a in (backwards if axes is None else axes))
    if sorted(order) != list(range(x.ndim)):
        raise ShapeError(f"transpose: axes={axes} does not name each of the {x.ndim} axes of {x.shape} once")
    return x if order == tuple(range(x.ndim)) else apply(transpose_p, x, axes=order)


transpose_p = Primitive(
    "transpose",
    spec=lambda x, *, axes: (tuple(x.shape[a] for a in axes), x.dtype),
    value=lambda x, *, axes: x.transpose(axes),
    gradients=[lambda g, y, x, *, axes: transpose(g, tuple(int(a) for a in np.argsort(axes)))],
)


@operation
def swapaxes(x: Any, a: int, b: int) -> Tensor:
    """With two axes exchanged.

    >>> swapaxes(np.zeros((2, 3, 4)), 0, -1).shape
    (4, 3, 2)
    """
    x = as_tensor(x)
    a, b = axis_of("swapaxes", a, x.ndim), axis_of("swapaxes", b, x.ndim)
    order = list(range(x.ndim))
    order[a], order[b] = b, a
    return transpose(x, order)


# ---- broadcast


@operation
def broadcast_to(x: Any, shape: int | Sequence[int]) -> Tensor:
    """x repeated along new leading axes and along axes of size 1, until it has `shape`.

    Gradient: x̄ = ȳ summed over the repeated axes
    Raises:   ShapeError when x does not broadcast to `shape`

    >>> broadcast_to([1.0, 2.0], (3, 2)).shape
    (3, 2)
    """
    x, shape = as_tensor(x), shape_of("broadcast_to", shape)
    return x if x.shape == shape else apply(broadcast_to_p, x, shape=shape)


def _broadcast_spec(x: Spec, *, shape: Shape) -> tuple[Shape, np.dtype]:
    missing = len(shape) - len(x.shape)
    if missing < 0 or any(have not in (1, want) for have, want in zip(x.shape, shape[missing:], strict=True)):
        raise ShapeError(f"broadcast_to: {x.shape} does not broadcast to {shape}; only axes of size 1 are repeated")
    return shape, x.dtype


def _broadcast_gradient(g: Tensor, y: Tensor, x: Tensor, *, shape: Shape) -> Tensor:
    missing = len(shape) - x.ndim
    repeated = [missing + a for a, n in enumerate(x.shape) if n != shape[missing + a]]
    return reshape(g.sum((*range(missing), *repeated)), x.shape)


broadcast_to_p = Primitive(
    "broadcast_to",
    spec=_broadcast_spec,
    value=lambda x, *, shape: np.broadcast_to(x, shape),
    gradients=[_broadcast_gradient],
)


# ---- pad


@operation
def pad(x: Any, widths: Sequence[tuple[int, int]], value: float = 0.0) -> Tensor:
    """x with `value` around it: widths[a] = (before, after) for each axis; a negative width cuts off.

    Gradient: x̄ = the part of ȳ where x stood
    Raises:   ShapeError when there is not one pair for each axis, or more is cut off than there is

    >>> pad([1.0, 2.0], [(1, 2)])
    Tensor([0. 1. 2. 0. 0.], float32)
    """
    x = as_tensor(x)
    try:
        pairs = tuple((index(before), index(after)) for before, after in widths)
    except (TypeError, ValueError):
        pairs = ()
    if len(pairs) != x.ndim:
        raise ShapeError(
            f"pad: widths={widths!r} does not fit the {x.ndim} axes of {x.shape}; "
            "give whole numbers (before, after) for each axis"
        )
    return apply(pad_p, x, widths=pairs, value=value) if any(p != (0, 0) for p in pairs) else x


def _pad_spec(x: Spec, *, widths: tuple[tuple[int, int], ...], value: float) -> tuple[Shape, np.dtype]:
    shape = tuple(n + before + after for n, (before, after) in zip(x.shape, widths, strict=True))
    if any(n < 0 for n in shape):
        raise ShapeError(f"pad: widths {widths} cut more off {x.shape} than there is")
    return shape, x.dtype


def _pad_value(x: np.ndarray, *, widths: tuple[tuple[int, int], ...], value: float) -> np.ndarray:
    grown = [(max(before, 0), max(after, 0)) for before, after in widths]
    y = np.pad(x, grown, constant_values=value)
    cut = tuple(slice(max(-b, 0), n - max(-a, 0)) for n, (b, a) in zip(y.shape, widths, strict=True))
    return y[cut]


pad_p = Primitive(
    "pad",
    spec=_pad_spec,
    value=_pad_value,
    gradients=[lambda g, y, x, *, widths, value: pad(g, [(-before, -after) for before, after in widths])],
)


# ---- join


@operation
def concatenate(tensors: Sequence[Any], axis: int = 0) -> Tensor:
    """The Tensors one after the other along an axis that is there.

    Gradient: x̄ᵢ = the part of ȳ where xᵢ stands
    Raises:   ShapeError when there is none, or the other axes differ

    >>> concatenate([[1.0], [2.0, 3.0]])
    Tensor([1. 2. 3.], float32)
    """
    if len(tensors) == 0:
        raise ShapeError("concatenate: got no Tensors; give one at least")
    parts = [as_tensor(x) for x in tensors]
    if not parts[0].shape:
        raise ShapeError("concatenate: numbers have no axis to be joined along; stack() makes one")
    return apply(concatenate_p, *parts, axis=axis_of("concatenate", axis, parts[0].ndim))


def _concatenate_spec(*parts: Spec, axis: int) -> tuple[Shape, np.dtype]:
    first = parts[0]
    for part in parts[1:]:
        rest, wanted = list(part.shape), list(first.shape)
        if len(rest) == len(wanted):
            rest[axis] = wanted[axis] = 0
        if rest != wanted or part.dtype != first.dtype:
            raise ShapeError(
                f"concatenate: {first.shape} {first.dtype} and {part.shape} {part.dtype} do not fit along axis {axis}; "
                "the dtypes and all other axes must agree"
            )
    shape = list(first.shape)
    shape[axis] = sum(part.shape[axis] for part in parts)
    return tuple(shape), first.dtype


def _concatenate_gradient(position: int, g: Tensor, y: Tensor, *parts: Tensor, axis: int) -> Tensor:
    start = sum(part.shape[axis] for part in parts[:position])
    stop = start + parts[position].shape[axis]
    return pad(g, [(-start, stop - y.shape[axis]) if a == axis else (0, 0) for a in range(g.ndim)])


concatenate_p = Primitive(
    "concatenate",
    spec=_concatenate_spec,
    value=lambda *parts, axis: np.concatenate(parts, axis),
    gradients=_concatenate_gradient,
)


@operation
def stack(tensors: Sequence[Any], axis: int = 0) -> Tensor:
    """The Tensors, all of one shape and dtype, side by side along a new axis.

    Raises: ShapeError when there is none, or they differ

    >>> stack([[1.0, 2.0], [3.0, 4.0]], 1)
    Tensor([[1. 3.]
            [2. 4.]], float32)
    """
    if len(tensors) == 0:
        raise ShapeError("stack: got no Tensors; give one at least")
    parts = [as_tensor(x) for x in tensors]
    kinds = dict.fromkeys(f"{part.shape} {part.dtype}" for part in parts)
    if len(kinds) > 1:
        raise ShapeError(f"stack: got {' and '.join(kinds)}; all must be the same")
    at = axis_of("stack", axis, parts[0].ndim + 1)
    return concatenate([_with_axis(part, at) for part in parts], at)
