"""Sums: a sum that follows from sums that are there already needs no pass over memory.

Σ (a·c + d·b) is c·Σa + d·Σb where c and d are the same for all that is summed. In the gradient of a batch
normalisation the sum that its mean asks for is of this kind: the sums of x and of the gradient are there already.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from pellucid.engines.native.limits import LIMITS
from pellucid.engines.native.patterns import is_a, rewrite
from pellucid.graph import Graph, Node, Primitive

MOST = 16  # operations that are looked through

Term = tuple[list[tuple[str, Node]], Node | None]  # what a sum is multiplied with or divided by; None: of ones


def sums_of_sums(graph: Graph) -> Graph:
    """The graph with such sums taken apart."""
    sums: set[tuple[int, tuple[int, ...]]] = set()  # what has been summed so far, and along which axes

    def change(node: Node) -> Node:
        if not is_a(node, "sum") or node.dtype.kind != "f" or math.prod(node.inputs[0].shape) < LIMITS.split_sum:
            return node
        x = node.inputs[0]
        terms = _Terms(x, _axes(node), sums).found() if is_a(x, "add", "subtract", "negative", "multiply") else None
        if terms is None or len(terms) < 2:
            sums.add((x.order, _axes(node)))
            return node
        return _added([_term(term, node) for term in terms])

    return rewrite(graph, change)


class _Terms:
    """The terms of an expression, or None where one of them is no factor times what has been summed anyway."""

    def __init__(self, x: Node, axes: tuple[int, ...], sums: set[tuple[int, tuple[int, ...]]]) -> None:
        self.x, self.axes, self.sums, self.left = x, axes, sums, MOST

    def found(self) -> list[Term] | None:
        try:
            return list(self._of(self.x, []))
        except _NotThereError:
            return None

    def _of(self, x: Node, factors: list[tuple[str, Node]]) -> Iterator[Term]:
        self.left -= 1
        if self.left < 0:
            raise _NotThereError
        constant = self._constant(x)
        if constant is not None:
            yield [*factors, ("multiply", constant)], None
        elif x is not self.x and (x.order, self.axes) in self.sums:
            yield factors, x
        elif is_a(x, "negative"):
            yield from self._of(x.inputs[0], [*factors, ("negative", x)])
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
            yield from self._of(a, [*factors, (x.primitive.name, factor)])
        else:
            raise _NotThereError

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
