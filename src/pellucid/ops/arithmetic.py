"""Arithmetic, element by element, with NumPy's broadcasting."""

from __future__ import annotations

from typing import Any

import numpy as np

from pellucid.errors import DTypeError
from pellucid.graph import Primitive
from pellucid.operators import operation
from pellucid.ops.common import agree, floating, numbers, same
from pellucid.ops.comparison import logical_not, where
from pellucid.tensor import Tensor, apply, as_tensor


@operation
def add(a: Any, b: Any) -> Tensor:
    """a + b.

    Gradient: ā = ȳ, b̄ = ȳ
    """
    return apply(add_p, *agree("add", a, b))


add_p = Primitive("add", spec=same, value=np.add, gradients=[lambda g, y, a, b: g, lambda g, y, a, b: g])


@operation
def subtract(a: Any, b: Any) -> Tensor:
    """a - b.

    Gradient: ā = ȳ, b̄ = -ȳ
    Raises:   DTypeError for two bools
    """
    a, b = agree("subtract", a, b)
    numbers("subtract", a)
    return apply(subtract_p, a, b)


subtract_p = Primitive(
    "subtract",
    spec=same,
    value=lambda a, b: a - b,
    gradients=[lambda g, y, a, b: g, lambda g, y, a, b: -g],
)


@operation
def multiply(a: Any, b: Any) -> Tensor:
    """a · b.

    Gradient: ā = ȳ·b, b̄ = ȳ·a
    """
    return apply(multiply_p, *agree("multiply", a, b))


multiply_p = Primitive(
    "multiply",
    spec=same,
    value=np.multiply,
    gradients=[lambda g, y, a, b: g * b, lambda g, y, a, b: g * a],
)


@operation
def divide(a: Any, b: Any) -> Tensor:
    """a / b, in floats.

    Gradient: ā = ȳ/b, b̄ = -ȳ·y/b
    """
    a, b = agree("divide", a, b)
    return apply(divide_p, floating(a), floating(b))


divide_p = Primitive(
    "divide",
    spec=same,
    value=np.divide,
    gradients=[lambda g, y, a, b: g / b, lambda g, y, a, b: -g * y / b],
)


@operation
def negative(x: Any) -> Tensor:
    """-x.

    Gradient: x̄ = -ȳ
    Raises:   DTypeError for a bool
    """
    x = as_tensor(x)
    numbers("negative", x)
    return apply(negative_p, x)


negative_p = Primitive("negative", spec=same, value=lambda x: np.negative(x), gradients=[lambda g, y, x: -g])


@operation
def power(a: Any, b: Any) -> Tensor:
    """a to the power of b.

    Gradient: ā = ȳ·b·a^(b-1), b̄ = ȳ·y·log a
    Note:     b̄ counts 0^b as constant: log 0 would make 0 · -inf = nan of it. A fixed exponent 2 or ½ is computed
              as a·a and √a, which is exact and several times faster.

    >>> power([1.0, 2.0, 3.0], 2)
    Tensor([1. 4. 9.], float32)
    """
    if isinstance(b, int | float) and b == 2:
        return multiply(a, a)
    if isinstance(b, float) and b == 0.5:
        return floating(a).sqrt()
    a, b = agree("power", a, b)
    numbers("power", a)
    return apply(power_p, a, b)


def _power(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    if b.dtype.kind == "i" and (b < 0).any():
        raise DTypeError("power: integers to a negative power are no integers; cast one of them with .to('float32')")
    return np.power(a, b)


def _base_gradient(g: Tensor, y: Tensor, a: Tensor, b: Tensor) -> Tensor:
    # Where b is 0 the slope is 0, also at a = 0 where a^(b-1) is inf.
    return where(b == 0, 0.0, g * b * power(a, where(b == 0, 1.0, b - 1)))


def _exponent_gradient(g: Tensor, y: Tensor, a: Tensor, b: Tensor) -> Tensor:
    return where(a == 0, 0.0, g * y * where(a == 0, 1.0, a).log())


power_p = Primitive("power", spec=same, value=_power, gradients=[_base_gradient, _exponent_gradient])


@operation
def maximum(a: Any, b: Any) -> Tensor:
    """The larger of a and b; nan where one is nan.

    Gradient: to the larger one; half to each where they are equal
    Note:     so maximum(x, 0) has slope ½ at 0; `relu` has 0 there
    """
    return apply(maximum_p, *agree("maximum", a, b))


@operation
def minimum(a: Any, b: Any) -> Tensor:
    """The smaller of a and b; nan where one is nan.

    Gradient: to the smaller one; half to each where they are equal
    """
    a, b = agree("minimum", a, b)
    return opposite(maximum(opposite(a), opposite(b)))


def opposite(x: Tensor) -> Tensor:
    """x with its order turned round, which makes a minimum of a maximum.

    Note: -x overflows for the smallest integer, and wraps for every unsigned one but 0
    """
    if x.dtype.kind == "f":
        return -x
    if x.dtype == bool:
        return logical_not(x)
    return subtract(int(np.iinfo(x.dtype).max) if x.dtype.kind == "u" else -1, x)


def _share(chosen: Any, other: Any, like: Tensor) -> Tensor:
    """1 where `chosen` is the larger, ½ where both are equal, 0 elsewhere."""
    return where(chosen == other, 0.5, (chosen > other).to(like.dtype))


maximum_p = Primitive(
    "maximum",
    spec=same,
    value=np.maximum,
    gradients=[lambda g, y, a, b: g * _share(a, b, g), lambda g, y, a, b: g * _share(b, a, g)],
)


@operation
def clip(x: Any, low: float | None = None, high: float | None = None) -> Tensor:
    """x held between `low` and `high`.

    Gradient: ȳ inside and at the bounds, 0 outside

    >>> clip([-1.0, 0.5, 2.0], 0, 1)
    Tensor([0.  0.5 1. ], float32)
    """
    x = as_tensor(x)
    if low is not None:
        x = where(x < low, low, x)
    if high is not None:
        x = where(x > high, high, x)
    return x
