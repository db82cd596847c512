"""Recompute: what is cheap to compute again need not lie in memory in the meantime.

A value that a few additions, products or comparisons make of one array of its size, and of smaller ones, is made anew
by every group that reads it: the array itself has to be read either way. So of a batch normalisation and the relu
behind it only the input is kept for the gradient.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from pellucid.engines.native.blocks import access
from pellucid.engines.native.fuse import ELEMENTWISE
from pellucid.engines.native.limits import LIMITS
from pellucid.engines.native.patterns import name_of
from pellucid.graph import Graph, Node

CHEAP = frozenset(
    (
        *("abs", "add", "cast", "equal", "less", "less_equal", "logical_and", "logical_not", "logical_or"),
        *("maximum", "multiply", "negative", "subtract", "where"),
    )
)
MOST = 8  # operations


def recompute(graph: Graph, groups: Sequence[Sequence[Node]]) -> tuple[Graph, set[int]]:
    """The graph with a copy of each cheap value for every group that reads it, but the group that makes it.

    Also the orders of the copies, which should be made no earlier than they are read.
    """
    recomputing = _Recomputing(graph, groups)
    return recomputing.graph(), {node.order for node in recomputing.copies.values()}


class _Recomputing:
    def __init__(self, graph: Graph, groups: Sequence[Sequence[Node]]) -> None:
        self.old, self.groups = graph, groups
        self.place = {node.order: i for i, group in enumerate(groups) for node in group}
        self.solid = self._solid()
        self.kept: set[int] = set()
        self.kept = {source.order for source in self._sources()}
        self.new: dict[int, Node] = {node.order: node for node in graph.inputs}
        self.copies: dict[tuple[int, int], Node] = {}

    def graph(self) -> Graph:
        for node in self.old.nodes:
            readers = _reads_copies(node)
            inputs = tuple(self._copied(x, node) if readers else self.new[x.order] for x in node.inputs)
            same = all(a is b for a, b in zip(inputs, node.inputs, strict=True))
            self.new[node.order] = node if same else Node(node.primitive, inputs, node.options, node.shape, node.dtype)
        return Graph(self.old.inputs, tuple(self.new[node.order] for node in self.old.outputs))

    def _solid(self) -> set[int]:
        """The values that are stored in any case: the outside reads them, or somebody who cannot make them anew."""
        solid = {node.order for node in (*self.old.outputs, *self.old.inputs)}
        for node in self.old.nodes:
            if not _reads_copies(node) and name_of(node) not in ("sum", "conv2d", ""):
                solid.update(x.order for x in node.inputs)
        return solid

    def _sources(self) -> Iterator[Node]:
        """What is kept until the gradient, since values as wide as it are made of it anew there."""
        for node in self.old.nodes:
            if _reads_copies(node):
                for x in node.inputs:
                    source = self._source(x) if self._is_foreign(x, node) else None
                    if source is not None:
                        yield source

    def _copied(self, x: Node, reader: Node) -> Node:
        """A value as its reader takes it: a copy for the reader's group where that is cheap."""
        if self._is_foreign(x, reader) and self._source(x) is not None:
            return self._anew(x, self.place[reader.order])
        return self.new[x.order]

    def _is_foreign(self, x: Node, reader: Node) -> bool:
        return x.order in self.place and self.place[x.order] != self.place[reader.order]

    def _anew(self, node: Node, group: int) -> Node:
        """The group's own copy of a value and of what leads to it."""
        if not self._is_made_anew(node):
            return self.new[node.order]
        if (node.order, group) not in self.copies:
            inputs = tuple(self._anew(x, group) for x in node.inputs)
            self.copies[node.order, group] = Node(node.primitive, inputs, node.options, node.shape, node.dtype)
        return self.copies[node.order, group]

    def _is_made_anew(self, node: Node) -> bool:
        return name_of(node) in CHEAP and node.order not in self.solid

    def _source(self, node: Node) -> Node | None:
        """The one array of its size that a few cheap operations make a value of.

        None where there are two, or where the array is wider than the value and not kept in any case.
        """
        if not self._is_made_anew(node) or math.prod(node.shape) * 4 < LIMITS.recompute_bytes:
            return None
        sources: dict[int, Node] = {}
        seen, waiting = {node.order}, [node]
        while waiting and len(seen) <= MOST:
            for x in waiting.pop().inputs:
                if x.order in seen or _is_spread(x):
                    continue
                if self._is_made_anew(x):
                    seen.add(x.order)
                    waiting.append(x)
                else:
                    sources[x.order] = x
        if waiting or len(sources) != 1:
            return None
        (source,) = sources.values()
        if name_of(source) in ELEMENTWISE and source.order not in self.solid:
            return None
        return source if source.dtype.itemsize <= node.dtype.itemsize or source.order in self.kept else None


def _reads_copies(node: Node) -> bool:
    """Whether a node reads element by element, or row by row in a chain, and may have its own copy of what it reads."""
    if name_of(node) == "conv2d_weight_gradient":
        return access([node]) is not None
    return name_of(node) in ELEMENTWISE


def _is_spread(node: Node) -> bool:
    """Whether a value is a smaller one, repeated."""
    while name_of(node) in ("reshape", "transpose", "cast"):
        node = node.inputs[0]
    return name_of(node) == "broadcast_to" and math.prod(node.inputs[0].shape) * 4 <= math.prod(node.shape)
