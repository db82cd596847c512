"""Softmax in one node: what `ops/activation.py` and `ops/loss.py` compose, and what its gradients come to.

A small loss spends more time on the calls of a dozen kernels than on its numbers; in one kernel a row is read once.
"""

from __future__ import annotations

from collections.abc import Callable

from pellucid.engines.native.patterns import flat, is_a, native, repeated, rewrite
from pellucid.graph import Graph, Node

SOFTMAX = native("softmax", lambda x, *, axis: (x.shape, x.dtype))
LOG_SOFTMAX = native("log_softmax", lambda x, *, axis: (x.shape, x.dtype))
LOG_SOFTMAX_CHOSEN = native("log_softmax_chosen", lambda x, index, *, axis: (index.shape, x.dtype))
SOFTMAX_GRADIENT = native("softmax_gradient", lambda g, x, *, axis: (x.shape, x.dtype))
LOG_SOFTMAX_GRADIENT = native("log_softmax_gradient", lambda g, p, *, axis: (p.shape, p.dtype))
CHOSEN_GRADIENT = native("chosen_gradient", lambda g, p, index, *, axis: (p.shape, p.dtype))


def softmax_in_one(graph: Graph) -> Graph:
    """Softmax, its logarithm, that at one index a row (a loss at labels), and the gradients of all three.

    Whoever needs e^(x - max) or its sum for something else still finds them: what is replaced is the last node only.
    """
    rules: dict[str, Callable[[Node], Node | None]] = {
        "divide": _softmax,
        "subtract": _log_softmax,
        "take_along_axis": _log_softmax_chosen,
        "multiply": _softmax_gradient,
        "add": _log_softmax_gradient,
    }

    def change(node: Node) -> Node:
        rule = rules.get(node.primitive.name) if node.primitive else None
        return (rule(node) if rule else None) or node

    return rewrite(graph, change)


def _softmax(node: Node) -> Node | None:
    """e / Σ e"""
    e, total = node.inputs
    found = _powers(e)
    if found is None or not _is_total(repeated(total, found[1]), e, found[1]):
        return None
    return SOFTMAX.node(found[0], axis=found[1])


def _log_softmax(node: Node) -> Node | None:
    """d - log Σ e^d, d = x - max x"""
    d, log = node.inputs
    found = _below_largest(d)
    if found is None:
        return None
    x, axis = found
    log = repeated(log, axis)
    total = flat(log.inputs[0]) if log is not None and is_a(log, "log") else None
    if total is None or not is_a(total, "sum") or not is_a(total.inputs[0], "exp"):
        return None
    right = total.inputs[0].inputs[0] is d and tuple(total.options["axes"]) == (axis,)
    return LOG_SOFTMAX.node(x, axis=axis) if right else None


def _log_softmax_chosen(node: Node) -> Node | None:
    y, index = node.inputs
    axis = node.options["axis"]
    if not is_a(y, "log_softmax") or y.options["axis"] != axis or index.shape[axis] != 1:
        return None
    return LOG_SOFTMAX_CHOSEN.node(y.inputs[0], index, axis=axis)


def _log_softmax_gradient(node: Node) -> Node | None:
    """g + e·(Σ -g / Σ e)"""
    for g, rest in (node.inputs, node.inputs[::-1]):
        for e, factor in (rest.inputs, rest.inputs[::-1]) if is_a(rest, "multiply") else ():
            found = _powers(e)
            quotient = None if found is None else repeated(factor, found[1])
            if found is None or quotient is None or not is_a(quotient, "divide"):
                continue
            x, axis = found
            above, below = (flat(x) for x in quotient.inputs)
            if (
                not _is_total(below, e, axis)
                or not _is_sum_of_negative(above, axis)
                or above.inputs[0].inputs[0] is not g
            ):
                continue
            p = SOFTMAX.node(x, axis=axis)
            if is_a(g, "scatter_add_along_axis") and g.options["axis"] == axis and g.inputs[1].shape[axis] == 1:
                return CHOSEN_GRADIENT.node(g.inputs[0], p, g.inputs[1], axis=axis)
            return LOG_SOFTMAX_GRADIENT.node(g, p, axis=axis)
    return None


def _softmax_gradient(node: Node) -> Node | None:
    """(g / Σ e + Σ(-g·p / Σ e))·e"""
    for total, e in (node.inputs, node.inputs[::-1]):
        found = _powers(e)
        if found is None or not is_a(total, "add"):
            continue
        x, axis = found
        for quotient, row in (total.inputs, total.inputs[::-1]):
            whole = repeated(row, axis)
            if not is_a(quotient, "divide") or whole is None or not _is_sum(whole, axis):
                continue
            (g, below), part = quotient.inputs, whole.inputs[0]
            if not _is_total(repeated(below, axis), e, axis) or not is_a(part, "divide") or part.inputs[1] is not below:
                continue
            if _is_product(part.inputs[0], g, lambda p, x=x, axis=axis: _is_softmax(p, x, axis)):
                return SOFTMAX_GRADIENT.node(g, x, axis=axis)
    return None


def _is_product(node: Node, g: Node, is_other: Callable[[Node], bool]) -> bool:
    """Whether the node is -g times the other."""
    if not is_a(node, "multiply"):
        return False
    pairs = (node.inputs, node.inputs[::-1])
    return any(is_a(a, "negative") and a.inputs[0] is g and is_other(b) for a, b in pairs)


def _is_softmax(node: Node, x: Node, axis: int) -> bool:
    return is_a(node, "softmax") and node.inputs[0] is x and node.options["axis"] == axis


def _powers(e: Node) -> tuple[Node, int] | None:
    """x and the axis, if e is e^(x - max x)."""
    return _below_largest(e.inputs[0]) if is_a(e, "exp") else None


def _below_largest(d: Node) -> tuple[Node, int] | None:
    """x and the axis, if d is x - max x along one axis."""
    if not is_a(d, "subtract"):
        return None
    x, largest = d.inputs
    for axis in range(len(x.shape)):
        most = repeated(largest, axis)
        if most is not None and is_a(most, "max") and most.inputs[0] is x and tuple(most.options["axes"]) == (axis,):
            return x, axis
    return None


def _is_total(node: Node | None, e: Node, axis: int) -> bool:
    return node is not None and _is_sum(node, axis) and node.inputs[0] is e


def _is_sum(node: Node, axis: int) -> bool:
    return is_a(node, "sum") and tuple(node.options["axes"]) == (axis,)


def _is_sum_of_negative(node: Node, axis: int) -> bool:
    return _is_sum(node, axis) and is_a(node.inputs[0], "negative")
