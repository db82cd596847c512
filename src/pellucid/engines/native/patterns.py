"""What the passes share that make other nodes of a graph's: walking it, and recognising what stands there."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from pellucid.graph import Graph, Node, Primitive, Shape


def rewrite(graph: Graph, change: Callable[[Node], Node], marked: set[int] | None = None) -> Graph:
    """The graph with every node, its inputs already changed, replaced by what `change` makes of it.

    marked: orders of nodes; a node made anew with other inputs inherits its mark
    """
    new: dict[int, Node] = {node.order: node for node in graph.inputs}
    for node in graph.nodes:
        inputs = tuple(new[x.order] for x in node.inputs)
        same = all(a is b for a, b in zip(inputs, node.inputs, strict=True))
        moved = node if same else Node(node.primitive, inputs, node.options, node.shape, node.dtype)
        if marked is not None and node.order in marked:
            marked.add(moved.order)
        new[node.order] = change(moved)
    return Graph(graph.inputs, tuple(new[node.order] for node in graph.outputs))


def _no_value(*arrays: np.ndarray, **options: Any) -> np.ndarray:
    raise NotImplementedError("only the native engine runs this")


def native(name: str, spec: Callable[..., Any]) -> Primitive:
    return Primitive(name, spec=spec, value=_no_value, registered=False)


def name_of(node: Node) -> str:
    """The name of the primitive; nothing for an input or a constant."""
    return node.primitive.name if node.primitive is not None else ""


def is_a(node: Node, *names: str) -> bool:
    return name_of(node) in names


def nbytes(node: Node) -> int:
    return math.prod(node.shape) * node.dtype.itemsize


def filled(like: Node, value: float) -> Node:
    """The number in the shape and dtype of the node."""
    constant = Node.constant(np.array(value, like.dtype))
    return Primitive.registry["broadcast_to"].node(constant, shape=like.shape) if like.shape else constant


def is_relu(y: Node) -> bool:
    """Whether the node is where(x <= 0, 0, x)."""
    if not is_a(y, "where") or not is_a(y.inputs[0], "less_equal"):
        return False
    (mask, zero, x), (left, right) = y.inputs, y.inputs[0].inputs
    return mask.dtype == bool and left is x and constant_of(zero) == 0 and constant_of(right) == 0


def reshaped(node: Node, shape: Shape) -> Node:
    return node if node.shape == shape else Primitive.registry["reshape"].node(node, shape=shape)


def repeated(node: Node, axis: int) -> Node | None:
    """What the node repeats along the axis, whatever 1s its shape has; None if it does not."""
    if not is_a(node, "broadcast_to"):
        return None
    source = node.inputs[0]
    once = (*node.shape[:axis], 1, *node.shape[axis + 1 :])
    return flat(source) if source.shape == once else None


def flat(node: Node) -> Node:
    """The node before any reshapes: the same numbers in the same order."""
    while is_a(node, "reshape"):
        node = node.inputs[0]
    return node


def constant_of(node: Node) -> float | None:
    """The number that the node is, everywhere; None if it is not one."""
    while is_a(node, "broadcast_to") or is_a(node, "reshape"):
        node = node.inputs[0]
    return node.value.item() if node.value is not None and node.value.size == 1 else None
