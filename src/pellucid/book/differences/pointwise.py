"""Rules for primitives that treat most axes alike: each place by itself, or along a few axes.

Along an axis with an Index such a primitive is applied to the changed places only.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from pellucid.book.differences.forms import Added, Form, Index, element, loosened, place_of, rest_of, taken
from pellucid.book.differences.walk import ROW, UnsplitError, Walk, primitive_of
from pellucid.graph import Node
from pellucid.ops.common import same, truth
from pellucid.ops.comparison import where_p
from pellucid.ops.dtype import cast_p
from pellucid.ops.reduction import sum as sum_of
from pellucid.ops.shape import broadcast_to, reshape, transpose
from pellucid.tensor import Tensor, apply

# Along which axes a primitive looks at other places than the one it computes.
LOCAL: Mapping[str, Callable[[Node], Any]] = {
    "max": lambda node: node.options["axes"],
    "argmax": lambda node: (node.options["axis"],),
    "take_along_axis": lambda node: (node.options["axis"],),
    "scatter_add_along_axis": lambda node: (node.options["axis"],),
    "concatenate": lambda node: (node.options["axis"],),
    "pad": lambda node: [a for a, widths in enumerate(node.options["widths"]) if widths != (0, 0)],
    "slice": lambda node: [
        a for a, part in enumerate(node.options["slices"]) if part != (0, node.inputs[0].shape[a], 1)
    ],
    "unslice": lambda node: [a for a, part in enumerate(node.options["slices"]) if part != (0, node.shape[a], 1)],
}


def is_pointwise(node: Node) -> bool:
    primitive = primitive_of(node)
    return primitive.spec in (same, truth) or primitive in (where_p, cast_p) or primitive.name in LOCAL


def pointwise(walk: Walk, node: Node) -> Form | Added:
    """The primitive itself, on the values of its inputs at the same places."""
    primitive = primitive_of(node)
    if any(isinstance(walk.forms.get(x.order), Added) for x in node.inputs):
        return _added(walk, node)
    local = LOCAL[primitive.name](node) if primitive.name in LOCAL else ()
    index, values = walk.aligned(node, local)
    value = apply(primitive, *values, **_options(node, index, walk.count))
    return Form(_without(index, _dropped(node)), value)


def _dropped(node: Node) -> tuple[int, ...]:
    """The axes of the input that the output does not have."""
    primitive = primitive_of(node)
    name, options = primitive.name, node.options
    return options["axes"] if name in ("max", "sum") else (options["axis"],) if name == "argmax" else ()


def _without(index: Mapping[int, Index], dropped: tuple[int, ...]) -> dict[int, Index]:
    return {a - sum(d < a for d in dropped): i for a, i in index.items() if a not in dropped}


def _options(node: Node, index: Mapping[int, Index], count: int) -> dict[str, Any]:
    """The options for a value (K, *rest) in the place of the whole."""

    def rest(parts: Any, first: Any) -> tuple[Any, ...]:
        return (first, *(part for a, part in enumerate(parts) if a not in index))

    change: dict[str, Callable[[Any], Any]] = {
        "axis": lambda axis: place_of(axis, index),
        "axes": lambda axes: tuple(place_of(a, index) for a in axes),
        "widths": lambda widths: rest(widths, (0, 0)),
        "slices": lambda slices: rest(slices, (0, count, 1)),
        "shape": lambda shape: rest(shape, count),
    }
    return {key: change[key](value) if key in change else value for key, value in node.options.items()}


def _added(walk: Walk, node: Node) -> Added:
    """What is linear in one number is so in what the parts add to it."""
    primitive = primitive_of(node)
    name, forms = primitive.name, [walk.forms.get(x.order) for x in node.inputs]
    given = [form.value for form in forms if isinstance(form, Added)]
    fixed = [
        reshape(walk.taken(x, {}), (walk.count,)) for x, form in zip(node.inputs, forms, strict=True) if form is None
    ]
    if len(given) == 1 and len(fixed) == len(forms) - 1:
        first = isinstance(forms[0], Added)
        if name == "negative" or (name == "subtract" and not first):
            return Added(-given[0])
        if name in ("add", "subtract"):
            return Added(given[0])
        if name == "multiply" or (name == "divide" and first):
            return Added(apply(primitive, given[0], fixed[0]))
    raise UnsplitError


def total(walk: Walk, node: Node) -> Form | Added:
    """A sum; over an axis along which one place has changed, the change is added to the unperturbed sum."""
    (x,), axes = node.inputs, node.options["axes"]
    form = walk.form(x)
    assert form is not None, "a rule is asked where an input has changed"
    if not any(a in form.index for a in axes):
        return pointwise(walk, node)
    over = [a for a in axes if a not in form.index]
    unperturbed = Tensor._wrap(x) if not over else sum_of(Tensor._wrap(x), over)
    value = sum_of(form.value, [place_of(a, form.index) for a in over]) if over else form.value
    added = value - taken(unperturbed, _without(form.index, tuple(over)), walk.count)
    index = _without(form.index, axes)
    if form.holds(ROW) and not any(i.key == ROW for i in index.values()):
        if math.prod(node.shape) != 1:
            raise UnsplitError
        return Added(reshape(added, (walk.count,)))
    return Form(index, walk.taken(node, index) + added)


# ---- shapes


def reshaped(walk: Walk, node: Node) -> Form | Added:
    """An axis that keeps its size and what is before it keeps its Index; one element stays one element."""
    (x,), shape = node.inputs, node.shape
    found = walk.forms[x.order]
    if isinstance(found, Added):
        return found
    if math.prod(rest_of(x.shape, found.index)) == 1 and found.index:
        return _reshaped_element(walk, node, found)
    moved = {a: _same_axis(x.shape, shape, a) for a in found.index}
    form = loosened(found, Tensor._wrap(x), [a for a, to in moved.items() if to is None])
    index = {to: form.index[a] for a, to in moved.items() if to is not None}
    return Form(index, reshape(form.value, (walk.count, *rest_of(shape, index))))


def _same_axis(old: tuple[int, ...], new: tuple[int, ...], axis: int) -> int | None:
    """Which axis of the new shape is this axis of the old one."""
    before, size = math.prod(old[:axis]), old[axis]
    return next((b for b, n in enumerate(new) if n == size and math.prod(new[:b]) == before), None)


def _reshaped_element(walk: Walk, node: Node, form: Form) -> Form:
    (x,), shape = node.inputs, node.shape
    moved = {to: i for a, i in form.index.items() if (to := _same_axis(x.shape, shape, a)) is not None}
    if len(moved) == len(form.index) == sum(n != 1 for n in shape):
        return element(shape, moved, form.value)
    tables = []
    for a in range(len(x.shape)):
        table = form.index[a].table if a in form.index else np.zeros(1, np.int64)
        if table is None:
            raise UnsplitError
        tables.append(table)
    places = np.unravel_index(np.ravel_multi_index(np.broadcast_arrays(*tables), x.shape), shape)
    key = tuple((a, i.key) for a, i in form.index.items()), x.shape, shape
    index = {b: walk.index(("reshaped", key, b), places[b]) for b, n in enumerate(shape) if n != 1}
    return element(shape, index, form.value)


def transposed(walk: Walk, node: Node) -> Form:
    (x,), axes = node.inputs, node.options["axes"]
    form = walk.form(x)
    assert form is not None, "a rule is asked where an input has changed"
    index = {b: form.index[a] for b, a in enumerate(axes) if a in form.index}
    rest = [place_of(a, form.index) for a in axes if a not in form.index]
    return Form(index, transpose(form.value, (0, *rest)))


def broadcast(walk: Walk, node: Node) -> Form | Added:
    (x,), shape = node.inputs, node.shape
    form = walk.forms[x.order]
    if isinstance(form, Added):
        if math.prod(shape) != 1:
            raise UnsplitError
        return form
    before = len(shape) - len(x.shape)
    index = {before + a: i for a, i in form.index.items()}
    sizes = [1 if b < before else x.shape[b - before] for b in range(len(shape)) if b not in index]
    value = reshape(form.value, (walk.count, *sizes))
    return Form(index, broadcast_to(value, (walk.count, *rest_of(shape, index))))
