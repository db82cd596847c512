"""Fuse: which nodes run together.

Elementwise operations of one shape that follow each other become one group, which a kernel runs tile by tile: what
passes between them never reaches memory. Every other operation is a group of its own.

A node may join a group unless it also waits for something that waits for that group: then neither could run first.
"""

from __future__ import annotations

from collections.abc import Iterable

from pellucid.graph import Graph, Node

ELEMENTWISE = frozenset(
    (
        *("abs", "add", "cast", "cos", "divide", "equal", "erf", "exp", "expm1", "floor", "isfinite", "less"),
        *("less_equal", "log", "log1p", "logical_and", "logical_not", "logical_or", "maximum", "multiply"),
        *("negative", "power", "sigmoid", "sign", "sin", "softplus", "sqrt", "subtract", "tanh", "where"),
    )
)
LARGEST = 48  # operations in a group: beyond that its registers no longer fit into the first cache


class Groups:
    """The groups so far, and for each those that it reads from and, as bits, all that it waits for."""

    def __init__(self) -> None:
        self.members: dict[int, list[Node]] = {}
        self.reads: dict[int, set[int]] = {}
        self.waits: dict[int, int] = {}
        self.of: dict[int, int] = {}  # the group of a node, by its order

    def new(self, node: Node) -> None:
        group = len(self.of)
        self.of[node.order] = group
        self.members[group] = [node]
        self.reads[group] = {self.of[x.order] for x in node.inputs if x.order in self.of}
        self.waits[group] = 0
        for other in self.reads[group]:
            self.waits[group] |= self.waits[other] | 1 << other

    def may_merge(self, one: int, other: int) -> bool:
        """Whether they can run as one: not where a third waits for one of them while the other waits for that."""
        thirds = [(one, third) for third in self.reads[other]] + [(other, third) for third in self.reads[one]]
        return not any(self.waits[third] >> first & 1 for first, third in thirds)

    def merge(self, one: int, other: int) -> None:
        """Put all of `other` into `one`."""
        both = 1 << one | 1 << other
        waits = (self.waits[one] | self.waits[other]) & ~both
        for node in self.members[other]:
            self.of[node.order] = one
        self.members[one] = sorted([*self.members[one], *self.members.pop(other)], key=lambda node: node.order)
        self.reads[one] = (self.reads[one] | self.reads.pop(other)) - {one, other}
        self.waits.pop(other)
        self.waits[one] = waits
        for group, old in self.waits.items():  # whoever waited for one of them now waits for both
            if old & both:
                self.waits[group] = (old | waits | 1 << one) & ~(1 << other)
        for reads in self.reads.values():
            if other in reads:
                reads.discard(other)
                reads.add(one)

    def in_order(self) -> list[list[Node]]:
        """The groups, each after all that it waits for."""
        order: list[list[Node]] = []
        done, waiting = 0, sorted(self.members, key=lambda group: self.members[group][0].order)
        while waiting:
            later = []
            for group in waiting:
                if self.waits[group] & ~done:
                    later.append(group)
                else:
                    order.append(self.members[group])
                    done |= 1 << group
            assert len(later) < len(waiting), "groups that wait for each other"
            waiting = later
        return order


def fuse(graph: Graph) -> list[list[Node]]:
    """The nodes of a graph in groups that run one after the other; the nodes of a group in order."""
    groups = Groups()
    for node in graph.nodes:
        if node.primitive is None:
            continue
        group = groups.new(node)
        for x in _elementwise_inputs(node):
            group, other = groups.of[node.order], groups.of.get(x.order)
            if other is not None and other != group and _fits(groups, other, group):
                groups.merge(other, group)
    return groups.in_order()


def _elementwise_inputs(node: Node) -> Iterable[Node]:
    if node.primitive is not None and node.primitive.name in ELEMENTWISE:
        return [x for x in node.inputs if x.primitive is not None and x.primitive.name in ELEMENTWISE]
    return []


def _fits(groups: Groups, one: int, other: int) -> bool:
    a, b = groups.members[one], groups.members[other]
    return a[0].shape == b[0].shape and len(a) + len(b) <= LARGEST and groups.may_merge(one, other)
