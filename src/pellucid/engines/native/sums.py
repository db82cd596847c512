"""Sums: a sum that follows from sums that are there already needs no pass over memory.

Σ (a·c + d·b) is c·Σa + d·Σb where c and d are the same for all that is summed. In the gradient of a batch
normalisation the sum that its mean asks for is of this kind: the sums of x and of the gradient are there already.

The terms may be much larger than what is left of them, and the sum is then wrong by their rounding. That does no harm
where each number that is summed has such an error already: c·a has one of c·a's last digit, and x - mean(x) has the
mean's, of about x's last digit. It would in a sum of x - y, which is exact where both are near each other. So these are
the terms that are taken, of two arrays at least, since a mean that is taken a second time is to undo the first one's
rounding; and only where the sum is spread over as many numbers again. A sum that is asked for itself is summed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from pellucid.engines.native.limits import LIMITS
from pellucid.engines.native.patterns import constant_of, flat, is_a, rewrite
from pellucid.graph import Graph, Node, Primitive

MOST = 16  # operations that are looked through

Term = tuple[list[tuple[str, Node]], Node | None]  # what a sum is multiplied with or divided by; None: of ones


def sums_of_sums(graph: Graph) -> Graph:
    """The graph with such sums taken apart."""
    sums: set[tuple[int, tuple[int, ...]]] = set()  # what has been summed so far, and along which axes
    spread = _spread_again(graph)

    def change(node: Node) -> Node:
        if not is_a(node, "sum") or node.dtype.kind != "f" or math.prod(node.inputs[0].shape) < LIMITS.split_sum:
            return node
        terms = _Terms(node.inputs[0], _axes(node), sums).found() if node.order in spread else None
        if terms is None:
            sums.add((node.inputs[0].order, _axes(node)))
            return node
        return _added([_term(term, node) for term in terms])

    return rewrite(graph, change, spread)


def _spread_again(graph: Graph) -> set[int]:
    """The nodes which all that is made of them repeats, after little arithmetic, along some axes."""
    spread = {node.order for node in graph.nodes}
    spread -= {node.order for node in graph.outputs}
    for node in reversed(graph.nodes):
        passes_on = is_a(node, "reshape", "negative", "multiply", "divide") and node.order in spread
        repeats = is_a(node, "broadcast_to") and math.prod(node.shape) > math.prod(node.inputs[0].shape)
        if not passes_on and not repeats:
            spread -= {x.order for x in node.inputs}
    return spread


class _Terms:
    """The terms of an expression, or None where one of them is no factor times what has been summed anyway."""

    def __init__(self, x: Node, axes: tuple[int, ...], sums: set[tuple[int, tuple[int, ...]]]) -> None:
        self.x, self.axes, self.sums, self.left = x, axes, sums, MOST

    def found(self) -> list[Term] | None:
        try:
            terms = list(self._of(self.x, []))
        except _NotThereError:
            return None
        return terms if len({x.order for _, x in terms if x is not None}) > 1 else None

    def _of(self, x: Node, factors: list[tuple[str, Node]], rounded: bool = False) -> Iterator[Term]:
        """rounded: whether a factor rounds x"""
        self.left -= 1
        if self.left < 0:
            raise _NotThereError
        mean = self._mean_subtracted(x)
        if mean is not None:
            yield factors, x.inputs[0]
            yield [*factors, ("negative", x), ("multiply", mean)], None
        elif rounded and x is not self.x and (x.order, self.axes) in self.sums:
            yield factors, x
        elif is_a(x, "negative"):
            yield from self._of(x.inputs[0], [*factors, ("negative", x)], rounded)
        elif is_a(x, "add", "subtract"):
            yield from self._of(x.inputs[0], factors)
            yield from self._of(x.inputs[1], [*factors, ("negative", x)] if is_a(x, "subtract") else factors)
        elif is_a(x, "multiply", "divide"):
            a, b = x.inputs
            if is_a(x, "multiply") and self._constant(a) is not None:
                a, b = b, a
            factor = self._constant(b)
            if factor is None or x.primitive is None:
                raise _NotThereError
            yield from self._of(a, [*factors, (x.primitive.name, factor)], rounded or constant_of(b) is None)
        else:
            raise _NotThereError

    def _mean_subtracted(self, x: Node) -> Node | None:
        """The mean along the axes that the node subtracts from what it is the mean of; None if it does not."""
        if not is_a(x, "subtract") or (x.inputs[0].order, self.axes) not in self.sums:
            return None
        mean = self._constant(x.inputs[1])
        quotient = None if mean is None else flat(mean)
        if quotient is None or not is_a(quotient, "divide"):
            return None
        total = flat(quotient.inputs[0])
        of_x = is_a(total, "sum") and total.inputs[0] is x.inputs[0] and _axes(total) == self.axes
        return mean if of_x else None

    def _constant(self, x: Node) -> Node | None:
        """The smaller array that x repeats along all axes of the sum, in the sum's shape; None where there is none."""
        if not is_a(x, "broadcast_to"):
            return None
        (small,) = x.inputs
        missing = len(x.shape) - len(small.shape)
        if any(a >= missing and small.shape[a - missing] != 1 for a in self.axes):
            return None
        rest = tuple(n for a, n in enumerate(small.shape, missing) if a not in self.axes)
        shape = tuple(n for a, n in enumerate(x.shape) if a not in self.axes)
        return _spread(_named("reshape", small, shape=rest) if rest != small.shape else small, shape)


class _NotThereError(Exception):
    """A term whose sum is not there."""


def _term(term: Term, node: Node) -> Node:
    factors, x = term
    axes, whole = _axes(node), node.inputs[0].shape
    if x is None:
        count = np.asarray(math.prod(whole[a] for a in axes), node.dtype)
        y = _spread(Node.constant(count), node.shape)
    else:
        y = _named("sum", x, axes=node.options["axes"])
    for name, factor in factors:
        y = _named("negative", y) if name == "negative" else _named(name, y, factor)
    return y


def _added(terms: list[Node]) -> Node:
    total = terms[0]
    for term in terms[1:]:
        total = _named("add", total, term)
    return total


def _spread(x: Node, shape: tuple[int, ...]) -> Node:
    return x if x.shape == shape else _named("broadcast_to", x, shape=shape)


def _named(name: str, *inputs: Node, **options: object) -> Node:
    return Primitive.registry[name].node(*inputs, **options)


def _axes(node: Node) -> tuple[int, ...]:
    return tuple(node.options["axes"])
