"""Simplify: the same values from fewer nodes.

Constants are computed now, equal nodes become one, a maximum pooling that is written as "find the places, take them"
becomes one node that remembers the places for its gradient, and softmax, its logarithm and their gradients become one
node each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from pellucid.engines.native.patterns import is_a, native, reshaped, rewrite
from pellucid.engines.native.softmax import softmax_in_one
from pellucid.engines.reference import ReferenceEngine
from pellucid.graph import Graph, Node, Primitive, Shape

LARGEST_CONSTANT = 1 << 16  # bytes: a larger one costs more to read than to compute


def simplify(graph: Graph) -> Graph:
    """A graph with the same outputs, in as few nodes as these rules find."""
    rules = (fold_and_share, integers_without_kernels, transpose_factors, pool_in_one, softmax_in_one, fold_and_share)
    for rule in rules:
        graph = rule(graph)
    return graph


def fold_and_share(graph: Graph) -> Graph:
    """Nodes of constants become constants; equal nodes become one."""
    seen: dict[Any, Node] = {}
    evaluate = ReferenceEngine().evaluate

    def change(node: Node) -> Node:
        arrays = [x.value for x in node.inputs if x.value is not None]
        if node.primitive is not None and arrays and len(arrays) == len(node.inputs) and _is_small(node):
            node = Node.constant(np.array(evaluate(node.primitive, arrays, node.options), order="C"))
        return seen.setdefault(_identity(node), node)

    return rewrite(graph, change)


def _is_small(node: Node) -> bool:
    """Worth keeping as a constant. A broadcast is not: it costs nothing, and memory if it is computed."""
    small = int(np.prod(node.shape)) * node.dtype.itemsize <= LARGEST_CONSTANT
    return small and node.primitive is not None and node.primitive.name != "broadcast_to"


def _identity(node: Node) -> Any:
    if node.primitive is None:
        if node.value is None:
            return node.order
        return node.shape, node.dtype, node.value.tobytes() if node.value.nbytes <= LARGEST_CONSTANT else node.order
    return node.primitive.name, node.shape, tuple(x.order for x in node.inputs), _frozen(node.options)


def _frozen(options: Mapping[str, Any]) -> Any:
    return tuple(sorted((key, repr(value)) for key, value in options.items()))


# ---- integers


def integers_without_kernels(graph: Graph) -> Graph:
    """Products of integer matrices are rare: they are multiplied out and summed. The largest of integers is found
    among float64, which hold them exactly up to 2⁵³."""
    named = Primitive.registry

    def change(node: Node) -> Node:
        if is_a(node, "matmul") and node.dtype.kind != "f":
            x, w = node.inputs
            whole = (*x.shape, w.shape[-1])
            left = named["broadcast_to"].node(reshaped(x, (*x.shape, 1)), shape=whole)
            right = named["broadcast_to"].node(reshaped(w, (*w.shape[:-2], 1, *w.shape[-2:])), shape=whole)
            products = named["multiply"].node(left, right)
            wide = _cast(products, np.dtype("int64"))
            return _cast(named["sum"].node(wide, axes=(len(whole) - 2,)), node.dtype)
        if is_a(node, "max_pool2d_argmax") and node.inputs[0].dtype.kind != "f":
            return named["max_pool2d_argmax"].node(_cast(node.inputs[0], np.dtype("float64")), **node.options)
        return node

    return rewrite(graph, change)


def _cast(node: Node, dtype: np.dtype) -> Node:
    return node if node.dtype == dtype else Primitive.registry["cast"].node(node, dtype=dtype)


# ---- products


def transpose_factors(graph: Graph) -> Graph:
    """(x w)ᵀ becomes wᵀ xᵀ, whose transposes are free: the gradient of a weight is then made as the weight lies."""
    uses = Counter(x.order for node in graph.nodes for x in node.inputs)
    uses.update(node.order for node in graph.outputs)
    once = {node.order for node in graph.nodes if uses[node.order] == 1}

    def change(node: Node) -> Node:
        if not is_a(node, "transpose") or not is_a(node.inputs[0], "matmul"):
            return node
        product, axes = node.inputs[0], node.options["axes"]
        rank = len(axes)
        swap = (*range(rank - 2), rank - 1, rank - 2)
        if axes != swap or product.order not in once:
            return node
        x, w = (_transposed(factor, swap) for factor in product.inputs)
        return Primitive.registry["matmul"].node(w, x)

    return rewrite(graph, change, once)


def _transposed(node: Node, axes: Shape) -> Node:
    if is_a(node, "transpose") and tuple(node.options["axes"]) == axes:
        return node.inputs[0]
    return Primitive.registry["transpose"].node(node, axes=axes)


# ---- maximum pooling


MAX_POOL = native("max_pool2d", lambda x, *, shape, **options: (shape, x.dtype))
MAX_POOL_POSITION = native("max_pool2d_position", lambda x, *, shape, **options: (shape, np.dtype("uint8")))
MAX_POOL_GRADIENT = native("max_pool2d_gradient", lambda g, p, *, size, **options: ((*g.shape[:2], *size), g.dtype))


def pool_in_one(graph: Graph) -> Graph:
    """take(x, argmax_of_windows(x)) becomes max_pool2d(x); putting back at those places becomes its gradient."""

    def change(node: Node) -> Node:
        name = node.primitive.name if node.primitive else ""
        if name not in ("take_along_axis", "scatter_add_along_axis"):
            return node
        places = _pooled(node.inputs[1])
        if places is None or node.options["axis"] != 2:
            return node
        (x,), options = places.inputs, {**places.options, "shape": places.shape}
        if name == "take_along_axis":
            source = node.inputs[0]
            if not (is_a(source, "reshape") and source.inputs[0] is x):
                return node
            return reshaped(MAX_POOL.node(x, **options), node.shape)
        position = MAX_POOL_POSITION.node(x, **options)
        g = reshaped(node.inputs[0], places.shape)
        return reshaped(MAX_POOL_GRADIENT.node(g, position, size=x.shape[2:], **options), node.shape)

    return rewrite(graph, change)


def _pooled(indices: Node) -> Node | None:
    """The node that found the places, if `indices` are places in images, flattened."""
    if not is_a(indices, "reshape") or not is_a(indices.inputs[0], "max_pool2d_argmax"):
        return None
    places = indices.inputs[0]
    kernel = places.options["kernel"]
    return places if kernel[0] * kernel[1] <= 256 else None  # a position is one byte
