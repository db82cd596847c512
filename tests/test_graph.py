"""Primitives, nodes and graphs."""

from __future__ import annotations

import numpy as np
import pytest

from pellucid.errors import ShapeError
from pellucid.graph import Graph, Node, Primitive
from pellucid.ops.arithmetic import add_p, multiply_p
from pellucid.ops.linalg import matmul_p
from pellucid.ops.reduction import sum_p


def line(*shape: int, name: str = "") -> Node:
    return Node(shape=shape, name=name)


def test_a_graph_prints_one_readable_line_a_node() -> None:
    x, w = line(100, 784, name="x"), line(784, 50, name="w")
    y = matmul_p.node(x, w)
    scaled = multiply_p.node(y, Node.constant(np.ones((100, 50), np.float32)))
    total = sum_p.node(scaled, axes=(0, 1))
    half = multiply_p.node(total, Node.constant(np.array(0.5, np.float32)))
    lines = str(Graph(inputs=(x, w), outputs=(half, y))).splitlines()
    assert lines == [
        "%x                         (100, 784) float32",
        "%w                         (784, 50) float32",
        "%0 = matmul(%x, %w)        (100, 50) float32",
        "%1 = constant              (100, 50) float32",
        "%2 = multiply(%0, %1)      (100, 50) float32",
        "%3 = sum(%2, axes=(0, 1))  () float32",
        "%4 = multiply(%3, 0.5)     () float32",
        "return %4, %0",
    ]


def test_inputs_without_names_are_numbered() -> None:
    x, y = line(2), line(2)
    assert str(Graph(inputs=(x, y), outputs=(add_p.node(x, y),))).splitlines()[-2:] == [
        "%0 = add(%in0, %in1)  (2,) float32",
        "return %0",
    ]


def test_a_graph_holds_what_its_outputs_need_once_and_in_order() -> None:
    x = line(3)
    shared = add_p.node(x, x)
    unused = multiply_p.node(shared, shared)
    y = multiply_p.node(shared, shared)
    assert Graph(inputs=(x,), outputs=(y, shared)).nodes == [shared, y]
    assert unused not in Graph(inputs=(x,), outputs=(y,)).nodes


def test_a_graph_may_be_cut_in_the_middle() -> None:
    x = line(3)
    middle = add_p.node(x, x)
    end = multiply_p.node(middle, middle)
    assert Graph(inputs=(middle,), outputs=(end,)).nodes == [end]


def test_a_node_is_refused_where_the_shapes_do_not_fit() -> None:
    with pytest.raises(ShapeError) as caught:
        add_p.node(line(2), line(3))
    assert str(caught.value) == (
        "elementwise: inputs must agree, got (2,) float32 and (3,) float32; broadcast and cast them first"
    )


def test_a_graph_of_ten_thousand_operations_needs_no_recursion() -> None:
    x = line(1, name="x")
    y = x
    for _ in range(10_000):
        y = add_p.node(y, x)
    graph = Graph(inputs=(x,), outputs=(y,))
    assert len(graph.nodes) == 10_000
    assert len(str(graph).splitlines()) == 10_002


def test_a_primitive_knows_its_gradients_by_position() -> None:
    assert Primitive.registry["add"] is add_p and repr(add_p) == "Primitive(add)"
    assert add_p.gradient(1) is not None and add_p.gradient(2) is None
    assert Primitive.registry["where"].gradient(0) is None
    rule = Primitive.registry["concatenate"].gradient(5)
    assert rule is not None
