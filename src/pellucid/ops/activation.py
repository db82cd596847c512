"""Activations: what a neuron makes of its weighted sum. Integers are taken as float32."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from pellucid.errors import OptionError
from pellucid.graph import Primitive
from pellucid.operators import operation
from pellucid.ops.common import floating, same
from pellucid.ops.comparison import where
from pellucid.ops.elementwise import erf, exp, expm1, log, sigmoid, tanh
from pellucid.ops.reduction import max, sum
from pellucid.tensor import Tensor, apply, as_tensor


@operation
def step(x: Any) -> Tensor:
    """1 where x is above 0, else 0. No gradient, which is why networks that learn by gradients do not use it.

    Reference: F. Rosenblatt, "The perceptron", 1958

    >>> step([-1.0, 0.0, 2.0])
    Tensor([0. 0. 1.], float32)
    """
    x = floating(x)
    return (x > 0).to(x.dtype)


@operation
def identity(x: Any) -> Tensor:
    """x itself: the activation of an output that may be any number."""
    return as_tensor(x)


@operation
def relu(x: Any) -> Tensor:
    """x where it is above 0, else 0; nan stays nan.

    Gradient: ȳ where x is above 0, else 0; at 0 itself 0
    Note:     not maximum(x, 0), which has the slope ½ at 0
    Reference: V. Nair, G. Hinton, "Rectified linear units improve restricted Boltzmann machines", 2010

    >>> relu([-1.0, 0.0, 2.0])
    Tensor([0. 0. 2.], float32)
    """
    x = as_tensor(x)
    return where(x <= 0, 0, x)


@operation
def leaky_relu(x: Any, negative_slope: float = 0.01) -> Tensor:
    """x where it is above 0, else a small part of it, so that no neuron is without a gradient.

    >>> leaky_relu([-1.0, 2.0], 0.1)
    Tensor([-0.1  2. ], float32)
    """
    x = floating(x)
    return where(x > 0, x, x * negative_slope)


@operation
def elu(x: Any, alpha: float = 1.0) -> Tensor:
    """x where it is above 0, else alpha·(eˣ - 1), which goes smoothly to -alpha.

    Note:      where x is large eˣ is inf, and 0 · inf would make the gradient of the branch not taken nan; so
               that branch gets 0 in its place
    Reference: D.-A. Clevert, T. Unterthiner, S. Hochreiter, "Fast and accurate deep network learning by
               exponential linear units", 2015

    >>> elu([-1.0, 2.0])
    Tensor([-0.63212055  2.        ], float32)
    """
    x = floating(x)
    return where(x <= 0, expm1(where(x <= 0, x, 0)) * alpha, x)


@operation
def gelu(x: Any, approximate: str = "none") -> Tensor:
    """x times the probability that a normal number is below x.

    approximate: "none", or "tanh" for the cheaper curve of the first GPT models, off by 0.0005 at most

    Math:      y = x·(1 + erf(x/√2))/2;   tanh: y = x·(1 + tanh(√(2/π)·(x + 0.044715·x³)))/2
    Raises:    OptionError for another approximation
    Reference: D. Hendrycks, K. Gimpel, "Gaussian error linear units", 2016

    >>> gelu([-1.0, 0.0, 1.0])
    Tensor([-0.15865526  0.          0.8413447 ], float32)
    """
    x = floating(x)
    if approximate == "none":
        return x * (erf(x * math.sqrt(0.5)) + 1) * 0.5
    if approximate == "tanh":
        return x * (tanh((x + x * x * x * 0.044715) * math.sqrt(2 / math.pi)) + 1) * 0.5
    raise OptionError(f"gelu: there is no approximation {approximate!r}; give 'none' or 'tanh'")


@operation
def silu(x: Any) -> Tensor:
    """x · sigmoid(x), also called swish.

    >>> silu([-1.0, 0.0, 1.0])
    Tensor([-0.2689414  0.         0.7310586], float32)
    """
    x = floating(x)
    return x * sigmoid(x)


@operation
def softplus(x: Any, beta: float = 1.0) -> Tensor:
    """A smooth relu: log(1 + e^(beta·x)) / beta.

    Gradient: x̄ = ȳ·sigmoid(beta·x)
    Note:     eˣ overflows; max(x, 0) + log(1 + e^-|x|) does not. That is a primitive because composed it
              would have the second derivative 0 in place of ¼ at x = 0, where |x| has none: a fresh logistic
              regression stands exactly there.

    >>> softplus([-1000.0, 0.0, 1000.0])
    Tensor([0.000000e+00 6.931472e-01 1.000000e+03], float32)
    """
    x = floating(x)
    return apply(softplus_p, x) if beta == 1 else apply(softplus_p, x * beta) / beta


softplus_p = Primitive(
    "softplus",
    spec=same,
    value=lambda x: np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))),
    gradients=[lambda g, y, x: g * sigmoid(x)],
)


@operation
def softmax(x: Any, axis: int = -1) -> Tensor:
    """Numbers as probabilities: positive, with the sum 1 along the axis.

    Math:     y = eˣ / Σ eˣ
    Gradient: x̄ = y·(ȳ - Σ ȳ·y)
    Note:     eˣ overflows for x > 88 in float32; with the largest x taken off first, which changes nothing
              in the quotient, the largest power is e⁰

    >>> softmax([1000.0, 1000.0])
    Tensor([0.5 0.5], float32)
    """
    e = exp(_below_zero(x, axis))
    return e / sum(e, axis, keepdims=True)


@operation
def log_softmax(x: Any, axis: int = -1) -> Tensor:
    """The logarithm of softmax, without the log 0 that small probabilities would make of it.

    Math: y = x - log Σ eˣ

    >>> log_softmax([0.0, 1000.0])
    Tensor([-1000.     0.], float32)
    """
    x = _below_zero(x, axis)
    return x - log(sum(exp(x), axis, keepdims=True))


def _below_zero(x: Any, axis: int) -> Tensor:
    """x with the largest along the axis taken off; as a constant, since the result does not depend on it."""
    x = floating(x)
    return x - max(x.detach(), axis, keepdims=True)
