"""Linear: the fully connected layer, which the books call Affine."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from pellucid.errors import ShapeError, check_whole
from pellucid.nn import functional, init
from pellucid.nn.checks import same_dtype
from pellucid.nn.module import Module
from pellucid.tensor import Parameter, Tensor, as_tensor


class FeaturesError(ShapeError):
    """The number of features that a Linear got is not the one that it was made for."""

    def __init__(self, message: str, got: int, layer: Linear) -> None:
        super().__init__(message)
        self.got, self.layer = got, layer


class Linear(Module):
    """A weighted sum of all inputs for every output.

    Math:      y = x·wᵀ + b
    Shapes:    x (..., in_features), weight (out_features, in_features) → (..., out_features)
    Note:      weight and bias start uniformly in ±1/√in_features, as in PyTorch
    Reference: Y. LeCun, L. Bottou, G. Orr, K.-R. Müller, "Efficient BackProp", 1998, for the scale

    >>> Linear(784, 50)
    Linear(in_features=784, out_features=50, bias=True)
    """

    def __init__(self, in_features: int, out_features: int, bias: bool = True, *, dtype: Any = None) -> None:
        check_whole("Linear", in_features=in_features, out_features=out_features)
        self.in_features, self.out_features = in_features, out_features
        self.weight = Parameter(np.zeros((out_features, in_features), dtype or np.float32))
        self.bias = Parameter(np.zeros(out_features, dtype or np.float32)) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new initial values."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            bound = 1 / math.sqrt(self.in_features)
            init.uniform_(self.bias, -bound, bound)

    def forward(self, x: Any) -> Tensor:
        x = as_tensor(x)
        same_dtype(x, self.weight)
        if x.ndim == 0 or x.shape[-1] != self.in_features:
            raise self._wrong_features(x)
        return functional.linear(x, self.weight, self.bias)

    def _wrong_features(self, x: Tensor) -> ShapeError:
        if x.ndim > 2 and math.prod(x.shape[1:]) == self.in_features:
            return ShapeError(f"got x {x.shape}; put nn.Flatten() before it, which gives {self.in_features} features")
        got = x.shape[-1] if x.ndim else 1
        message = f"got {got} features; give x (..., {self.in_features}), or write {_label(got, self.out_features)}"
        return FeaturesError(f"{message}; x {x.shape}", got, self)

    def extra_repr(self) -> str:
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"

    def label(self) -> str:
        return _label(self.in_features, self.out_features)


def _label(in_features: int, out_features: int) -> str:
    return f"Linear({in_features}, {out_features})"
