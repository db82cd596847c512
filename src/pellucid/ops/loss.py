"""Losses: how far an output is from its target, as one number.

reduction: "mean" over the batch, "sum", or "none" for each by itself.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pellucid.errors import DTypeError, OptionError, RangeError, ShapeError
from pellucid.operators import operation
from pellucid.ops.activation import log_softmax, softplus
from pellucid.ops.arithmetic import clip
from pellucid.ops.common import floating
from pellucid.ops.comparison import where
from pellucid.ops.elementwise import abs, log, log1p
from pellucid.ops.indexing import check_labels, take_along_axis_p
from pellucid.ops.reduction import sum
from pellucid.ops.shape import broadcast_to, reshape, squeeze, unsqueeze
from pellucid.tensor import Tensor, apply, as_tensor, context

# ---- classes


@operation
def cross_entropy(
    x: Any,
    t: Any,
    weight: Any = None,
    *,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """Softmax and the negative logarithm of the probability that it gives to the right class.

    t:               the number of the class for each example, or the probability of each class (one-hot too)
    weight:          how much each class counts; the mean is then a weighted one, as in PyTorch
    ignore_index:    examples with this label do not count
    label_smoothing: this part of the target is spread evenly over all classes

    Math:     L = -1/N Σₙ log softmax(xₙ)[tₙ]
    Gradient: x̄ = (softmax(x) - one_hot(t)) / N
    Shapes:   x (N, C), t (N,) integers or (N, C) → (); or x (N, C, ...), t (N, ...); or x (C,), t ()
    Raises:   ShapeError when x and t do not fit; RangeError for a label that is no class; OptionError for
              label_smoothing outside of 0..1
    Note:     from log_softmax, since the logarithm of a probability that has become 0 is -inf

    >>> cross_entropy([[2.0, 0.0], [0.0, 3.0]], [0, 1])
    Tensor(0.08775769, float32)
    """
    name = "cross_entropy"
    x, t = floating(x), as_tensor(t)
    if not 0 <= label_smoothing <= 1:
        raise OptionError(f"{name}: label_smoothing={label_smoothing} is no part of the target; give 0 to 1")
    axis = _class_axis(name, x)
    weight = _class_weight(name, weight, x, axis)
    y = log_softmax(x, axis)
    if t.shape == x.shape:
        t = t.to(x.dtype)
        if label_smoothing:
            t = t * (1 - label_smoothing) + label_smoothing / x.shape[axis]
        loss = -sum(t * y if weight is None else t * y * weight, axis)
        return _reduced(name, loss, reduction)
    loss, counts = _nll(name, y, t, weight, axis, ignore_index)
    if label_smoothing:
        evenly = -sum(y if weight is None else y * weight, axis) / x.shape[axis]
        kept = t.to("int64") != ignore_index
        loss = loss * (1 - label_smoothing) + where(kept, evenly, 0.0) * label_smoothing
    return _reduced(name, loss, reduction, counts)


@operation
def nll_loss(x: Any, t: Any, weight: Any = None, *, ignore_index: int = -100, reduction: str = "mean") -> Tensor:
    """The negative of the right class's logarithm of probability: `cross_entropy` of what `log_softmax` gave.

    Shapes: x (N, C), t (N,) integers → (); or x (N, C, ...), t (N, ...); or x (C,), t ()
    Raises: as `cross_entropy`

    >>> nll_loss([[-0.5, -1.0]], [1])
    Tensor(1., float32)
    """
    x, t = floating(x), as_tensor(t)
    axis = _class_axis("nll_loss", x)
    weight = _class_weight("nll_loss", weight, x, axis)
    loss, counts = _nll("nll_loss", x, t, weight, axis, ignore_index)
    return _reduced("nll_loss", loss, reduction, counts)


def _class_axis(name: str, x: Tensor) -> int:
    if x.ndim == 0:
        raise ShapeError(f"{name}: x must be (C,), (N, C) or (N, C, ...), got ()")
    return min(1, x.ndim - 1)


def _class_weight(name: str, weight: Any, x: Tensor, axis: int) -> Tensor | None:
    """The weights of the classes, in a shape that broadcasts against x."""
    if weight is None:
        return None
    weight, classes = as_tensor(weight).to(x.dtype), x.shape[axis]
    if weight.shape != (classes,):
        raise ShapeError(f"{name}: weight is {weight.shape} but x has {classes} classes; give one number for each")
    return reshape(weight, (classes, *(1,) * (x.ndim - axis - 1)))


def _nll(name: str, y: Tensor, t: Tensor, weight: Tensor | None, axis: int, ignore_index: int) -> tuple[Tensor, Tensor]:
    """-y at the right class of each example, 0 for ignored ones; and how much each example counts."""
    wanted = y.shape[:axis] + y.shape[axis + 1 :]
    if t.shape != wanted:
        also = f" or probabilities {y.shape}" if name == "cross_entropy" else ""
        raise ShapeError(f"{name}: x {y.shape} needs labels {wanted}{also}, got t {t.shape}")
    if t.dtype.kind not in "iu":
        raise DTypeError(f"{name}: labels must be integers, got {t.dtype}; cast them with t.to('int64')")
    t = t.to("int64")
    kept = t != ignore_index
    t = where(kept, t, 0)
    check_labels(name, t, y.shape[axis])
    right = unsqueeze(t, axis)
    counts = kept.to(y.dtype)
    # Chosen and not multiplied: 0 · -log 0 would be nan.
    loss = where(kept, -squeeze(apply(take_along_axis_p, y, right, axis=axis), axis), 0.0)
    if weight is None:
        return loss, counts
    weights = squeeze(apply(take_along_axis_p, broadcast_to(weight, y.shape), right, axis=axis), axis)
    return loss * weights, counts * weights


def _reduced(name: str, loss: Tensor, reduction: str, counts: Tensor | None = None) -> Tensor:
    """counts: how much each loss counts in the mean; None where all count the same."""
    if reduction == "none":
        return loss
    if reduction == "sum":
        return sum(loss)
    if reduction == "mean":
        return sum(loss) / (sum(counts) if counts is not None else loss.size)
    raise OptionError(f"{name}: there is no reduction {reduction!r}; give 'mean', 'sum' or 'none'")


# ---- numbers


@operation
def mse_loss(x: Any, t: Any, *, reduction: str = "mean") -> Tensor:
    """The squared distance.

    Math:     L = 1/n Σ (x - t)²
    Gradient: x̄ = 2·(x - t)/n
    Shapes:   x and t of one shape → ()
    Raises:   ShapeError when the shapes differ: (N, 1) against (N,) would compare every x with every t

    >>> mse_loss([1.0, 2.0], [1.0, 4.0])
    Tensor(2., float32)
    """
    x, t = _pair("mse_loss", x, t)
    distance = x - t
    return _reduced("mse_loss", distance * distance, reduction)


@operation
def l1_loss(x: Any, t: Any, *, reduction: str = "mean") -> Tensor:
    """The distance, which far outliers bend less than its square.

    Math:   L = 1/n Σ |x - t|
    Shapes: x and t of one shape → ()
    Raises: ShapeError when the shapes differ

    >>> l1_loss([1.0, 2.0], [1.0, 4.0])
    Tensor(1., float32)
    """
    x, t = _pair("l1_loss", x, t)
    return _reduced("l1_loss", abs(x - t), reduction)


@operation
def binary_cross_entropy(x: Any, t: Any, weight: Any = None, *, reduction: str = "mean") -> Tensor:
    """The negative logarithm of the probability x of what is true, for targets of 0, 1 or between.

    Math:   L = -1/n Σ (t·log x + (1 - t)·log(1 - x)), the logarithms held above -100
    Shapes: x and t of one shape, weight one that broadcasts → ()
    Raises: ShapeError when the shapes differ; RangeError where x is no probability (not looked at inside a
            compiled function)
    Note:   where x is 0 or 1 the loss is flat; `binary_cross_entropy_with_logits` has a slope there

    >>> binary_cross_entropy([0.5, 1.0], [1.0, 1.0])
    Tensor(0.3465736, float32)
    """
    x, t = _pair("binary_cross_entropy", x, t)
    _check_probabilities(x)
    # Where the logarithm is -inf another number goes in, since 0 · inf would make the gradient nan.
    yes = clip(where(x <= 0, -100.0, log(where(x <= 0, 1, x))), -100.0)
    no = clip(where(x >= 1, -100.0, log1p(-where(x >= 1, 0, x))), -100.0)
    loss = -(t * yes + (1 - t) * no)
    return _reduced("binary_cross_entropy", _weighted(loss, weight), reduction)


def _check_probabilities(x: Tensor) -> None:
    if context.trace is None and x.size:
        low, high = np.min(x.numpy()), np.max(x.numpy())
        if low < 0 or high > 1:
            raise RangeError(
                f"binary_cross_entropy: x must be probabilities from 0 to 1, got {low:g} to {high:g}; "
                "give sigmoid(x), or use binary_cross_entropy_with_logits"
            )


@operation
def binary_cross_entropy_with_logits(
    x: Any, t: Any, weight: Any = None, *, reduction: str = "mean", pos_weight: Any = None
) -> Tensor:
    """`binary_cross_entropy` of sigmoid(x), without the 0 and 1 that sigmoid makes of large numbers.

    pos_weight: how much a 1 counts against a 0

    Math:     L = 1/n Σ (t·log(1 + e⁻ˣ) + (1 - t)·log(1 + eˣ))
    Gradient: x̄ = (sigmoid(x) - t)/n
    Shapes:   x and t of one shape, weight and pos_weight ones that broadcast → ()
    Raises:   ShapeError when the shapes differ

    >>> binary_cross_entropy_with_logits([0.0, 100.0], [1.0, 1.0])
    Tensor(0.3465736, float32)
    """
    name = "binary_cross_entropy_with_logits"
    x, t = _pair(name, x, t)
    loss = _weighted(t, pos_weight) * softplus(-x) + (1 - t) * softplus(x)
    return _reduced(name, _weighted(loss, weight), reduction)


def _weighted(loss: Tensor, weight: Any) -> Tensor:
    return loss if weight is None else loss * as_tensor(weight, like=loss).to(loss.dtype)


def _pair(name: str, x: Any, t: Any) -> tuple[Tensor, Tensor]:
    """Output and target in one dtype, the output's; never broadcast."""
    x = floating(x)
    t = as_tensor(t).to(x.dtype)
    if x.shape != t.shape:
        raise ShapeError(
            f"{name}: x is {x.shape} but t is {t.shape}; the shapes must be equal, since broadcasting would "
            "compare numbers that do not belong together; reshape one of them"
        )
    return x, t
