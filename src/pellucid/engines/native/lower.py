"""Lower: groups of nodes become lines of a plan, a kernel call each.

`Lowering` knows where every value lies and collects the lines; the rules below say, for each primitive, which kernel
computes it from what. A reshape, transpose, broadcast or slice is another View of the same memory and no line at all.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pellucid.engines.native.memory import Buffer, Space, View, contiguous_strides, merged_axes
from pellucid.graph import Graph, Node, Shape

CHANNELS_LAST = (0, 2, 3, 1)  # how images (N, C, H, W) lie in memory inside a plan
WORTH_SHARING = 30_000  # elementary operations: below that, waking another thread costs more than it brings


@dataclass(frozen=True)
class Line:
    """One kernel call: what it writes, what it reads, and the numbers that the kernel's file explains."""

    kernel: str
    writes: tuple[View, ...]
    reads: tuple[View, ...]
    numbers: tuple[int, ...]
    work: int  # elementary operations, roughly: decides whether workers share it
    what: str  # the nodes that it computes, for people

    @property
    def views(self) -> tuple[View, ...]:
        return self.writes + self.reads


class Lowering:
    """A graph on its way to a plan: the views of its nodes, and the lines so far."""

    def __init__(self, graph: Graph) -> None:
        self.views: dict[int, View] = {}
        self.lines: list[Line] = []
        self.constants = bytearray()
        self.what = ""
        for index, node in enumerate(graph.inputs):
            self.views[node.order] = _whole(node, Buffer(Space.INPUT, _nbytes(node.shape, node.dtype), index))
        for node in graph.nodes:
            if node.primitive is None:
                self.views[node.order] = self._constant(node)

    def _constant(self, node: Node) -> View:
        assert node.value is not None, "a node without a primitive is an input or a constant"
        self.constants.extend(bytes(-len(self.constants) % 64))
        offset = len(self.constants)
        self.constants.extend(np.ascontiguousarray(node.value).tobytes())
        return _whole(node, Buffer(Space.CONSTANT, node.value.nbytes, offset=offset))

    def new(self, shape: Shape, dtype: np.dtype, order: Sequence[int] | None = None) -> View:
        """Fresh memory in the arena, with the axes in this order."""
        buffer = Buffer(Space.ARENA, _nbytes(shape, dtype))
        return View(buffer, dtype, shape, contiguous_strides(shape, order))

    def emit(
        self, kernel: str, writes: Sequence[View], reads: Sequence[View], numbers: Sequence[int], work: int
    ) -> None:
        self.lines.append(Line(kernel, tuple(writes), tuple(reads), tuple(map(int, numbers)), work, self.what))

    def copy(self, x: View, y: View) -> View:
        """y = x, element by element."""
        sizes, (y_strides, x_strides) = merged_axes(x.shape, [y.strides, x.strides])
        axes = [n for axis in zip(sizes, y_strides, x_strides, strict=True) for n in axis]
        if x.size:
            self.emit(f"copy_{x.dtype.itemsize}", [y], [x], [len(sizes), *axes], x.size)
        return y

    def ordered(self, x: View, order: Sequence[int] | None = None) -> View:
        """x itself where its axes lie in this order without gaps; else a copy that does."""
        return x if x.is_contiguous(order) else self.copy(x, self.new(x.shape, x.dtype, order))

    def group(self, nodes: Sequence[Node], wanted: Callable[[Node], bool]) -> None:
        """The lines of one group of nodes."""
        self.what = " ".join(node.primitive.name for node in nodes if node.primitive)
        if nodes[0].primitive is not None and nodes[0].primitive.name in RULES:
            (node,) = nodes
            self.views[node.order] = RULES[node.primitive.name](self, node, *(self.views[x.order] for x in node.inputs))
        else:
            from pellucid.engines.native.programs import lower_program

            lower_program(self, nodes, wanted)


def _whole(node: Node, buffer: Buffer) -> View:
    return View(buffer, node.dtype, node.shape, contiguous_strides(node.shape))


def _nbytes(shape: Shape, dtype: np.dtype) -> int:
    return math.prod(shape) * dtype.itemsize


# ---- the rules, one a primitive

Rule = Callable[..., View]
RULES: dict[str, Rule] = {}


def rule(*names: str) -> Callable[[Rule], Rule]:
    """Enter a function (lowering, node, *views of the inputs) → view of the output."""

    def enter(function: Rule) -> Rule:
        for name in names:
            RULES[name] = function
        return function

    return enter


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
    y = low.new(node.shape, node.dtype)
    bits = int.from_bytes(np.array(value, node.dtype).tobytes(), "little", signed=node.dtype.itemsize == 8)
    if y.size:
        low.emit(f"fill_{node.dtype.itemsize}", [y], [], [bits, 1, y.size, 1], y.size)
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
    y = low.new(node.shape, node.dtype)
    sizes, (y_stack, x_stack, w_stack) = merged_axes(y.shape[:-2], [v.strides[:-2] for v in (y, x, w)])
    if len(sizes) > 1:  # the kernel counts one stack
        x, w = low.ordered(x), low.ordered(w)
        sizes, (y_stack, x_stack, w_stack) = merged_axes(y.shape[:-2], [v.strides[:-2] for v in (y, x, w)])
    stack = [math.prod(sizes), *((s[0] if s else 0) for s in (y_stack, x_stack, w_stack))]
    rows, columns, depth = *y.shape[-2:], x.shape[-1]
    numbers = [stack[0], rows, columns, depth]
    for step, view in zip(stack[1:], (y, x, w), strict=True):
        numbers += [step, *view.strides[-2:]]
    low.emit(f"matmul_{node.dtype}", [y], [x, w], [*numbers, 0, 0], 2 * y.size * depth)
    return y


