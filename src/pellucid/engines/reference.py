"""The reference engine: walks the graph and calls each primitive's NumPy definition.

It is the meaning of a graph, in every dtype, and what every other engine is tested against. To see what a
network does, put a breakpoint into `evaluate`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from pellucid.graph import Graph, Primitive


class ReferenceEngine:
    """NumPy, one primitive after the other."""

    name = "reference"

    def evaluate(self, primitive: Primitive, inputs: Sequence[np.ndarray], options: Mapping[str, Any]) -> np.ndarray:
        """Run one primitive. Overflow gives inf and 0/0 gives nan, without a warning."""
        primitive.spec(*inputs, **options)
        with np.errstate(all="ignore"):
            return np.asarray(primitive.value(*inputs, **options))

    def plan(
        self, graph: Graph, fed: Sequence[tuple[int, int]] = ()
    ) -> Callable[[Sequence[np.ndarray]], list[np.ndarray]]:
        """A function from the graph's inputs to its outputs. Values are dropped after their last use."""
        nodes = graph.nodes
        last_use = {x.order: node.order for node in nodes for x in node.inputs}
        kept = {node.order for node in graph.outputs}
        finished = {
            node.order: [x for x in {x.order for x in node.inputs} if last_use[x] == node.order and x not in kept]
            for node in nodes
        }

        def run(arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
            values = {node.order: array for node, array in zip(graph.inputs, arrays, strict=True)}
            for node in nodes:
                if node.primitive is None:
                    assert node.value is not None, "a node without a primitive is an input or a constant"
                    values[node.order] = node.value
                else:
                    inputs = [values[x.order] for x in node.inputs]
                    values[node.order] = self.evaluate(node.primitive, inputs, node.options)
                for order in finished[node.order]:
                    del values[order]
            return [values[node.order] for node in graph.outputs]

        return run
