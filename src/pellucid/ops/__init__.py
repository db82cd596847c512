"""The operations: one file a family, one room an operation.

A room holds the public function with its docstring, the shape rule, the meaning in NumPy and the gradient.
"""

from pellucid.ops import arithmetic, comparison, dtype, elementwise, indexing, linalg, random, reduction, shape

__all__ = ["arithmetic", "comparison", "dtype", "elementwise", "indexing", "linalg", "random", "reduction", "shape"]
