"""Lower: groups of nodes become lines of a plan, a kernel call each.

`Lowering` knows where every value lies and collects the lines. For each primitive a rule (in `rules.py` and
`image_rules.py`) says which kernel computes it from what; a group of elementwise nodes becomes a program
(`programs.py`). A reshape, transpose, broadcast or slice is another View of the same memory and no line at all.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from pellucid.engines.native.cost import CALL, EACH, EACH_PRODUCT
from pellucid.engines.native.memory import Buffer, Space, View, contiguous_strides, merged_axes
from pellucid.graph import Graph, Node, Shape

PRODUCTS = ("matmul", "conv2d_float", "conv2d_input_gradient_float", "conv2d_weight_gradient_partial")

Rule = Callable[..., View]
RULES: dict[str, Rule] = {}
# Of what sums over rows in a way of its own: what makes the part of a block, and what makes the result of all parts.
PARTS: dict[str, tuple[Rule, Callable[..., View]]] = {}


def rule(*names: str) -> Callable[[Rule], Rule]:
    """Enter a function (lowering, node, *views of the inputs) → view of the output."""

    def enter(function: Rule) -> Rule:
        for name in names:
            RULES[name] = function
        return function

    return enter


@dataclass(frozen=True)
class Line:
    """One kernel call: what it writes, what it reads, and the numbers that the kernel's file explains."""

    kernel: str
    writes: tuple[View, ...]
    reads: tuple[View, ...]
    numbers: tuple[int, ...]
    work: int  # elementary operations, roughly
    what: str  # the nodes that it computes, for people

    @property
    def cost(self) -> float:
        """Nanoseconds on one core, to a factor of two or so."""
        return CALL + self.work * (EACH_PRODUCT if self.kernel.startswith(PRODUCTS) else EACH)

    def may_overwrite(self, view: View) -> bool:
        """Whether the line may write where it reads this view: it is done with each number before it writes there."""
        if self.kernel.startswith("matmul_update"):
            return not any(view is x for x in self.reads[:2])
        return self.kernel == "elementwise"

    @property
    def views(self) -> tuple[View, ...]:
        return self.writes + self.reads


class Lowering:
    """A graph on its way to a plan: the views of its nodes, and the lines of the task that is being made."""

    def __init__(self, graph: Graph) -> None:
        self.views: dict[int, View] = {}
        self.lines: list[Line] = []
        self.space = Space.ARENA  # where new memory is taken from
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
        """Fresh memory, with the axes in this order."""
        buffer = Buffer(self.space, _nbytes(shape, dtype))
        return View(buffer, dtype, shape, contiguous_strides(shape, order))

    def emit(
        self, kernel: str, writes: Sequence[View], reads: Sequence[View], numbers: Sequence[int], work: int
    ) -> None:
        self.lines.append(Line(kernel, tuple(writes), tuple(reads), tuple(map(int, numbers)), work, self.what))

    def taken(self) -> list[Line]:
        """The lines so far, which from now on are somebody else's."""
        lines, self.lines = self.lines, []
        return lines

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


def _whole(node: Node, buffer: Buffer) -> View:
    return View(buffer, node.dtype, node.shape, contiguous_strides(node.shape))


def _nbytes(shape: Shape, dtype: np.dtype) -> int:
    return math.prod(shape) * dtype.itemsize
