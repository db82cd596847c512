"""Activation functions as layers. What each computes is said in `pellucid.ops.activation`."""

from __future__ import annotations

from typing import Any

from pellucid.errors import OptionError
from pellucid.nn import functional
from pellucid.nn.module import Module
from pellucid.tensor import Tensor, as_tensor


class _InPlace(Module):
    """With PyTorch's option `inplace`, which is taken and changes nothing: values are not overwritten."""

    def __init__(self, inplace: bool = False) -> None:
        self.inplace = inplace

    def extra_repr(self) -> str:
        return "inplace=True" if self.inplace else ""


class Identity(Module):
    """x itself; takes any arguments, so that it can stand in for any layer."""

    def __init__(self, *args: Any, **options: Any) -> None:
        del args, options

    def forward(self, x: Any) -> Tensor:
        return as_tensor(x)


class Step(Module):
    """1 where x > 0, else 0: the perceptron's. It has no gradient, so nothing before it learns."""

    def forward(self, x: Any) -> Tensor:
        return functional.step(x)


class Sigmoid(Module):
    """1 / (1 + e⁻ˣ)."""

    def forward(self, x: Any) -> Tensor:
        return functional.sigmoid(x)


class Tanh(Module):
    """The hyperbolic tangent."""

    def forward(self, x: Any) -> Tensor:
        return functional.tanh(x)


class ReLU(_InPlace):
    """max(x, 0)."""

    def forward(self, x: Any) -> Tensor:
        return functional.relu(x)


class SiLU(_InPlace):
    """x · sigmoid(x)."""

    def forward(self, x: Any) -> Tensor:
        return functional.silu(x)


class LeakyReLU(_InPlace):
    """x where x > 0, negative_slope · x elsewhere."""

    def __init__(self, negative_slope: float = 0.01, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.negative_slope = negative_slope

    def forward(self, x: Any) -> Tensor:
        return functional.leaky_relu(x, self.negative_slope)

    def extra_repr(self) -> str:
        return f"negative_slope={self.negative_slope}" + ", inplace=True" * self.inplace


class ELU(_InPlace):
    """x where x > 0, alpha · (eˣ - 1) elsewhere."""

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.alpha = alpha

    def forward(self, x: Any) -> Tensor:
        return functional.elu(x, self.alpha)

    def extra_repr(self) -> str:
        return f"alpha={self.alpha}" + ", inplace=True" * self.inplace


class GELU(Module):
    """x · Φ(x), Φ the normal distribution function; approximate="tanh" computes it by a tanh."""

    def __init__(self, approximate: str = "none") -> None:
        if approximate not in ("none", "tanh"):
            raise OptionError(f"GELU: there is no approximate={approximate!r}; give 'none' or 'tanh'")
        self.approximate = approximate

    def forward(self, x: Any) -> Tensor:
        return functional.gelu(x, self.approximate)

    def extra_repr(self) -> str:
        return f"approximate={self.approximate!r}"


class Softplus(Module):
    """log(1 + e^(beta·x)) / beta.

    threshold: taken for PyTorch's sake, which gives x itself where beta·x > threshold; here no x overflows
    """

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        self.beta, self.threshold = beta, threshold

    def forward(self, x: Any) -> Tensor:
        return functional.softplus(x, self.beta)

    def extra_repr(self) -> str:
        return f"beta={self.beta}, threshold={self.threshold}"


class Softmax(Module):
    """Numbers made probabilities along `dim`. Not before CrossEntropyLoss, which does this itself."""

    def __init__(self, dim: int = -1) -> None:
        self.dim = dim

    def forward(self, x: Any) -> Tensor:
        return functional.softmax(x, self.dim)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


class LogSoftmax(Softmax):
    """The logarithm of Softmax; NLLLoss takes it."""

    def forward(self, x: Any) -> Tensor:
        return functional.log_softmax(x, self.dim)
