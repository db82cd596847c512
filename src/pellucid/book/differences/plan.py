"""Plans: what runs once for a parameter, and what runs for each block of perturbations.

The graph of K perturbed losses reads unperturbed values all over. Whatever does not depend on the perturbations is cut
off, computed once and given to the other part as inputs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from pellucid.book.differences.forms import Added
from pellucid.book.differences.rules import rule_for
from pellucid.book.differences.walk import UnsplitError, Walk
from pellucid.engines import BoundPlan, current_engine
from pellucid.graph import Graph, Node
from pellucid.ops.shape import reshape
from pellucid.trace import Tracer, tracing

Losses = Callable[[Sequence[np.ndarray]], np.ndarray]  # new elements, steps and places → the losses, (K,)
BLOCK_BYTES = 4 << 20  # of the largest value of a block of perturbations; each thread works on a part of it at a time
MOST = 8192  # perturbations in a block
MOST_UNROLLED = 16  # where the graph has a part for each one
PROBE = 4


class BlockPlan:
    """The losses under K perturbations of one parameter, from the graph of the unperturbed loss.

    split: see Walk; raises UnsplitError where the graph does not allow it
    """

    def __init__(self, tracer: Tracer, graph: Graph, parameter: Node, *, split: bool = False) -> None:
        self.graph, self.parameter = graph, parameter
        walk, value = _walked(tracer, graph, parameter, PROBE, split)
        self.reached = value is not None
        if value is None:
            return
        inputs = _inputs_of(walk)
        largest = max(_bytes(node) for node in [value, *_split_up(graph, inputs, value)[0]]) // PROBE
        fitting = max(PROBE, min(MOST, BLOCK_BYTES // largest))
        fitting = min(fitting, MOST_UNROLLED) if walk.unrolled else fitting
        events = 2 * int(np.prod(parameter.shape)) * (walk.left[0].shape[0] if walk.left else 1)
        self.count = 2 * max(1, min(fitting, events) // 2)
        self.walk, value = _walked(tracer, graph, parameter, self.count, split)
        assert value is not None, "found above"
        self._cut(value)

    def _cut(self, value: Node) -> None:
        inputs = _inputs_of(self.walk)
        _, borders = _split_up(self.graph, inputs, value)
        given = {node.order: i for i, node in enumerate(self.graph.inputs)}
        direct = [node for node in borders if node.order in given]
        once = [node for node in borders if node.order not in given]
        self._direct, self._computed = [given[node.order] for node in direct], len(once)
        engine = current_engine()
        left = [] if self.walk.left is None else [self.walk.left[0]]
        self._once = engine.plan(Graph(self.graph.inputs, (*once, *left)))
        self._each = engine.plan(Graph((*inputs, *direct, *once), (value,)))

    def start(self, arrays: Sequence[np.ndarray]) -> tuple[Losses, Any]:
        """The losses as a function, and the left side of a product that is taken apart.

        arrays: the inputs of the graph
        """
        values = self._once(arrays)
        state = [*(arrays[i] for i in self._direct), *values[: self._computed]]
        each = (
            self._each.bound(state) if isinstance(self._each, BoundPlan) else lambda given: self._each([*given, *state])
        )
        return (lambda given: each(given)[0]), (values[-1] if self.walk.left is not None else None)


def _walked(tracer: Tracer, graph: Graph, parameter: Node, count: int, split: bool) -> tuple[Walk, Node | None]:
    """The walk, and the node of the perturbed losses (K,); None where the parameter has no part in the loss."""
    walk = Walk(parameter, count, split=split)
    with tracing(tracer):
        walk.through(graph, rule_for)
        form = walk.forms.get(graph.outputs[0].order)
        if split and not isinstance(form, Added):
            raise UnsplitError
        return walk, None if form is None else tracer.node(reshape(form.value, (count,)))


def _inputs_of(walk: Walk) -> list[Node]:
    return [walk.changed, walk.step, *(index.place._value for index in walk.indices.values())]


def _split_up(graph: Graph, inputs: Sequence[Node], value: Node) -> tuple[list[Node], list[Node]]:
    """The nodes that depend on the perturbations, and those that they read and that do not."""
    moving = {node.order for node in inputs}
    nodes, borders = [], {}
    for node in Graph((*graph.inputs, *inputs), (value,)).nodes:
        if any(x.order in moving for x in node.inputs):
            moving.add(node.order)
            nodes.append(node)
    for node in nodes:
        for x in map(_unrepeated, node.inputs):
            if x.order not in moving and x.value is None:
                borders[x.order] = x
    return nodes, list(borders.values())


def _unrepeated(node: Node) -> Node:
    """What is behind a broadcast, which is no larger and repeated as it is read."""
    while node.primitive is not None and node.primitive.name == "broadcast_to":
        node = node.inputs[0]
    return node


def _bytes(node: Node) -> int:
    return int(np.prod(node.shape)) * node.dtype.itemsize
