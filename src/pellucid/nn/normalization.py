"""Normalisation layers: numbers brought to mean 0 and variance 1, then scaled and shifted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pellucid.errors import ShapeError, check_whole
from pellucid.nn import functional, init
from pellucid.nn.module import Module
from pellucid.tensor import Buffer, Parameter, Tensor, as_tensor


class _BatchNorm(Module):
    """Each channel brought to mean 0 and variance 1 over the batch.

    While training, the batch's own mean and variance are used, and running ones are learned for `eval()`
    mode: (1 - momentum)·running + momentum·batch, or with momentum=None the mean over all batches so far.

    Raises:    ShapeError for other axes or channels, or a single value for each channel in training
    Reference: S. Ioffe, C. Szegedy, "Batch normalization: accelerating deep network training by reducing
               internal covariate shift", 2015
    """

    axes: tuple[int, ...]
    shapes: str

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        *,
        bias: bool = True,
        dtype: Any = None,
    ) -> None:
        check_whole(type(self).__name__, num_features=num_features)
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        channels, dtype = (num_features,), dtype or np.float32
        self.weight = Parameter(np.ones(channels, dtype)) if affine else None
        self.bias = Parameter(np.zeros(channels, dtype)) if affine and bias else None
        self.running_mean = Buffer(np.zeros(channels, dtype)) if track_running_stats else None
        self.running_var = Buffer(np.ones(channels, dtype)) if track_running_stats else None
        self.num_batches_tracked = Buffer(np.array(0)) if track_running_stats else None

    def reset_parameters(self) -> None:
        """Start again: weight and running variance 1, the others 0."""
        for tensor in (self.weight, self.running_var):
            if tensor is not None:
                init.ones_(tensor)
        for tensor in (self.bias, self.running_mean, self.num_batches_tracked):
            if tensor is not None:
                init.zeros_(tensor)

    def forward(self, x: Any) -> Tensor:
        x = as_tensor(x)
        self._check(x)
        from_batch = self.training or self.running_mean is None
        y = functional.batch_norm(
            x,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            from_batch,
            self._momentum(),
            self.eps,
        )
        if self.training and self.num_batches_tracked is not None:
            self.num_batches_tracked.assign(self.num_batches_tracked + 1)
        return y

    def _momentum(self) -> Any:
        """How much a batch counts; for a mean over all of them, 1/n at the n-th."""
        if self.momentum is not None:
            return self.momentum
        if self.num_batches_tracked is None or self.running_mean is None:
            return 0.0
        return 1 / (self.num_batches_tracked + 1).to(self.running_mean.dtype)

    def _check(self, x: Tensor) -> None:
        if x.ndim not in self.axes:
            raise ShapeError(f"x must be {self.shapes}, got {x.shape}")
        if x.shape[1] != self.num_features:
            made = f"{type(self).__name__}({x.shape[1]})"
            raise ShapeError(f"x has {x.shape[1]} channels; give {self.num_features}, or write {made}; x {x.shape}")

    def extra_repr(self) -> str:
        options = f"eps={self.eps}, momentum={self.momentum}, affine={self.affine}, bias={self.bias is not None}"
        return f"{self.num_features}, {options}, track_running_stats={self.track_running_stats}"

    def label(self) -> str:
        return f"{type(self).__name__}({self.num_features})"


class BatchNorm1d(_BatchNorm):
    __doc__ = f"{_BatchNorm.__doc__}\n    Shapes:    x (N, C) or (N, C, L) → the same\n    "
    axes, shapes = (2, 3), "(N, C) or (N, C, L)"


class BatchNorm2d(_BatchNorm):
    __doc__ = f"{_BatchNorm.__doc__}\n    Shapes:    x (N, C, H, W) → the same\n    "
    axes, shapes = (4,), "images (N, C, H, W)"


class LayerNorm(Module):
    """Each example brought to mean 0 and variance 1 by itself, over its last axes.

    Shapes:    x (..., *normalized_shape) → the same
    Reference: J. Ba, J. Kiros, G. Hinton, "Layer normalization", 2016

    >>> LayerNorm(64)
    LayerNorm((64,), eps=1e-05, elementwise_affine=True, bias=True)
    """

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        *,
        dtype: Any = None,
    ) -> None:
        shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        for size in shape:
            check_whole("LayerNorm", normalized_shape=size)
        self.normalized_shape, self.eps, self.elementwise_affine = shape, eps, elementwise_affine
        dtype = dtype or np.float32
        self.weight = Parameter(np.ones(shape, dtype)) if elementwise_affine else None
        self.bias = Parameter(np.zeros(shape, dtype)) if elementwise_affine and bias else None

    def forward(self, x: Any) -> Tensor:
        return functional.layer_norm(x, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        affine = f"elementwise_affine={self.elementwise_affine}, bias={self.bias is not None}"
        return f"{self.normalized_shape}, eps={self.eps}, {affine}"


class LocalResponseNorm(Module):
    """Each number divided by a measure of its neighbours in `size` channels.

    Shapes:    x (N, C, ...) → the same
    Reference: A. Krizhevsky, I. Sutskever, G. Hinton, "ImageNet classification with deep convolutional neural
               networks", 2012

    >>> LocalResponseNorm(5)
    LocalResponseNorm(5, alpha=0.0001, beta=0.75, k=1.0)
    """

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> None:
        check_whole("LocalResponseNorm", size=size)
        self.size, self.alpha, self.beta, self.k = size, alpha, beta, k

    def forward(self, x: Any) -> Tensor:
        return functional.local_response_norm(x, self.size, self.alpha, self.beta, self.k)

    def extra_repr(self) -> str:
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"
