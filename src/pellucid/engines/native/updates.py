"""Updates: a weight's step of gradient descent is the end of the product that makes its gradient.

w + s·(x v) becomes one node. The product's tiles add what they have to w while it is in registers, and the gradient
never reaches memory: it is as large as the weight, and would be written and read again at once.
"""

from __future__ import annotations

import math
from collections import Counter

from pellucid.engines.native.patterns import is_a, native, reshaped, rewrite
from pellucid.graph import Graph, Node

DEPTH = 512  # of a product that is one sum; a deeper one is added up in y, piece by piece (depth_block in the kernel)

matmul_update = native("matmul_update", lambda x, v, w, *scale, sign: (w.shape, w.dtype))


def update_in_product(graph: Graph) -> Graph:
    """w + s·(x v), w - s·(x v) and w - x v in one node, for a state w and a number s, where nobody else reads x v."""
    uses = Counter(x.order for node in graph.nodes for x in node.inputs)
    uses.update(node.order for node in graph.outputs)
    once = {node.order for node in graph.nodes if uses[node.order] == 1}

    def change(node: Node) -> Node:
        if not is_a(node, "add", "subtract"):
            return node
        w, step = node.inputs
        if is_a(node, "add") and not _is_state(w):
            w, step = step, w
        product, scale = _product_of(step, once)
        if product is None or not _is_state(w) or product.shape != w.shape or product.inputs[0].shape[-1] > DEPTH:
            return node
        sign = -1 if is_a(node, "subtract") else 1
        return matmul_update.node(*product.inputs, w, *scale, sign=sign)

    return rewrite(graph, change, once)


def _is_state(node: Node) -> bool:
    return node.primitive is None and node.value is None and len(node.shape) == 2 and node.dtype.kind == "f"


def _product_of(step: Node, once: set[int]) -> tuple[Node | None, list[Node]]:
    """The product in a step, and the number that it is multiplied with, if any."""
    if step.order not in once:
        return None, []
    if is_a(step, "matmul"):
        return step, []
    if not is_a(step, "multiply"):
        return None, []
    for product, scale in (step.inputs, step.inputs[::-1]):
        number = scale.inputs[0] if is_a(scale, "broadcast_to") else scale
        if is_a(product, "matmul") and product.order in once and math.prod(number.shape) == 1:
            return product, [reshaped(number, ())]
    return None, []
