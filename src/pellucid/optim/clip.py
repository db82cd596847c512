"""Clipping: gradients kept from growing too long or too large."""

from __future__ import annotations

from collections.abc import Iterable

from pellucid.ops.arithmetic import clip, maximum, minimum
from pellucid.ops.comparison import where
from pellucid.ops.elementwise import abs, sqrt
from pellucid.ops.reduction import max, sum
from pellucid.optim.groups import SIZE, within
from pellucid.tensor import Tensor, no_grad


def clip_grad_norm_(parameters: Tensor | Iterable[Tensor], max_norm: float) -> Tensor:
    """Scale all gradients together to a common length of at most `max_norm`; gives the length before.

    Math:      n = √(Σ g²) over all gradients, g ← g · min(1, max_norm/(n + 1e-6))
    Raises:    OptionError when max_norm is no number or negative
    Note:      n is measured in units of the largest element: in float32 squares are infinite from 2e19 on.
               An element that is inf or nan makes n and all gradients nan, so that it cannot go unnoticed.
    Reference: R. Pascanu, T. Mikolov, Y. Bengio, "On the difficulty of training recurrent neural
               networks", 2013

    >>> from pellucid.tensor import Parameter
    >>> w = Parameter([1.0, 2.0])
    >>> w.grad = Tensor([3.0, 4.0])
    >>> clip_grad_norm_([w], 1.0), w.grad.numpy().round(3)
    (Tensor(5., float32), array([0.6, 0.8], dtype=float32))
    """
    max_norm = within(SIZE, "clip_grad_norm_", "max_norm", max_norm)
    pairs = _with_gradient(parameters)
    with no_grad():
        norm = _norm([g for _, g in pairs])
        scale = minimum(max_norm / (norm + 1e-6), 1.0)
        for w, g in pairs:
            w.grad = g * scale.to(g.dtype)
    return norm


def clip_grad_value_(parameters: Tensor | Iterable[Tensor], clip_value: float) -> None:
    """Hold every element of every gradient between -clip_value and clip_value.

    Raises: OptionError when clip_value is no number or negative

    >>> from pellucid.tensor import Parameter
    >>> w = Parameter([1.0, 2.0])
    >>> w.grad = Tensor([3.0, -0.5])
    >>> clip_grad_value_([w], 1.0)
    >>> w.grad.numpy()
    array([ 1. , -0.5], dtype=float32)
    """
    clip_value = within(SIZE, "clip_grad_value_", "clip_value", clip_value)
    with no_grad():
        for w, g in _with_gradient(parameters):
            w.grad = clip(g, -clip_value, clip_value)


def _norm(gradients: list[Tensor]) -> Tensor:
    largest, total = Tensor(0.0), Tensor(0.0)
    for g in gradients:
        if g.size:
            largest = maximum(largest, max(abs(g)))
    unit = where(largest == 0, 1.0, largest)
    for g in gradients:
        part = g / unit
        total = total + sum(part * part)
    return unit * sqrt(total)


def _with_gradient(parameters: Tensor | Iterable[Tensor]) -> list[tuple[Tensor, Tensor]]:
    given = [parameters] if isinstance(parameters, Tensor) else list(parameters)
    return [(w, g) for w in given if (g := w.grad) is not None]
