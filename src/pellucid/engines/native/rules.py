"""How each primitive becomes kernel calls: shapes, reductions, products, indices, random numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from pellucid.engines.native.lower import Lowering, rule
from pellucid.engines.native.memory import View, contiguous_strides, merged_axes
from pellucid.graph import Node, Shape


@rule("reshape")
def _reshape(low: Lowering, node: Node, x: View) -> View:
    view = x.reshape(node.shape)
    return view if view is not None else low.ordered(x).reshape(node.shape)  # type: ignore[return-value]


@rule("transpose")
def _transpose(low: Lowering, node: Node, x: View) -> View:
    return x.transpose(node.options["axes"])


@rule("broadcast_to")
def _broadcast(low: Lowering, node: Node, x: View) -> View:
    return x.broadcast_to(node.shape)


@rule("slice")
def _slice(low: Lowering, node: Node, x: View) -> View:
    return x.slice(node.options["slices"])


@rule("unslice")
def _unslice(low: Lowering, node: Node, g: View) -> View:
    y = _filled(low, node, 0)
    low.copy(g, y.slice(node.options["slices"]))
    return y


@rule("pad")
def _pad(low: Lowering, node: Node, x: View) -> View:
    widths = node.options["widths"]
    starts = [(max(-before, 0), max(-after, 0)) for before, after in widths]
    kept = x.slice([(b, n - b - a, 1) for n, (b, a) in zip(x.shape, starts, strict=True)])
    if kept.shape == node.shape:
        return kept
    y = _filled(low, node, node.options["value"])
    low.copy(kept, y.slice([(max(b, 0), n, 1) for n, (b, _) in zip(kept.shape, widths, strict=True)]))
    return y


def _filled(low: Lowering, node: Node, value: float) -> View:
    return fill(low, low.new(node.shape, node.dtype), value)


def fill(low: Lowering, y: View, value: float) -> View:
    """y with `value` everywhere."""
    bits = int.from_bytes(np.array(value, y.dtype).tobytes(), "little", signed=y.dtype.itemsize == 8)
    if y.size:
        low.emit(f"fill_{y.dtype.itemsize}", [y], [], [bits, 1, y.size, 1], y.size)
    return y


@rule("concatenate")
def _concatenate(low: Lowering, node: Node, *parts: View) -> View:
    y, axis, start = low.new(node.shape, node.dtype), node.options["axis"], 0
    for part in parts:
        at = [(start, part.shape[a], 1) if a == axis else (0, n, 1) for a, n in enumerate(node.shape)]
        low.copy(part, y.slice(at))
        start += part.shape[axis]
    return y


@rule("sum", "max")
def _reduce(low: Lowering, node: Node, x: View) -> View:
    axes = node.options["axes"]
    name = "reduce_" + node.primitive.name if node.primitive else ""
    y = low.new(node.shape, node.dtype)
    kept = [a for a in range(len(x.shape)) if a not in axes]
    return _reduction(low, f"{name}_{x.dtype}", y, x, kept, axes)


@rule("argmax")
def _argmax(low: Lowering, node: Node, x: View) -> View:
    axis = node.options["axis"]
    kept = [a for a in range(len(x.shape)) if a != axis]
    return _reduction(low, f"argmax_{x.dtype}", low.new(node.shape, node.dtype), x, kept, [axis])


def _reduction(low: Lowering, kernel: str, y: View, x: View, kept: Sequence[int], axes: Sequence[int]) -> View:
    kept_sizes, (y_strides, x_strides) = merged_axes(y.shape, [y.strides, tuple(x.strides[a] for a in kept)])
    sizes, (strides,) = merged_axes([x.shape[a] for a in axes], [tuple(x.strides[a] for a in axes)])
    numbers = [len(kept_sizes), *(n for axis in zip(kept_sizes, y_strides, x_strides, strict=True) for n in axis)]
    numbers += [len(sizes), *(n for axis in zip(sizes, strides, strict=True) for n in axis)]
    low.emit(kernel, [y], [x], numbers, x.size)
    return y


@rule("matmul")
def _matmul(low: Lowering, node: Node, x: View, w: View) -> View:
    return _product(low, f"matmul_{node.dtype}", low.new(node.shape, node.dtype), x, w, [], [])


@rule("matmul_update")
def _matmul_update(low: Lowering, node: Node, x: View, v: View, w: View, *scale: View) -> View:
    y, w = low.new(node.shape, node.dtype), low.ordered(w)
    return _product(low, f"matmul_update_{node.dtype}", y, x, v, [w, *scale], [node.options["sign"], len(scale)])


def _product(
    low: Lowering, kernel: str, y: View, x: View, w: View, others: Sequence[View], numbers: Sequence[int]
) -> View:
    sizes, (y_stack, x_stack, w_stack) = merged_axes(y.shape[:-2], [v.strides[:-2] for v in (y, x, w)])
    if len(sizes) > 1:  # the kernel counts one stack
        x, w = low.ordered(x), low.ordered(w)
        sizes, (y_stack, x_stack, w_stack) = merged_axes(y.shape[:-2], [v.strides[:-2] for v in (y, x, w)])
    stack = [math.prod(sizes), *((s[0] if s else 0) for s in (y_stack, x_stack, w_stack))]
    rows, columns, depth = *y.shape[-2:], x.shape[-1]
    sizes = [stack[0], rows, columns, depth]
    for step, view in zip(stack[1:], (y, x, w), strict=True):
        sizes += [step, *view.strides[-2:]]
    low.emit(kernel, [y], [x, w, *others], [*sizes, *numbers], 2 * y.size * depth)
    return y


# ---- indices


@rule("gather")
def _gather(low: Lowering, node: Node, x: View, *indices: View) -> View:
    x, y = low.ordered(x), low.new(node.shape, node.dtype)
    n, numbers = _index_numbers(x.shape, indices)
    low.emit(f"gather_{x.dtype.itemsize}", [y], [x, *map(low.ordered, indices)], [n, *numbers], y.size)
    return y


@rule("scatter_add")
def _scatter_add(low: Lowering, node: Node, g: View, *indices: View) -> View:
    x = low.new(node.shape, node.dtype)
    n, numbers = _index_numbers(x.shape, indices)
    reads = [low.ordered(g), *map(low.ordered, indices)]
    low.emit(f"scatter_add_{node.dtype}", [x], reads, [n, *numbers, x.size], g.size + x.size)
    return x


def _index_numbers(x: Shape, indices: Sequence[View]) -> tuple[int, list[int]]:
    """How many places; then the count of indices, size and stride of each one's axis, and the block behind them."""
    k, strides = len(indices), contiguous_strides(x)
    axes = [n for a in range(k) for n in (x[a], strides[a])]
    return indices[0].size, [k, *axes, math.prod(x[k:])]


