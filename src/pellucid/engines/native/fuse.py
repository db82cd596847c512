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
    """The groups so far, and for each, as bits, all groups that it waits for."""

    def __init__(self) -> None:
        self.members: list[list[Node]] = []
        self.waits: list[int] = []
        self.of: dict[int, int] = {}  # the group of a node, by its order

    def new(self, node: Node) -> None:
        self.of[node.order] = len(self.members)
        self.members.append([node])
        self.waits.append(self._waits_of(node.inputs))

    def join(self, node: Node, group: int) -> None:
        self.of[node.order] = group
        self.members[group].append(node)
        added = self._waits_of(node.inputs) & ~(1 << group)
        for other in range(len(self.waits)):  # whoever waits for the group now waits for this too
            if other == group or self.waits[other] >> group & 1:
                self.waits[other] |= added

    def may_join(self, node: Node, group: int) -> bool:
        """Whether nothing outside of the group that the node needs waits for the group."""
        for x in node.inputs:
            other = self.of.get(x.order)
            if other is not None and other != group and self.waits[other] >> group & 1:
                return False
        return True

    def _waits_of(self, nodes: Iterable[Node]) -> int:
        waits = 0
        for x in nodes:
            group = self.of.get(x.order)
            if group is not None:
                waits |= self.waits[group] | 1 << group
        return waits

    def in_order(self) -> list[list[Node]]:
        """The groups, each after all that it waits for."""
        order: list[list[Node]] = []
        done, waiting = 0, list(range(len(self.members)))
        while waiting:
            later = []
            for group in waiting:
                if self.waits[group] & ~done & ~(1 << group):
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
        candidates = dict.fromkeys(groups.of[x.order] for x in _elementwise_inputs(node) if x.order in groups.of)
        chosen = next((g for g in candidates if _fits(groups, node, g)), None)
        if chosen is None:
            groups.new(node)
        else:
            groups.join(node, chosen)
    return groups.in_order()


def _elementwise_inputs(node: Node) -> Iterable[Node]:
    if node.primitive is not None and node.primitive.name in ELEMENTWISE:
        return [x for x in node.inputs if x.primitive is not None and x.primitive.name in ELEMENTWISE]
    return []


def _fits(groups: Groups, node: Node, group: int) -> bool:
    members = groups.members[group]
    return members[0].shape == node.shape and len(members) < LARGEST and groups.may_join(node, group)
