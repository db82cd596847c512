"""The operations: one file a family, one room an operation.

A room holds the public function with its docstring, the shape rule, the meaning in NumPy and the gradient.
"""

from pellucid.ops import (
    activation,
    arithmetic,
    comparison,
    convolution,
    creation,
    dtype,
    elementwise,
    im2col,
    indexing,
    linalg,
    loss,
    normalization,
    pooling,
    random,
    reduction,
    shape,
)

__all__ = [
    "activation",
    "arithmetic",
    "comparison",
    "convolution",
    "creation",
    "dtype",
    "elementwise",
    "im2col",
    "indexing",
    "linalg",
    "loss",
    "normalization",
    "pooling",
    "random",
    "reduction",
    "shape",
]