@rule("take_along_axis")
def _take_along_axis(low: Lowering, node: Node, x: View, indices: View) -> View:
    y, axis = low.new(node.shape, node.dtype), node.options["axis"]
    numbers = _along_numbers(node.shape, axis, x.shape[axis])
    low.emit(f"take_along_axis_{x.dtype.itemsize}", [y], [low.ordered(x), low.ordered(indices)], numbers, y.size)
    return y


@rule("scatter_add_along_axis")
def _scatter_add_along_axis(low: Lowering, node: Node, g: View, indices: View) -> View:
    x, axis = low.new(node.shape, node.dtype), node.options["axis"]
    numbers = _along_numbers(g.shape, axis, node.options["size"])
    low.emit(
        f"scatter_add_along_axis_{node.dtype}", [x], [low.ordered(g), low.ordered(indices)], numbers, x.size + g.size
    )
    return x


def _along_numbers(indices: Shape, axis: int, size: int) -> list[int]:
    return [math.prod(indices[:axis]), size, indices[axis], math.prod(indices[axis + 1 :])]


@rule("scatter")
def _scatter(low: Lowering, node: Node, x: View, values: View, places: View) -> View:
    y = low.new(node.shape, node.dtype)
    reads = [low.ordered(x), low.ordered(values), low.ordered(places)]
    low.emit(f"scatter_{node.dtype.itemsize}", [y], reads, [y.size, values.size], y.size)
    return y


