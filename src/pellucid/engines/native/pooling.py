"""Pooling: the places and the values of the maxima in one, and before what keeps the order of numbers.

A maximum is found first and then shifted by its channel's bias, or cut off at 0, as well as the other way round: a
convolution's bias and relu then treat a quarter of the numbers, and so do their gradients. Only where a shift rounds
two numbers to the same one may another of the two be taken for the largest.

One case gives another value: a bias of inf makes nan of -inf, and a maximum of nan, but inf of the window's maximum if
there is a larger number. To tell, the smallest number of each window would have to be found as well; neither is finite.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from pellucid.engines.native.patterns import constant_of, filled, flat, is_a, is_relu, native, reshaped, rewrite
from pellucid.graph import Graph, Node, Primitive

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


# ---- before bias and relu


def pool_first(graph: Graph) -> Graph:
    """max_pool2d(relu(x + bias)) becomes relu(max_pool2d(x) + bias), and its gradients follow."""

    def change(node: Node) -> Node:
        if is_a(node, "max_pool2d"):
            return _after(node.inputs[0], lambda x: MAX_POOL.node(x, **node.options))
        if is_a(node, "max_pool2d_position"):
            return MAX_POOL_POSITION.node(_core(node.inputs[0]), **node.options)
        if is_a(node, "where"):
            return _mask_first(node)
        if is_a(node, "sum"):
            return _sum_first(node)
        return node

    return rewrite(graph, change)


def _core(x: Node) -> Node:
    """What is left of x without relus and channels' biases."""
    if is_relu(x):
        return _core(x.inputs[2])
    return _core(x.inputs[0]) if _bias(x) is not None else x


def _after(x: Node, pool: Callable[[Node], Node]) -> Node:
    """The relus and biases of x behind the pooling of its core."""
    named = Primitive.registry
    if is_relu(x):
        y = _after(x.inputs[2], pool)
        zero = filled(y, 0)
        return named["where"].node(named["less_equal"].node(y, zero), zero, y)
    bias = _bias(x)
    if bias is None:
        return pool(x)
    y = _after(x.inputs[0], pool)
    return named["add"].node(y, named["broadcast_to"].node(bias, shape=y.shape))


def _mask_first(node: Node) -> Node:
    """A relu's gradient behind a pooling's: what the relu cuts off need not be put back into the image."""
    mask, zero, x = node.inputs
    gradient = flat(x)
    if not is_a(mask, "less_equal") or not is_a(gradient, "max_pool2d_gradient") or gradient.shape != node.shape:
        return node
    g, position = gradient.inputs
    (pooled,), (left, right) = position.inputs, mask.inputs
    if _core(left) is not pooled or constant_of(zero) != 0 or constant_of(right) != 0:
        return node
    named = Primitive.registry
    options = {key: value for key, value in gradient.options.items() if key != "size"}
    y, nothing = _after(left, lambda x: MAX_POOL.node(x, **options)), filled(g, 0)
    kept = named["where"].node(named["less_equal"].node(y, nothing), nothing, g)
    return MAX_POOL_GRADIENT.node(kept, position, **gradient.options)


def _sum_first(node: Node) -> Node:
    """The sum over an image of what a pooling's gradient puts into it: the sum of what there was to put."""
    x, axes = node.inputs[0], tuple(node.options["axes"])
    gradient = flat(x)
    if not is_a(gradient, "max_pool2d_gradient") or gradient.shape != x.shape or not {2, 3} <= set(axes):
        return node
    return Primitive.registry["sum"].node(gradient.inputs[0], axes=axes)


def _bias(x: Node) -> Node | None:
    """What is added to images, one number a channel, in the shape (1, C, 1, 1); None where x is no such sum."""
    if not is_a(x, "add") or not is_a(x.inputs[1], "broadcast_to") or x.dtype.kind != "f":
        return None
    (bias,) = x.inputs[1].inputs
    channels = x.shape[1]
    return bias if bias.shape == (1, channels, 1, 1) and math.prod(bias.shape) == channels else None
