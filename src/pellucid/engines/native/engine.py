"""The native plan: a graph through the passes, into a list of kernel calls that C++ runs."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

import numpy as np

from pellucid.engines.native import image_rules, rules  # noqa: F401 - they enter their rules
from pellucid.engines.native.allocate import allocate
from pellucid.engines.native.explain import explain
from pellucid.engines.native.fuse import ELEMENTWISE, fuse
from pellucid.engines.native.lower import RULES, Line, Lowering
from pellucid.engines.native.memory import Buffer, Space, View, contiguous_strides
from pellucid.engines.native.programs import lower_program
from pellucid.engines.native.simplify import simplify
from pellucid.graph import Graph, Node


class NativePlan:
    """A graph that is ready to run."""

    def __init__(self, graph: Graph) -> None:
        self.graph = simplify(graph)
        self.groups = fuse(self.graph)
        low = _lowered(self.graph, self.groups)
        self.outputs = [_delivered(low, node, index) for index, node in enumerate(self.graph.outputs)]
        self.lines = low.lines
        self.arena_bytes = allocate([[view.buffer for view in line.views] for line in self.lines])
        self.native = import_module("pellucid._native").Plan(
            [_encoded(line) for line in self.lines],
            self.arena_bytes,
            bytes(low.constants),
            [_nbytes(node) for node in graph.inputs],
            [_nbytes(node) for node in graph.outputs],
        )

    def __call__(self, arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
        outputs = [np.empty(node.shape, node.dtype) for node in self.graph.outputs]
        self.native.run([np.asarray(x, order="C") for x in arrays], outputs)
        return outputs

    def explain(self, arrays: Sequence[np.ndarray], runs: int) -> str:
        """The plan in words, and where the time of some runs on these inputs goes."""
        return explain(self, arrays, runs)

    def scan(
        self,
        rows: np.ndarray,
        sources: Sequence[np.ndarray],
        state: Sequence[np.ndarray],
        kept: int,
        fed: Sequence[tuple[int, int]],
    ) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Many steps in one call, without Python between them; see `pellucid.engines.ScanPlan`."""
        outputs = [np.empty(node.shape, node.dtype) for node in self.graph.outputs]
        columns = [np.empty((len(rows), *node.shape), node.dtype) for node in self.graph.outputs[:kept]]
        gathered = [(i, np.asarray(source, order="C")) for i, source in enumerate(sources)]
        inputs = [_NOTHING] * len(sources) + [np.asarray(x, order="C") for x in state]
        self.native.scan(
            np.asarray(rows, np.int64, order="C"),
            inputs,
            outputs,
            gathered,
            [(output, len(sources) + place) for output, place in fed],
            list(enumerate(columns)),
        )
        return columns, outputs[kept:]


_NOTHING = np.empty(0)  # in the place of an input that each step gathers for itself


def _lowered(graph: Graph, groups: Sequence[Sequence[Node]]) -> Lowering:
    low = Lowering(graph)
    place = {node.order: i for i, group in enumerate(groups) for node in group}
    outside = {node.order for node in graph.outputs}
    for i, group in enumerate(groups):
        outside.update(x.order for node in group for x in node.inputs if place.get(x.order) != i)
    for group in groups:
        first = group[0]
        assert first.primitive is not None, "inputs and constants are in no group"
        low.what = " ".join(node.primitive.name for node in group if node.primitive)
        if first.primitive.name in ELEMENTWISE:
            lower_program(low, group, lambda node: node.order in outside)
        else:
            views = [low.views[x.order] for x in first.inputs]
            low.views[first.order] = RULES[first.primitive.name](low, first, *views)
    return low


def _delivered(low: Lowering, node: Node, index: int) -> View:
    """The output's own memory: the buffer of what made it where that is the whole of it, else a copy."""
    view = low.views[node.order]
    target = Buffer(Space.OUTPUT, _nbytes(node), index)
    whole = view.buffer.nbytes == target.nbytes and view.offset == 0 and view.is_contiguous()
    if view.buffer.space is Space.ARENA and whole:
        view.buffer.space, view.buffer.index = Space.OUTPUT, index
        return view
    low.what = "output"
    return low.copy(view, View(target, view.dtype, view.shape, contiguous_strides(view.shape)))


def _encoded(line: Line) -> tuple[str, list[tuple[int, int, int]], list[int], bool]:
    operands = [
        (int(view.buffer.space), view.buffer.index, view.buffer.offset + view.offset * view.dtype.itemsize)
        for view in line.views
    ]
    return line.kernel, operands, list(line.numbers), line.shared


def _nbytes(node: Node) -> int:
    return int(np.prod(node.shape, dtype=np.int64)) * node.dtype.itemsize