@rule("random_uniform")
def _random_uniform(low: Lowering, node: Node, state: View) -> View:
    y = low.new(node.shape, node.dtype)
    low.emit(f"random_uniform_{node.dtype}", [y], [low.ordered(state)], [y.size], 8 * y.size)
    return y


# ---- softmax

SOFTMAX_OUTPUTS = ("log_softmax", "softmax", "log_softmax_chosen")  # in the kernel's order


@rule(*SOFTMAX_OUTPUTS)
def _softmax(low: Lowering, node: Node, x: View, *index: View) -> View:
    """One line for all that is asked for of the same x, where it can be."""
    axis, bit = node.options["axis"], 1 << SOFTMAX_OUTPUTS.index(node.primitive.name if node.primitive else "")
    order, x = _rows_along(low, x, axis)
    y, columns = low.new(node.shape, node.dtype, order), x.shape[axis]
    reads = [x, *(low.ordered(i, order) for i in index)]
    kernel, numbers = f"softmax_{node.dtype}", (x.size // max(columns, 1), columns, columns, bit)
    low.emit(kernel, [y], reads, numbers, 20 * x.size)
    for i, line in enumerate(low.lines[:-1]):
        if line.kernel == kernel and _same(line.reads[0], x) and not line.numbers[-1] & bit:
            return _joined(low, i, y, bit, bool(index))
    return y


def _joined(low: Lowering, i: int, y: View, bit: int, later: bool) -> View:
    """The last line, which writes y only, joins line i: there, or here where it reads what is made later."""
    line, last = low.lines[i], low.lines[-1]
    made = [view.buffer for view in line.writes]
    if later and any(view.buffer in made for between in low.lines[i:] for view in between.reads):
        return y
    at = (line.numbers[-1] & (bit - 1)).bit_count()
    both = replace(
        line,
        writes=(*line.writes[:at], y, *line.writes[at:]),
        reads=(*line.reads, *last.reads[1:]),
        numbers=(*line.numbers[:-1], line.numbers[-1] | bit),
        what=f"{line.what} {last.what}",
    )
    low.lines[i if not later else -1] = both
    del low.lines[i if later else -1]
    return y


@rule("softmax_gradient", "log_softmax_gradient", "chosen_gradient")
def _softmax_gradient(low: Lowering, node: Node, *reads: View) -> View:
    order = _order_along(len(node.shape), node.options["axis"])
    y = low.new(node.shape, node.dtype, order)
    columns = node.shape[node.options["axis"]]
    name = f"{node.primitive.name if node.primitive else ''}_{node.dtype}"
    low.emit(name, [y], [low.ordered(x, order) for x in reads], [y.size // max(columns, 1), columns], 4 * y.size)
    return y


def _order_along(rank: int, axis: int) -> list[int]:
    return [a for a in range(rank) if a != axis] + [axis]


def _rows_along(low: Lowering, x: View, axis: int) -> tuple[list[int], View]:
    """x, or the copy of it that there is already or is made now, as rows along the axis; and the order of its axes."""
    order = _order_along(len(x.shape), axis)
    if x.is_contiguous(order):
        return order, x
    for line in low.lines:
        if line.kernel.startswith("copy_") and _same(line.reads[0], x) and line.writes[0].is_contiguous(order):
            return order, line.writes[0]
    return order, low.ordered(x, order)


def _same(x: View, other: View) -> bool:
    """Whether both are the same numbers."""
    place = (x.buffer, x.offset, x.dtype, x.shape, x.strides)
    return place == (other.buffer, other.offset, other.dtype, other.shape, other.strides)