# ---- images


def _images(low: Lowering, x: View) -> View:
    return low.ordered(x, CHANNELS_LAST)


def _new_images(low: Lowering, node: Node) -> View:
    return low.new(node.shape, node.dtype, CHANNELS_LAST)


def _window_numbers(x: Shape, y: Shape, kernel: Sequence[int], options: Any) -> list[int]:
    """N, H, W, C, OH, OW, ... as the kernels of images have them."""
    (top, _), (left, _) = options["padding"]
    return [*kernel, *options["stride"], top, left, *options.get("dilation", (1, 1))]


def _conv_numbers(x: Shape, w: Shape, y: Shape, options: Any) -> tuple[list[int], int]:
    sizes = [x[0], x[2], x[3], x[1], y[2], y[3], y[1]]
    numbers = [*sizes, *_window_numbers(x, y, w[2:], options), options["groups"]]
    return numbers, 2 * math.prod(y) * math.prod(w[1:])


@rule("conv2d")
def _conv2d(low: Lowering, node: Node, x: View, w: View) -> View:
    y = _new_images(low, node)
    numbers, work = _conv_numbers(x.shape, w.shape, y.shape, node.options)
    low.emit(f"conv2d_{node.dtype}", [y], [_images(low, x), low.ordered(w)], numbers, work)
    return y


@rule("conv2d_input_gradient")
def _conv2d_input_gradient(low: Lowering, node: Node, g: View, w: View) -> View:
    x = _new_images(low, node)
    numbers, work = _conv_numbers(x.shape, w.shape, g.shape, node.options)
    low.emit(f"conv2d_input_gradient_{node.dtype}", [x], [_images(low, g), low.ordered(w)], numbers, work)
    return x


@rule("conv2d_weight_gradient")
def _conv2d_weight_gradient(low: Lowering, node: Node, x: View, g: View) -> View:
    w = low.new(node.shape, node.dtype)
    numbers, work = _conv_numbers(x.shape, w.shape, g.shape, node.options)
    low.emit(f"conv2d_weight_gradient_{node.dtype}", [w], [_images(low, x), _images(low, g)], numbers, work)
    return w


def _pool_numbers(x: Shape, y: Shape, options: Any) -> list[int]:
    return [x[0], x[2], x[3], x[1], y[2], y[3], *_window_numbers(x, y, options["kernel"], options)]


@rule("max_pool2d")
def _max_pool2d(low: Lowering, node: Node, x: View) -> View:
    y, position = _new_images(low, node), low.new(node.shape, np.dtype("uint8"), CHANNELS_LAST)
    low.emit(
        f"max_pool2d_{x.dtype}", [y, position], [_images(low, x)], _pool_numbers(x.shape, y.shape, node.options), 4 * x.size
    )
    return y


@rule("max_pool2d_position")
def _max_pool2d_position(low: Lowering, node: Node, x: View) -> View:
    numbers = tuple(_pool_numbers(x.shape, node.shape, node.options))
    for line in low.lines:  # made beside the values, where these are needed too
        if line.kernel == f"max_pool2d_{x.dtype}" and line.numbers == numbers and line.reads[0].buffer is x.buffer:
            return line.writes[1]
    y, position = low.new(node.shape, x.dtype, CHANNELS_LAST), _new_images(low, node)
    low.emit(f"max_pool2d_{x.dtype}", [y, position], [_images(low, x)], numbers, 4 * x.size)
    return position


@rule("max_pool2d_gradient")
def _max_pool2d_gradient(low: Lowering, node: Node, g: View, position: View) -> View:
    x = _new_images(low, node)
    numbers = _pool_numbers(x.shape, g.shape, node.options)
    low.emit(f"max_pool2d_gradient_{node.dtype}", [x], [_images(low, g), _images(low, position)], numbers, 4 * x.size)
    return x


@rule("max_pool2d_argmax")
def _max_pool2d_argmax(low: Lowering, node: Node, x: View) -> View:
    y = _new_images(low, node)
    numbers = _pool_numbers(x.shape, y.shape, node.options)
    low.emit(f"max_pool2d_argmax_{x.dtype}", [y], [_images(low, x)], numbers, 4 * x.size)
    return y


@rule("sum_pool2d")
def _sum_pool2d(low: Lowering, node: Node, x: View) -> View:
    y = _new_images(low, node)
    numbers = _pool_numbers(x.shape, y.shape, node.options)
    low.emit(f"sum_pool2d_{node.dtype}", [y], [_images(low, x)], numbers, 4 * x.size)
    return y


@rule("sum_unpool2d")
def _sum_unpool2d(low: Lowering, node: Node, g: View) -> View:
    x = _new_images(low, node)
    numbers = _pool_numbers(x.shape, g.shape, node.options)
    low.emit(f"sum_unpool2d_{node.dtype}", [x], [_images(low, g)], numbers, 4 * x.size)
    return x


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


@rule("im2col")
def _im2col(low: Lowering, node: Node, x: View) -> View:
    raise NotImplementedError


