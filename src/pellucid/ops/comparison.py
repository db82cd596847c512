"""Comparisons, logic, and choosing by a condition. Comparisons have no gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

from pellucid.errors import ShapeError
from pellucid.graph import Primitive, Shape, Spec
from pellucid.operators import operation
from pellucid.ops.common import agree, common_shape, truth
from pellucid.ops.dtype import cast
from pellucid.ops.shape import broadcast_to
from pellucid.tensor import Tensor, apply, as_tensor


@operation
def equal(a: Any, b: Any) -> Tensor:
    """a = b, as bool; nan equals nothing."""
    return apply(equal_p, *agree("equal", a, b))


equal_p = Primitive("equal", spec=truth, value=np.equal)


@operation
def not_equal(a: Any, b: Any) -> Tensor:
    """a ≠ b, as bool."""
    return logical_not(equal(a, b))


@operation
def less(a: Any, b: Any) -> Tensor:
    """a < b, as bool."""
    return apply(less_p, *agree("less", a, b))


less_p = Primitive("less", spec=truth, value=np.less)


@operation
def less_equal(a: Any, b: Any) -> Tensor:
    """a ≤ b, as bool."""
    return apply(less_equal_p, *agree("less_equal", a, b))


less_equal_p = Primitive("less_equal", spec=truth, value=np.less_equal)


@operation
def logical_not(x: Any) -> Tensor:
    """True where x is False (or 0)."""
    return apply(logical_not_p, cast(x, bool))


logical_not_p = Primitive("logical_not", spec=truth, value=np.logical_not)


@operation
def logical_and(a: Any, b: Any) -> Tensor:
    """True where both are True (or not 0)."""
    return apply(logical_and_p, *agree("logical_and", cast(a, bool), cast(b, bool)))


logical_and_p = Primitive("logical_and", spec=truth, value=np.logical_and)


@operation
def logical_or(a: Any, b: Any) -> Tensor:
    """True where one of them is True (or not 0)."""
    return apply(logical_or_p, *agree("logical_or", cast(a, bool), cast(b, bool)))


logical_or_p = Primitive("logical_or", spec=truth, value=np.logical_or)


@operation
def isfinite(x: Any) -> Tensor:
    """True where x is neither inf nor nan."""
    return apply(isfinite_p, as_tensor(x))


isfinite_p = Primitive("isfinite", spec=truth, value=np.isfinite)


@operation
def where(condition: Any, a: Any, b: Any) -> Tensor:
    """a where the condition holds, b elsewhere.

    Gradient: ā = ȳ where the condition holds, b̄ = ȳ elsewhere, else 0
    Note:     a branch that is not taken still gets 0 · its slope: where(x > 0, log(x), 0) has gradient nan at 0.
              Make the input safe, not the output: log(where(x > 0, x, 1)).

    >>> where([True, False], [1.0, 2.0], -1)
    Tensor([ 1. -1.], float32)
    """
    if not isinstance(a, Tensor) and not isinstance(b, Tensor):
        a = as_tensor(a)
    a, b = agree("where", a, b)
    condition = cast(condition, bool)
    shape = common_shape("where", condition.shape, a.shape)
    return apply(where_p, *(broadcast_to(x, shape) for x in (condition, a, b)))


def _where_spec(condition: Spec, a: Spec, b: Spec) -> tuple[Shape, np.dtype]:
    if not (condition.shape == a.shape == b.shape and a.dtype == b.dtype and condition.dtype == bool):
        raise ShapeError(
            f"where: inputs must agree, got {condition.shape}, {a.shape} {a.dtype} and {b.shape} {b.dtype}"
        )
    return a.shape, a.dtype


where_p = Primitive(
    "where",
    spec=_where_spec,
    value=np.where,
    gradients=[None, lambda g, y, c, a, b: where(c, g, 0.0), lambda g, y, c, a, b: where(c, 0.0, g)],
)
