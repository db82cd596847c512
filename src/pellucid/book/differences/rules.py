"""Which rule is for which primitive."""

from __future__ import annotations

from pellucid.book.differences.images import columns, gathered, one_by_one, pooled
from pellucid.book.differences.pointwise import broadcast, is_pointwise, pointwise, reshaped, total, transposed
from pellucid.book.differences.products import convolution, product
from pellucid.book.differences.walk import Rule, primitive_of
from pellucid.graph import Node

RULES: dict[str, Rule] = {
    "reshape": reshaped,
    "transpose": transposed,
    "broadcast_to": broadcast,
    "sum": total,
    "matmul": product,
    "conv2d": convolution,
    "max_pool2d_argmax": pooled,
    "sum_pool2d": pooled,
    "im2col": columns,
    "col2im": columns,
    "gather": gathered,
}


def rule_for(node: Node) -> Rule:
    """The rule for one use of a primitive; whatever has none is done once for each perturbation."""
    primitive = primitive_of(node)
    return RULES.get(primitive.name) or (pointwise if is_pointwise(node) else one_by_one)
