"""Blocks: which nodes can be computed for some rows at a time, and what they read for them.

Rows are the first axis. A network's layers treat the examples of a batch, and an optimiser's update the rows of a
weight, one by one: a chain of such nodes can run for a few rows from end to end while they are in the cache, before it
takes the next few. What sums over the rows (the gradient of a bias) leaves a part of the sum for each block.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pellucid.engines.native.fuse import ELEMENTWISE
from pellucid.engines.native.limits import LIMITS
from pellucid.engines.native.patterns import nbytes
from pellucid.graph import Node


@dataclass(frozen=True)
class Access:
    """How a node is computed for a block of its rows.

    inputs:  for each input the axis of which the block reads its own part, or None where it reads all of it
    partial: the node sums over the rows, and each block gives a part of the sum
    """

    rows: int
    inputs: tuple[int | None, ...]
    partial: bool = False


Rule = Callable[[Node], Access | None]
RULES: dict[str, Rule] = {}


def access(group: Sequence[Node]) -> Access | None:
    """How a group is computed by rows, the inputs of all its nodes put end to end; None where it cannot be."""
    first = group[0]
    assert first.primitive is not None, "inputs and constants are in no group"
    if first.primitive.name in ELEMENTWISE:
        found = Access(first.shape[0], (0,) * sum(len(node.inputs) for node in group)) if first.shape else None
    else:
        rule = RULES.get(first.primitive.name)
        found = rule(first) if rule is not None else None
    return found if found is not None and found.rows > 1 else None


def _rule(*names: str) -> Callable[[Rule], Rule]:
    def enter(function: Rule) -> Rule:
        for name in names:
            RULES[name] = function
        return function

    return enter


@_rule("max_pool2d", "max_pool2d_position", "max_pool2d_gradient", "max_pool2d_argmax", "sum_pool2d", "sum_unpool2d")
def _each_row(node: Node) -> Access:
    return Access(node.shape[0], (0,) * len(node.inputs))


@_rule("reshape")
def _reshape(node: Node) -> Access | None:
    x = node.inputs[0]
    same = x.shape and node.shape and x.shape[0] == node.shape[0]
    return Access(node.shape[0], (0,)) if same else None


@_rule("transpose")
def _transpose(node: Node) -> Access | None:
    axes = node.options["axes"]
    return Access(node.shape[0], (0,)) if axes and axes[0] == 0 else None


@_rule("broadcast_to")
def _broadcast(node: Node) -> Access | None:
    (x,) = node.inputs
    if not node.shape:
        return None
    own = len(x.shape) == len(node.shape) and x.shape[0] == node.shape[0]
    return Access(node.shape[0], (0 if own else None,))


@_rule("slice")
def _slice(node: Node) -> Access | None:
    (x,) = node.inputs
    if not node.shape or node.options["slices"][0] != (0, x.shape[0], 1):
        return None
    return Access(node.shape[0], (0,))


@_rule("concatenate", "take_along_axis", "scatter_add_along_axis")
def _along_an_axis(node: Node) -> Access | None:
    return _each_row(node) if node.options["axis"] != 0 else None


@_rule(
    *("argmax", "chosen_gradient", "log_softmax", "log_softmax_chosen", "log_softmax_gradient"),
    *("softmax", "softmax_gradient"),
)
def _along_another_axis(node: Node) -> Access | None:
    return Access(node.inputs[0].shape[0], (0,) * len(node.inputs)) if node.options["axis"] != 0 else None


@_rule("sum", "max")
def _reduce(node: Node) -> Access | None:
    x, axes = node.inputs[0], node.options["axes"]
    if not x.shape or not axes:
        return None
    if 0 not in axes:
        return Access(node.shape[0], (0,))
    is_sum = node.primitive is not None and node.primitive.name == "sum"
    return Access(x.shape[0], (0,), partial=True) if is_sum and node.dtype.kind == "f" else None


@_rule("matmul")
def _matmul(node: Node) -> Access | None:
    rows, *rest = node.shape
    if len(rest) > 1:  # a stack of matrices
        return Access(rows, (0, 0))
    return Access(rows, (0, None)) if nbytes(node.inputs[1]) <= LIMITS.whole_bytes else None


@_rule("matmul_update")
def _matmul_update(node: Node) -> Access | None:
    _, v, _, *scale = node.inputs
    return Access(node.shape[0], (0, None, 0, *(None for _ in scale))) if nbytes(v) <= LIMITS.whole_bytes else None


@_rule("conv2d", "conv2d_input_gradient")
def _convolution(node: Node) -> Access | None:
    return Access(node.shape[0], (0, None)) if nbytes(node.inputs[1]) <= LIMITS.whole_bytes else None


@_rule("conv2d_weight_gradient")
def _weight_gradient(node: Node) -> Access | None:
    """Only where the parts of the sum are small beside what is read for them."""
    x, g = node.inputs
    parts = math.prod(node.shape) * x.shape[0] / 4
    return Access(x.shape[0], (0, 0), partial=True) if parts < math.prod(x.shape) + math.prod(g.shape) else None
