"""Indexing by NumPy's rules, gathering by indices and its inverse, scattering; one-hot rows.

Indices are int64 (or int32). In what users call, negative ones count from the end; the primitives take those from
0 to n - 1 only, and refuse any other when they run.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from pellucid.errors import DTypeError, RangeError, ShapeError
from pellucid.graph import Primitive, Shape, Spec
from pellucid.operators import operation
from pellucid.ops.common import common_shape
from pellucid.ops.comparison import where
from pellucid.ops.dtype import cast
from pellucid.ops.shape import axis_of, broadcast_to, flatten, reshape, transpose
from pellucid.tensor import Tensor, apply, as_tensor, context, fitted

Slice = tuple[int, int, int]  # start, count, step


@operation
def index(x: Any, key: Any) -> Tensor:
    """x[key], for integers, slices, None, ..., arrays of integers and arrays of bools, by NumPy's rules.

    Gradient: x̄ = ȳ put back where it came from, added up where an element was taken more than once
    Raises:   RangeError outside of x, or when there are more indices than axes; DTypeError for any other key

    >>> index([[1, 2, 3], [4, 5, 6]], (slice(None), [0, -1]))
    Tensor([[1 3]
            [4 6]], int64)
    """
    x = as_tensor(x)
    parts = _expand(x, key)
    if any(isinstance(part, Tensor) for part in parts):  # beside an array, an integer is an array too (NumPy)
        parts = [Tensor(part) if isinstance(part, int) else part for part in parts]
    axes = [part for part in parts if part is not None]
    slices = [_slice(part, n, x.shape) for part, n in zip(axes, x.shape, strict=True)]
    if any(s != (0, n, 1) for s, n in zip(slices, x.shape, strict=True)):
        x = apply(slice_p, x, slices=tuple(slices))
    sizes = [1 if part is None else next_size for part, next_size in _with_sizes(parts, x.shape)]
    x = reshape(x, [n for part, n in zip(parts, sizes, strict=True) if not isinstance(part, int)])
    return _gather_axes(x, [part for part in parts if not isinstance(part, int)])


def _with_sizes(parts: list[Any], shape: Shape) -> list[tuple[Any, int]]:
    sizes = iter(shape)
    return [(part, 1 if part is None else next(sizes)) for part in parts]


def _expand(x: Tensor, key: Any) -> list[Any]:
    """The key as a list: int, slice, None, or a Tensor of indices; one entry that is not None for each axis of x."""
    parts: list[Any] = []
    masks: list[tuple[Tensor, Shape]] = []
    for part in key if isinstance(key, tuple) else (key,):
        chosen = _mask(part)
        if chosen is not None:
            parts.extend(Tensor(i) for i in np.nonzero(chosen))
            masks.append((parts[-chosen.ndim], chosen.shape))
        else:
            parts.append(_part(part))
    named = sum(part is not None and part is not Ellipsis for part in parts)
    if named > x.ndim:
        raise RangeError(f"index: {named} indices for the {x.ndim} axes of {x.shape}")
    if sum(part is Ellipsis for part in parts) > 1:
        raise RangeError("index: more than one ... in an index; one at most says where the other axes are")
    at = next((i for i, part in enumerate(parts) if part is Ellipsis), len(parts))
    parts = parts[:at] + [slice(None)] * (x.ndim - named) + parts[at + 1 :]
    axes = [id(part) for part in parts if part is not None]
    for first, shape in masks:
        axis = axes.index(id(first))
        if x.shape[axis : axis + len(shape)] != shape:
            raise RangeError(f"index: a mask of shape {shape} does not fit {x.shape} at axis {axis}; sizes must agree")
    return parts


def _mask(part: Any) -> np.ndarray | None:
    """A mask of bools as an array. How many it chooses must be known, so this looks at the values."""
    if isinstance(part, Tensor):
        return part.numpy() if part.dtype == bool else None
    mask = np.asarray(part) if isinstance(part, list | np.ndarray) else None
    return mask if mask is not None and mask.dtype == bool and mask.ndim else None


def _part(part: Any) -> Any:
    """An integer, slice, None, ... as it is, anything of integers as a Tensor."""
    if part is None or part is Ellipsis or isinstance(part, slice):
        return part
    if isinstance(part, int | np.integer) and not isinstance(part, bool):
        return int(part)
    if isinstance(part, list | np.ndarray | Tensor):
        part = as_tensor(np.asarray(part, np.int64) if isinstance(part, list) and not part else part)
        if part.dtype.kind in "iu":
            return part
    raise DTypeError(f"index: {part!r} is no index; give integers, slices, None, ..., or arrays of integers or bools")


def _slice(part: Any, n: int, shape: Shape) -> Slice:
    """What is to be cut out of an axis of size n."""
    if isinstance(part, Tensor):
        return 0, n, 1
    if isinstance(part, slice):
        start, stop, step = part.indices(n)
        return start, len(range(start, stop, step)), step
    if not -n <= part < n:
        raise RangeError(f"index: {part} is outside of an axis of size {n}; shape {shape}")
    return part % n, 1, 1


def _gather_axes(x: Tensor, parts: list[Any]) -> Tensor:
    """Take the Tensors of indices among `parts` from their axes of x."""
    axes = [a for a, part in enumerate(parts) if isinstance(part, Tensor)]
    if not axes:
        return x
    rest = [a for a in range(x.ndim) if a not in axes]
    y = gather(transpose(x, [*axes, *rest]), *(parts[a] for a in axes))
    taken = y.ndim - len(rest)
    if axes[-1] - axes[0] + 1 != len(axes):  # not side by side: the new axes stay in front (NumPy)
        return y
    order = [*range(taken, taken + axes[0]), *range(taken), *range(taken + axes[0], y.ndim)]
    return transpose(y, order)


def _slice_spec(x: Spec, *, slices: tuple[Slice, ...]) -> tuple[Shape, np.dtype]:
    return tuple(count for _, count, _ in slices), x.dtype


def _as_key(slices: tuple[Slice, ...]) -> tuple[slice, ...]:
    ends = [(start, start + count * step, step) for start, count, step in slices]
    return tuple(slice(start, stop if stop >= 0 else None, step) for start, stop, step in ends)


slice_p = Primitive(
    "slice",
    spec=_slice_spec,
    value=lambda x, *, slices: x[_as_key(slices)],
    gradients=[lambda g, y, x, *, slices: apply(unslice_p, g, slices=slices, shape=x.shape)],
)


def _unslice(y: np.ndarray, *, slices: tuple[Slice, ...], shape: Shape) -> np.ndarray:
    x = np.zeros(shape, y.dtype)
    x[_as_key(slices)] = y
    return x


unslice_p = Primitive(
    "unslice",
    spec=lambda y, *, slices, shape: (shape, y.dtype),
    value=_unslice,
    gradients=[lambda g, y, x, *, slices, shape: apply(slice_p, g, slices=slices)],
)


# ---- gather and scatter on the leading axes


@operation
def gather(x: Any, *indices: Any) -> Tensor:
    """x[i, j, ...]: elements (or blocks) of x by their indices on its leading axes, which broadcast.

    Gradient: x̄ = ȳ added into zeros at the same places
    Shapes:   x (A, B, rest), i and j (N,) → (N, rest)
    Raises:   RangeError for an index outside of x

    >>> gather([[1, 2], [3, 4]], [0, 1, 1], [1, 1, 0])
    Tensor([2 4 3], int64)
    """
    x = as_tensor(x)
    tensors = [_from_start("index", i, n) for i, n in zip(indices, x.shape, strict=False)]
    shape = common_shape("index", *(i.shape for i in tensors))
    return apply(gather_p, x, *(broadcast_to(i, shape) for i in tensors))


def _from_start(name: str, indices: Any, size: int) -> Tensor:
    """Indices as int64, the negative ones counted from the start.

    Raises: RangeError when one is outside; of indices without values (in a traced function), the primitive does
    """
    indices = cast(indices, "int64")
    if context.trace is None:
        values = indices.numpy()
        check_indices(name, values, size, -size)
        if not (values < 0).any():
            return indices
    return where(indices < 0, indices + size, indices)


def check_indices(name: str, indices: np.ndarray, size: int, least: int = 0) -> None:
    """Raises: RangeError naming the first index outside of least..size-1."""
    if indices.size and (indices.min() < least or indices.max() >= size):
        bad = indices[(indices < least) | (indices >= size)]
        raise RangeError(f"{name}: {bad[0]} is outside of an axis of size {size}")


def _gather_gradient(position: int, g: Tensor, y: Tensor, x: Tensor, *indices: Tensor) -> Tensor | None:
    return apply(scatter_add_p, g, *indices, shape=x.shape) if position == 0 else None


def _gather(x: np.ndarray, *indices: np.ndarray) -> np.ndarray:
    for i, size in zip(indices, x.shape, strict=False):
        check_indices("index", i, size)
    return x[indices]


gather_p = Primitive(
    "gather",
    spec=lambda x, *indices: (indices[0].shape + x.shape[len(indices) :], x.dtype),
    value=_gather,
    gradients=_gather_gradient,
)


def _scatter_add(g: np.ndarray, *indices: np.ndarray, shape: Shape) -> np.ndarray:
    x = np.zeros(shape, g.dtype)
    np.add.at(x, indices, g)
    return x


def _scatter_add_gradient(
    position: int, g: Tensor, y: Tensor, x: Tensor, *indices: Tensor, shape: Shape
) -> Tensor | None:
    return apply(gather_p, g, *indices) if position == 0 else None


scatter_add_p = Primitive(
    "scatter_add",
    spec=lambda g, *indices, shape: (shape, g.dtype),
    value=_scatter_add,
    gradients=_scatter_add_gradient,
)


# ---- along one axis


@operation
def take_along_axis(x: Any, indices: Any, axis: int) -> Tensor:
    """For each place in the other axes, the elements of x at `indices` along `axis`.

    Gradient: x̄ = ȳ added into zeros at the same places
    Shapes:   x and indices agree but for `axis` → like indices
    Raises:   ShapeError when they do not; RangeError for an index outside

    >>> take_along_axis([[1.0, 2.0], [3.0, 4.0]], [[1], [0]], 1)
    Tensor([[2.]
            [3.]], float32)
    """
    x = as_tensor(x)
    at = axis_of("take_along_axis", axis, x.ndim)
    return apply(take_along_axis_p, x, _from_start("take_along_axis", indices, x.shape[at]), axis=at)


def _along_spec(x: Spec, indices: Spec, *, axis: int) -> tuple[Shape, np.dtype]:
    if _without(x.shape, axis) != _without(indices.shape, axis):
        raise ShapeError(f"take_along_axis: x {x.shape} and indices {indices.shape} must agree but for axis {axis}")
    return indices.shape, x.dtype


def _without(shape: Shape, axis: int) -> Shape:
    return shape[:axis] + shape[axis + 1 :]


def _take_along(x: np.ndarray, indices: np.ndarray, *, axis: int) -> np.ndarray:
    check_indices("take_along_axis", indices, x.shape[axis])
    return np.take_along_axis(x, indices, axis)


take_along_axis_p = Primitive(
    "take_along_axis",
    spec=_along_spec,
    value=_take_along,
    gradients=[
        lambda g, y, x, indices, *, axis: apply(scatter_add_along_axis_p, g, indices, axis=axis, size=x.shape[axis])
    ],
)


def _resized(shape: Shape, axis: int, size: int) -> Shape:
    return (*shape[:axis], size, *shape[axis + 1 :])


def _scatter_along(g: np.ndarray, indices: np.ndarray, *, axis: int, size: int) -> np.ndarray:
    """Counted as one long histogram: several times faster than np.add.at, and summed in float64."""
    shape = _resized(g.shape, axis, size)
    places: list[Any] = list(np.indices(g.shape, sparse=True))
    places[axis] = indices
    flat = np.zeros(g.shape, np.int64)
    for place, n in zip(places, shape, strict=True):
        flat = flat * n + place
    return np.bincount(flat.ravel(), g.ravel(), math.prod(shape)).astype(g.dtype).reshape(shape)


scatter_add_along_axis_p = Primitive(
    "scatter_add_along_axis",
    spec=lambda g, indices, *, axis, size: (_resized(g.shape, axis, size), g.dtype),
    value=_scatter_along,
    gradients=[lambda g, y, x, indices, *, axis, size: apply(take_along_axis_p, g, indices, axis=axis)],
)


# ---- set


@operation
def index_set(x: Any, key: Any, value: Any) -> Tensor:
    """A copy of x with `value` at x[key]: what `x[key] = value` assigns.

    Gradient: x̄ = ȳ, 0 at the changed places; of the value: ȳ there
    Note:     a place that the key names twice takes the last value
    Raises:   as `index`; DTypeError when floats are put among integers, or an integer where it does not fit

    >>> index_set([1.0, 2.0, 3.0], slice(1, None), 0)
    Tensor([1. 0. 0.], float32)
    """
    x = as_tensor(x)
    places = index(Tensor(np.arange(x.size).reshape(x.shape)), key)
    values = broadcast_to(fitted("index_set", as_tensor(value, like=x), x.dtype), places.shape)
    return reshape(apply(scatter_p, flatten(x), flatten(values), flatten(places)), x.shape)


def _scatter(x: np.ndarray, values: np.ndarray, places: np.ndarray) -> np.ndarray:
    y = x.copy()
    y[places] = values
    return y


scatter_p = Primitive(
    "scatter",
    spec=lambda x, values, places: (x.shape, x.dtype),
    value=_scatter,
    gradients=[
        lambda g, y, x, v, places: apply(scatter_p, g, Tensor(np.zeros(v.shape, v.dtype)), places),
        lambda g, y, x, v, places: apply(gather_p, g, places),
    ],
)


# ---- one-hot


@operation
def one_hot(t: Any, classes: int, dtype: Any = "float32") -> Tensor:
    """A row for each label: 1 at the label, 0 elsewhere.

    Shapes: t (...) integers in 0..classes-1 → (..., classes)
    Raises: DTypeError when t is no integer; RangeError for a label outside (inside a compiled function: a row of 0)

    >>> one_hot([0, 2], 3)
    Tensor([[1. 0. 0.]
            [0. 0. 1.]], float32)
    """
    t = as_tensor(t)
    if t.dtype.kind not in "iu":
        raise DTypeError(f"one_hot: labels must be integers, got {t.dtype}; cast them with .to('int64')")
    check_labels("one_hot", t, classes)
    numbers = Tensor(np.arange(classes))
    return cast(reshape(cast(t, "int64"), (*t.shape, 1)) == numbers, dtype)


def check_labels(name: str, t: Tensor, classes: int) -> None:
    """Raises: RangeError naming the first label outside of 0..classes-1; labels in a traced function have no value."""
    if context.trace is None and t.size:
        labels = t.numpy()
        bad = np.argwhere((labels < 0) | (labels >= classes))
        if bad.size:
            place = tuple(int(i) for i in bad[0])
            where = place[0] if len(place) == 1 else place
            raise RangeError(
                f"{name}: label {labels[place]} at position {where} is not one of the {classes} classes "
                f"(0 to {classes - 1})"
            )
