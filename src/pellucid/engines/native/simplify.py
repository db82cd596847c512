"""Simplify: the same values from fewer nodes.

Constants are computed now, equal nodes become one, a maximum pooling that is written as "find the places, take them"
becomes one node that remembers the places for its gradient, softmax, its logarithm and their gradients become one
node each, what a gradient needs is taken from what is there anyway, and a product makes the update of its weight.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from pellucid.engines.native.fuse import ELEMENTWISE
from pellucid.engines.native.patterns import constant_of, filled, is_a, is_relu, name_of, reshaped, rewrite
from pellucid.engines.native.pooling import pool_first, pool_in_one
from pellucid.engines.native.softmax import softmax_in_one
from pellucid.engines.native.updates import update_in_product
from pellucid.engines.reference import ReferenceEngine
from pellucid.graph import Graph, Node, Primitive, Shape

LARGEST_CONSTANT = 1 << 16  # bytes: a larger one costs more to read than to compute


def simplify(graph: Graph) -> Graph:
    """A graph with the same outputs, in as few nodes as these rules find."""
    for rule in RULES:
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
        numbers = _numbers(node)
        if node.primitive is not None and numbers:
            number = shared(Node.constant(np.array(evaluate(node.primitive, numbers, node.options))))
            node = Primitive.registry["broadcast_to"].node(number, shape=node.shape) if node.shape else number
        return shared(node)

    def shared(node: Node) -> Node:
        return seen.setdefault(_identity(node), node)

    return rewrite(graph, change)


def _numbers(node: Node) -> list[np.ndarray]:
    """What an elementwise node is computed from, if each is one number everywhere; else nothing."""
    if name_of(node) not in ELEMENTWISE:
        return []
    numbers = [(constant_of(x), x.dtype) for x in node.inputs]
    return [np.array(x, dtype) for x, dtype in numbers] if all(x is not None for x, _ in numbers) else []


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


# ---- arithmetic


EXPONENTS = frozenset(n for n in range(-8, 9) if n)  # of powers that are products


def cheaper_arithmetic(graph: Graph) -> Graph:
    """Powers that are products or roots become these; what is multiplied by 1 stays, and so does what is always chosen.

    The same bits, for less; but an nth power has up to n roundings of its products, where from 3 on that of the
    standard library has one.
    """

    def change(node: Node) -> Node:
        if is_a(node, "power"):
            x, exponent = node.inputs
            return _power(x, constant_of(exponent)) or node
        if is_a(node, "multiply"):
            a, b = node.inputs
            return a if constant_of(b) == 1 else b if constant_of(a) == 1 else node
        if is_a(node, "where"):
            mask, a, b = node.inputs
            always = constant_of(mask)
            return node if always is None else a if always else b
        return node

    return rewrite(graph, change)


def _power(x: Node, exponent: float | None) -> Node | None:
    named = Primitive.registry
    if exponent in EXPONENTS and (exponent > 0 or x.dtype.kind == "f"):
        base = x if exponent > 0 else named["divide"].node(filled(x, 1), x)
        return _product(base, int(abs(exponent)))
    if x.dtype.kind == "f" and exponent == 0.5:  # the power of -0 is 0 and that of -inf is inf, their roots are not
        lowest = named["equal"].node(x, filled(x, -np.inf))
        return named["sqrt"].node(named["where"].node(lowest, filled(x, np.inf), named["add"].node(x, filled(x, 0))))
    return None


def _product(x: Node, count: int) -> Node:
    """x · x · ..., by squaring."""
    if count == 1:
        return x
    half = _product(x, count // 2)
    square = Primitive.registry["multiply"].node(half, half)
    return Primitive.registry["multiply"].node(square, x) if count % 2 else square


# ---- masks


def masks_from_outputs(graph: Graph) -> Graph:
    """y = where(x <= 0, 0, x) becomes maximum(0, x), and a gradient's mask x <= 0 becomes y <= 0, where y is kept for
    a product's gradient anyway: then neither the mask nor x need be. Of nan both are false."""
    readers: dict[int, list[Node]] = {}
    for node in graph.nodes:
        for x in node.inputs:
            readers.setdefault(x.order, []).append(node)
    relus = [node for node in graph.nodes if is_relu(node)]
    alone = {node.order for node in relus if len(readers[node.inputs[0].order]) == 1}
    kept = alone | {node.order for node in relus if len(_products(node, readers)) > 1}
    outputs: dict[int, Node] = {}  # by the order of their mask

    def change(node: Node) -> Node:
        if node.order in kept:
            mask, zero, x = node.inputs
            # In this order the kernel gives 0 for -0, as the choice does.
            return outputs.setdefault(mask.order, Primitive.registry["maximum"].node(zero, x))
        if not any(x.order in outputs for x in node.inputs):
            return node
        return Node(node.primitive, tuple(map(mask_of, node.inputs)), node.options, node.shape, node.dtype)

    def mask_of(x: Node) -> Node:
        y = outputs.get(x.order)
        return x if y is None else Primitive.registry["less_equal"].node(y, y.inputs[0])

    return rewrite(graph, change, kept)


PRODUCTS = ("matmul", "conv2d", "conv2d_input_gradient", "conv2d_weight_gradient")


def _products(node: Node, readers: Mapping[int, Sequence[Node]]) -> set[int]:
    """The products that read the node, as it is or in another shape."""
    found: set[int] = set()
    for reader in readers.get(node.order, ()):
        if any(is_a(reader, name) for name in PRODUCTS):
            found.add(reader.order)
        elif is_a(reader, "reshape") or is_a(reader, "transpose"):
            found |= _products(reader, readers)
    return found


RULES = (
    fold_and_share,
    integers_without_kernels,
    cheaper_arithmetic,
    transpose_factors,
    pool_in_one,
    fold_and_share,
    pool_first,
    softmax_in_one,
    masks_from_outputs,
    fold_and_share,
    update_in_product,
)
