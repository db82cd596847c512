"""Which nodes run together."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pellucid.engines.native.fuse import fuse
from tests.engines.passes import graph_of


def groups_of(function, *shapes):
    return [[n.primitive.name for n in group] for group in fuse(graph_of(function, *shapes)) if group[0].primitive]


def test_elementwise_operations_of_one_shape_run_together():
    assert groups_of(lambda x, y: ((x + y).exp() * x).tanh(), (3,), (3,)) == [["add", "exp", "multiply", "tanh"]]


def test_nobody_joins_a_group_that_waits_for_what_it_makes():
    def f(x, w):
        a = x.exp()
        return a + a @ w  # the sum needs the product, the product needs a: it cannot be in a's group

    assert groups_of(f, (3, 3), (3, 3)) == [["exp"], ["matmul"], ["add"]]


@given(st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99), st.booleans()), min_size=1, max_size=25))
def test_any_graph_falls_into_groups_that_can_run_in_order(steps):
    def f(x):
        values = [x]
        for a, b, product in steps:
            left, right = values[a % len(values)], values[b % len(values)]
            values.append(left @ right if product else left + right)
        return tuple(values[1:])

    groups = fuse(graph_of(f, (2, 2)))
    done: set[int] = set()
    for group in groups:
        mine = {node.order for node in group}
        for node in group:
            assert all(x.primitive is None or x.order in done or x.order in mine for x in node.inputs)
        done |= mine
