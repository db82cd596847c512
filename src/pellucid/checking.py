"""Gradients by differences: slow, simple, and what the others are checked against."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from pellucid.autodiff import gradients, leaf_of
from pellucid.errors import GradientError, ShapeError
from pellucid.operators import OPERATIONS
from pellucid.tensor import Tensor, as_tensor, recording


def numerical_gradient(function: Callable[[Any], Any], x: Any, *, h: float = 1e-4) -> Any:
    """The gradient of a scalar-valued function by central differences, one element after the other.

    Math:    ∂f/∂xᵢ ≈ (f(x + h·eᵢ) - f(x - h·eᵢ)) / 2h, error O(h²) and rounding O(ε/h); computed in float64
    Shapes:  x any → the gradient, of x's shape; a NumPy array for an array, a Tensor for a Tensor
    Note:    a float64 x is changed in place and restored, so a function may also look at x from outside, as the
             books' `lambda W: net.loss(x, t)` does; any other dtype is computed on a float64 copy, which is
             what `function` is called with. Integers are converted with a warning.
    Reference: K. Saitoh, "Deep Learning from Scratch", 2016, section 4.3

    >>> numerical_gradient(lambda x: (x**2).sum(), np.array([3.0, 4.0])).round(6)
    array([6., 8.])
    """
    x = x if isinstance(x, Tensor | np.ndarray) else np.asarray(x)
    if x.dtype.kind not in "f":
        warnings.warn(f"numerical_gradient: x holds {x.dtype}; it was converted to float64", stacklevel=2)
    copied = x.dtype != np.float64 or (isinstance(x, np.ndarray) and not x.flags.writeable)
    if copied:
        x = x.to("float64") if isinstance(x, Tensor) else x.astype(np.float64)
    with recording(False):
        if isinstance(x, Tensor):
            slope = _tensor_differences(function, x if x.is_leaf else x.detach(), h)
        else:
            slope = _array_differences(function, x, h)
    if copied and slope.size and not slope.any():
        warnings.warn(
            "numerical_gradient: all differences are zero; the function was called with a float64 copy of x, "
            "so it must use its argument and not look at x from outside",
            stacklevel=2,
        )
    return Tensor(slope) if isinstance(x, Tensor) else slope


def _array_differences(function: Callable[[Any], Any], x: np.ndarray, h: float) -> np.ndarray:
    slope = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        before = x[i]
        try:
            x[i] = before + h
            above = _number(function(x))
            x[i] = before - h
            slope[i] = (above - _number(function(x))) / (2 * h)
        finally:
            x[i] = before
    return slope


def _tensor_differences(function: Callable[[Any], Any], x: Tensor, h: float) -> np.ndarray:
    value, version, before = x._value, x._version, x.numpy()
    slope = np.zeros_like(before)
    try:
        for i in np.ndindex(before.shape):
            step = np.zeros_like(before)
            step[i] = h
            x.assign(Tensor(before + step))
            above = _number(function(x))
            x.assign(Tensor(before - step))
            slope[i] = (above - _number(function(x))) / (2 * h)
    finally:
        x._value, x._version = value, version  # as if it had never been changed
    return slope


def _number(value: Any) -> float:
    shape = getattr(value, "shape", ())
    if math.prod(shape) != 1:
        raise ShapeError(f"numerical_gradient: the function gave shape {shape}; it must give one number")
    return float(value.item() if shape else value)


class GradientCheck:
    """What `check_gradients` found: the worst element, its two gradients, and how far they are apart.

    weighted: the gradients are those of the weighted sum of several outputs, so no output's own
    """

    weighted = False

    def __init__(
        self, position: int, index: tuple[int, ...], analytic: float, numeric: float, floor: float = 1.0
    ) -> None:
        self.position, self.index = position, index
        self.analytic, self.numeric, self.floor = analytic, numeric, floor

    @property
    def error(self) -> float:
        """|analytic - numeric| / max(|analytic|, |numeric|, floor)"""
        return abs(self.analytic - self.numeric) / max(self.floor, abs(self.analytic), abs(self.numeric))

    def __repr__(self) -> str:
        where = f"input {self.position}{list(self.index) if self.index else ''}"
        of = " as gradients of the weighted sum of the outputs" if self.weighted else ""
        return (
            f"worst at {where}: backward gives {self.analytic:.9g}, differences give {self.numeric:.9g}{of} "
            f"(relative error {self.error:.1e})"
        )


def check_gradients(
    function: Callable[..., Any],
    *inputs: Any,
    tolerance: float = 1e-6,
    h: float = 1e-5,
    allow_zero: bool = False,
) -> GradientCheck:
    """Compare the gradients of `function` by every input, from backward, with central differences, in float64.

    A function with more than one output is checked through the weighted sum of its outputs (fixed weights in
    1..2, so that no two of them cancel); the two gradients of what is found are then those of the weighted sum of the
    outputs.

    Raises: GradientError naming the worst element when it is off by more than `tolerance` (relative to itself, or to
            the largest gradient where that is below 1, else to 1); or when all gradients are zero, since such a
            check shows nothing (allow_zero=True lets it pass)
    Note:   at a kink, such as relu at 0, differences and backward may give different slopes, both rightly

    >>> check_gradients(lambda x, w: x @ w, [[1.0, 2.0]], [[3.0], [4.0]]).error < 1e-6
    True
    """
    leaves = [leaf_of(Tensor(np.asarray(as_tensor(x).numpy(), np.float64))) for x in inputs]
    outputs = as_tensor(function(*leaves))
    output = _weighted(outputs)
    known = gradients(output, leaves) if output.requires_grad else [leaf.detach() * 0 for leaf in leaves]
    analytic = [g.numpy() for g in known]
    numeric = []
    for position, leaf in enumerate(leaves):
        others = list(leaves)

        def by_one(x: Tensor, position: int = position, others: list[Tensor] = others) -> Any:
            return _weighted(function(*others[:position], x, *others[position + 1 :]))

        numeric.append(numerical_gradient(by_one, leaf, h=h).numpy())
    worst = _worst(analytic, numeric, output.item())
    worst.weighted = outputs.size != 1
    if not worst.error <= tolerance:
        raise GradientError(
            f"check_gradients: {worst!r}, more than the tolerance {tolerance:g}; "
            "correct the gradient, or stand away from kinks such as relu at 0"
        )
    if not allow_zero and not any(np.any(g) for g in analytic):
        raise GradientError(
            "check_gradients: all gradients are zero, so this check shows nothing; "
            "give inputs at which the function has a slope, or allow_zero=True"
        )
    return worst


def _weighted(outputs: Any) -> Tensor:
    outputs = as_tensor(outputs)
    if outputs.size == 1:
        return OPERATIONS["reshape"](outputs, ())
    weights = 1 + np.random.Generator(np.random.Philox(key=0)).random(outputs.shape)
    return (outputs * Tensor(weights)).sum()


def _worst(analytic: list[np.ndarray], numeric: list[np.ndarray], value: float) -> GradientCheck:
    # Small gradients are held against the largest one; below 1e-4 of the value the differences are rounding.
    largest = max((float(np.fmax.reduce(np.abs(g), axis=None)) for g in [*analytic, *numeric] if g.size), default=0)
    floor = min(1.0, max(largest, 1e-4 * abs(value))) or 1.0
    checks = [
        GradientCheck(position, i, float(a[i]), float(n[i]), floor)
        for position, (a, n) in enumerate(zip(analytic, numeric, strict=True))
        for i in np.ndindex(a.shape)
    ]
    if not checks:
        raise GradientError("check_gradients: there is no element to check; give an input that is not empty")
    return max(checks, key=lambda check: np.inf if np.isnan(check.error) else check.error)
