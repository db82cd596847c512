"""The functions of mathematics, element by element. Integers are taken as float32."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from pellucid.graph import Primitive
from pellucid.operators import operation
from pellucid.ops.common import floating, numbers, same
from pellucid.tensor import Tensor, apply, as_tensor


@operation
def exp(x: Any) -> Tensor:
    """eˣ.

    Gradient: x̄ = ȳ·y
    """
    return apply(exp_p, floating(x))


exp_p = Primitive("exp", spec=same, value=np.exp, gradients=[lambda g, y, x: g * y])


@operation
def expm1(x: Any) -> Tensor:
    """eˣ - 1, exact near 0, where exp(x) - 1 loses its digits.

    Gradient: x̄ = ȳ·(y + 1)
    """
    return apply(expm1_p, floating(x))


expm1_p = Primitive("expm1", spec=same, value=np.expm1, gradients=[lambda g, y, x: g * (y + 1)])


@operation
def log(x: Any) -> Tensor:
    """The natural logarithm; -inf at 0 and nan below.

    Gradient: x̄ = ȳ/x
    """
    return apply(log_p, floating(x))


log_p = Primitive("log", spec=same, value=np.log, gradients=[lambda g, y, x: g / x])


@operation
def log1p(x: Any) -> Tensor:
    """log(1 + x), exact near 0.

    Gradient: x̄ = ȳ/(1 + x)
    """
    return apply(log1p_p, floating(x))


log1p_p = Primitive("log1p", spec=same, value=np.log1p, gradients=[lambda g, y, x: g / (1 + x)])


@operation
def sqrt(x: Any) -> Tensor:
    """The square root; nan below 0.

    Gradient: x̄ = ȳ/(2y), inf at 0
    """
    return apply(sqrt_p, floating(x))


sqrt_p = Primitive("sqrt", spec=same, value=np.sqrt, gradients=[lambda g, y, x: g / (2 * y)])


@operation
def abs(x: Any) -> Tensor:
    """|x|.

    Gradient: x̄ = ȳ·sign x, 0 at 0
    """
    return apply(abs_p, as_tensor(x))


abs_p = Primitive("abs", spec=same, value=np.abs, gradients=[lambda g, y, x: g * sign(x)])


@operation
def sign(x: Any) -> Tensor:
    """-1, 0 or 1. No gradient.

    Raises: DTypeError for a bool
    """
    x = as_tensor(x)
    numbers("sign", x)
    return apply(sign_p, x)


sign_p = Primitive("sign", spec=same, value=np.sign)


@operation
def floor(x: Any) -> Tensor:
    """The largest whole number that is not above x. No gradient."""
    return apply(floor_p, floating(x))


floor_p = Primitive("floor", spec=same, value=np.floor)


@operation
def sin(x: Any) -> Tensor:
    """The sine of x in radians.

    Gradient: x̄ = ȳ·cos x
    """
    return apply(sin_p, floating(x))


sin_p = Primitive("sin", spec=same, value=np.sin, gradients=[lambda g, y, x: g * cos(x)])


@operation
def cos(x: Any) -> Tensor:
    """The cosine of x in radians.

    Gradient: x̄ = -ȳ·sin x
    """
    return apply(cos_p, floating(x))


cos_p = Primitive("cos", spec=same, value=np.cos, gradients=[lambda g, y, x: -g * sin(x)])


@operation
def tanh(x: Any) -> Tensor:
    """The hyperbolic tangent.

    Gradient: x̄ = ȳ·(1 - y²)
    """
    return apply(tanh_p, floating(x))


tanh_p = Primitive("tanh", spec=same, value=np.tanh, gradients=[lambda g, y, x: g * (1 - y * y)])


@operation
def sigmoid(x: Any) -> Tensor:
    """The logistic function.

    Math:     y = 1 / (1 + e⁻ˣ)
    Gradient: x̄ = ȳ·y·(1 - y)
    Note:     e⁻ˣ overflows for x < -88 in float32; e^-|x| never does, so each half is computed from that

    >>> sigmoid([-1000.0, 0.0, 1000.0])
    Tensor([0.  0.5 1. ], float32)
    """
    return apply(sigmoid_p, floating(x))


def _sigmoid(x: np.ndarray) -> np.ndarray:
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, small) / (1 + small)


sigmoid_p = Primitive(
    "sigmoid",
    spec=same,
    value=lambda x: _sigmoid(x).astype(x.dtype, copy=False),
    gradients=[lambda g, y, x: g * y * (1 - y)],
)


@operation
def erf(x: Any) -> Tensor:
    """The error function, the integral behind GELU.

    Math:     y = 2/√π ∫₀ˣ e^(-t²) dt
    Gradient: x̄ = ȳ·2/√π·e^(-x²)

    >>> erf([0.0, 1.0])
    Tensor([0.        0.8427008], float32)
    """
    return apply(erf_p, floating(x))


_erf = np.vectorize(math.erf, otypes=[np.float64])  # NumPy has none; the standard library's is exact, one by one

erf_p = Primitive(
    "erf",
    spec=same,
    value=lambda x: _erf(x).astype(x.dtype) if x.size else x,
    gradients=[lambda g, y, x: g * (2 / math.sqrt(math.pi)) * exp(-x * x)],
)
