"""Normalisation: numbers brought to mean 0 and variance 1, or dimmed by their neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pellucid.errors import OptionError, ShapeError
from pellucid.operators import operation
from pellucid.ops.common import floating
from pellucid.ops.pooling import sum_pool2d_p
from pellucid.ops.reduction import mean
from pellucid.ops.shape import reshape
from pellucid.tensor import Tensor, apply, as_tensor, no_grad


@operation
def standardize(x: Any, mean: Any, var: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5) -> Tensor:
    """x with the given mean and variance taken out, then scaled and shifted; everything broadcasts.

    Math: y = (x - mean) / √(var + eps) · weight + bias
    Note: eps keeps a channel that is constant from a division by 0

    >>> standardize([1.0, 3.0], 2.0, 1.0, eps=0.0)
    Tensor([-1.  1.], float32)
    """
    x = floating(x)
    return _scale(x - mean, as_tensor(var, like=x), weight, bias, eps)


def _scale(distance: Tensor, var: Tensor, weight: Any, bias: Any, eps: float) -> Tensor:
    # weight / √var has a number for each channel only, so that x itself is multiplied once.
    y = distance * ((1.0 if weight is None else weight) / (var + eps).sqrt())
    return y if bias is None else y + bias


@operation
def batch_norm(
    x: Any,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Any = None,
    bias: Any = None,
    training: bool = False,
    momentum: Any = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Each channel brought to mean 0 and variance 1: the batch's in training, otherwise the running ones.

    In training the running mean and variance are changed in place, by `momentum` towards the batch's.

    Math:   y = (x - mean) / √(var + eps) · weight + bias
    Shapes: x (N, C) or (N, C, ...), all others (C,) → x's shape
    Raises: ShapeError when the training batch has one value for a channel, whose variance is 0;
            OptionError when there is nothing to evaluate with
    Note:   divided by n for the output, but by n - 1 for the running variance, as PyTorch does
    Reference: S. Ioffe, C. Szegedy, "Batch normalization", 2015

    >>> batch_norm([[1.0], [3.0]], None, None, training=True)
    Tensor([[-0.999995]
            [ 0.999995]], float32)
    """
    x = floating(x)
    if x.ndim < 2:
        raise ShapeError(f"batch_norm: x must be (N, C) or (N, C, ...), got {x.shape}")
    given = {"running_mean": running_mean, "running_var": running_var, "weight": weight, "bias": bias}
    by_channel = {key: _by_channel(key, value, x) for key, value in given.items()}
    scale, shift = by_channel["weight"], by_channel["bias"]
    if not training:
        if running_mean is None or running_var is None:
            raise OptionError("batch_norm: evaluation needs running_mean and running_var; give both, or training=True")
        return standardize(x, by_channel["running_mean"], by_channel["running_var"], scale, shift, eps)
    count = x.size // x.shape[1] if x.shape[1] else 0
    if count < 2:
        raise ShapeError(
            f"batch_norm: training needs more than one value for each channel, got x {x.shape}; "
            "give a larger batch, or call model.eval()"
        )
    axes = (0, *range(2, x.ndim))
    middle = mean(x, axes, keepdims=True)
    distance = x - middle
    var = mean(distance * distance, axes, keepdims=True)
    with no_grad():
        _move(running_mean, middle, momentum)
        _move(running_var, var * (count / (count - 1)), momentum)
    return _scale(distance, var, scale, shift, eps)


def _by_channel(key: str, value: Any, x: Tensor) -> Tensor | None:
    """(C,) as (1, C, 1, ...), which broadcasts against x."""
    if value is None:
        return None
    value = as_tensor(value, like=x)
    if value.shape != (x.shape[1],):
        raise ShapeError(
            f"batch_norm: x {x.shape} has {x.shape[1]} channels but {key} is {value.shape}; give ({x.shape[1]},)"
        )
    return reshape(value, (1, -1, *(1,) * (x.ndim - 2)))


def _move(running: Tensor | None, new: Tensor, momentum: Any) -> None:
    if running is not None:
        running.assign(running * (1 - momentum) + reshape(new, running.shape) * momentum)


@operation
def layer_norm(
    x: Any, normalized_shape: int | Sequence[int], weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> Tensor:
    """Each example brought to mean 0 and variance 1 by itself, over its last axes.

    Shapes: x (..., *normalized_shape), weight and bias normalized_shape → x's shape
    Raises: ShapeError when x does not end in normalized_shape
    Reference: J. Ba, J. Kiros, G. Hinton, "Layer normalization", 2016

    >>> layer_norm([[1.0, 3.0], [10.0, 30.0]], 2).numpy().round(3)
    array([[-1.,  1.],
           [-1.,  1.]], dtype=float32)
    """
    x = floating(x)
    shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
    if not shape or x.shape[-len(shape) :] != shape:
        raise ShapeError(f"layer_norm: x {x.shape} does not end in normalized_shape {shape}; its last axes must")
    for key, value in (("weight", weight), ("bias", bias)):
        if value is not None and as_tensor(value).shape != shape:
            raise ShapeError(f"layer_norm: {key} is {as_tensor(value).shape}; it must be normalized_shape {shape}")
    axes = tuple(range(x.ndim - len(shape), x.ndim))
    distance = x - mean(x, axes, keepdims=True)
    y = _scale(distance, mean(distance * distance, axes, keepdims=True), None, None, eps)
    y = y if weight is None else y * weight
    return y if bias is None else y + bias


@operation
def local_response_norm(x: Any, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> Tensor:
    """Each number divided by a measure of its neighbours in `size` channels: a bright one dims the others.

    Math:   y_c = x_c / (k + alpha/size · Σ x²)^beta, summed from channel c - size//2 to c + (size - 1)//2
    Shapes: x (N, C, ...) → x's shape
    Raises: ShapeError when x has fewer than three axes; OptionError when size is below 1
    Note:   alpha is divided by size, as in PyTorch; the original paper does not
    Reference: A. Krizhevsky, I. Sutskever, G. Hinton, "ImageNet classification with deep convolutional neural
               networks", 2012

    >>> local_response_norm([[[1.0], [2.0]]], 1, alpha=1.0, beta=1.0)
    Tensor([[[0.5]
             [0.4]]], float32)
    """
    x = floating(x)
    if x.ndim < 3:
        raise ShapeError(f"local_response_norm: x must be (N, C, ...) with three axes or more, got {x.shape}")
    if size < 1:
        raise OptionError(f"local_response_norm: size={size} channels make no sum; give 1 or more")
    # The channels are the height of an image with one channel, and the neighbours a window of it.
    image = reshape(x * x, (x.shape[0], 1, x.shape[1], x.size // (x.shape[0] * x.shape[1] or 1)))
    sides = ((size // 2, (size - 1) // 2), (0, 0))
    total = reshape(apply(sum_pool2d_p, image, kernel=(size, 1), stride=(1, 1), padding=sides), x.shape)
    return x / (total * (alpha / size) + k) ** beta
