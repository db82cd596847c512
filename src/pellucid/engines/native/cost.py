"""What a group of nodes costs, roughly: enough to decide what is worth sharing among threads."""

from __future__ import annotations

import math
from collections.abc import Sequence

from pellucid.engines.native.fuse import ELEMENTWISE
from pellucid.engines.native.patterns import name_of
from pellucid.graph import Node

VIEWS = frozenset(("reshape", "transpose", "broadcast_to", "slice"))  # they move nothing, as a rule
CALL = 50.0  # nanoseconds of a kernel call that does nothing
EACH_PRODUCT = 0.01  # of a multiplication or addition in a product
EACH = 0.1  # of any other operation on one number, memory included


def cost(group: Sequence[Node]) -> float:
    """Nanoseconds on one core, to a factor of two or so."""
    return 0.0 if is_view(group) else CALL + products(group[0]) * EACH_PRODUCT + others(group) * EACH


def is_view(group: Sequence[Node]) -> bool:
    """Whether a group only looks at its input in another way."""
    return name_of(group[0]) in VIEWS


def products(node: Node) -> int:
    """Multiplications and additions in a matrix product or a convolution; 0 for anything else."""
    name = name_of(node)
    if name in ("matmul", "matmul_update"):
        return 2 * math.prod(node.shape) * node.inputs[0].shape[-1]
    if name == "conv2d":
        return 2 * math.prod(node.shape) * math.prod(node.inputs[1].shape[1:])
    if name == "conv2d_input_gradient":
        return 2 * math.prod(node.inputs[0].shape) * math.prod(node.inputs[1].shape[1:])
    if name == "conv2d_weight_gradient":
        return 2 * math.prod(node.inputs[1].shape) * math.prod(node.shape[1:])
    return 0


def others(group: Sequence[Node]) -> int:
    """Operations outside of products: one for each number that an elementwise node makes, or that another moves."""
    if name_of(group[0]) in ELEMENTWISE:
        return sum(math.prod(node.shape) for node in group)
    node = group[0]
    return math.prod(node.shape) + sum(math.prod(x.shape) for x in node.inputs)
