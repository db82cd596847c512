"""Tensor's operators and methods: each looks its operation up by name.

The operations (`pellucid.ops`) stand above Tensor, so Tensor cannot import them; they enter themselves in
OPERATIONS, and `x + y` finds "add" there when it is called.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

if TYPE_CHECKING:
    from pellucid.tensor import Tensor

OPERATIONS: dict[str, Callable[..., Any]] = {}
F = TypeVar("F", bound=Callable[..., Any])


def operation(function: F) -> F:
    """Enter a function in OPERATIONS under its own name."""
    OPERATIONS[function.__name__] = function
    return function


# What `array + tensor` means: NumPy's arrays ask Tensor.__array_ufunc__, for they do not leave it to __radd__.
NUMPY_OPERATORS: dict[np.ufunc, Callable[..., Any]] = {
    np.add: lambda x, y: OPERATIONS["add"](x, y),
    np.subtract: lambda x, y: OPERATIONS["subtract"](x, y),
    np.multiply: lambda x, y: OPERATIONS["multiply"](x, y),
    np.divide: lambda x, y: OPERATIONS["divide"](x, y),
    np.power: lambda x, y: OPERATIONS["power"](x, y),
    np.matmul: lambda x, y: OPERATIONS["matmul"](x, y),
    np.bitwise_and: lambda x, y: OPERATIONS["logical_and"](x, y),
    np.bitwise_or: lambda x, y: OPERATIONS["logical_or"](x, y),
    np.equal: lambda x, y: OPERATIONS["equal"](x, y),
    np.not_equal: lambda x, y: OPERATIONS["not_equal"](x, y),
    np.less: lambda x, y: OPERATIONS["less"](x, y),
    np.less_equal: lambda x, y: OPERATIONS["less_equal"](x, y),
    np.greater: lambda x, y: OPERATIONS["less"](y, x),
    np.greater_equal: lambda x, y: OPERATIONS["less_equal"](y, x),
}


class Operators:
    """What a Tensor can be asked to do, with Python's operators and by method."""

    __slots__ = ()

    if TYPE_CHECKING:  # what Tensor itself has
        requires_grad: bool

        @property
        def is_leaf(self) -> bool: ...

        def assign(self, value: Any) -> Tensor: ...
        def detach(self) -> Tensor: ...

    def __add__(self, other: Any) -> Tensor:
        return OPERATIONS["add"](self, other)

    def __radd__(self, other: Any) -> Tensor:
        return OPERATIONS["add"](other, self)

    def __sub__(self, other: Any) -> Tensor:
        return OPERATIONS["subtract"](self, other)

    def __rsub__(self, other: Any) -> Tensor:
        return OPERATIONS["subtract"](other, self)

    def __mul__(self, other: Any) -> Tensor:
        return OPERATIONS["multiply"](self, other)

    def __rmul__(self, other: Any) -> Tensor:
        return OPERATIONS["multiply"](other, self)

    def __truediv__(self, other: Any) -> Tensor:
        return OPERATIONS["divide"](self, other)

    def __rtruediv__(self, other: Any) -> Tensor:
        return OPERATIONS["divide"](other, self)

    def __pow__(self, other: Any) -> Tensor:
        return OPERATIONS["power"](self, other)

    def __rpow__(self, other: Any) -> Tensor:
        return OPERATIONS["power"](other, self)

    def __matmul__(self, other: Any) -> Tensor:
        return OPERATIONS["matmul"](self, other)

    def __rmatmul__(self, other: Any) -> Tensor:
        return OPERATIONS["matmul"](other, self)

    def __neg__(self) -> Tensor:
        return OPERATIONS["negative"](self)

    def __abs__(self) -> Tensor:
        return OPERATIONS["abs"](self)

    def __invert__(self) -> Tensor:
        return OPERATIONS["logical_not"](self)

    def __and__(self, other: Any) -> Tensor:
        return OPERATIONS["logical_and"](self, other)

    def __rand__(self, other: Any) -> Tensor:
        return OPERATIONS["logical_and"](other, self)

    def __or__(self, other: Any) -> Tensor:
        return OPERATIONS["logical_or"](self, other)

    def __ror__(self, other: Any) -> Tensor:
        return OPERATIONS["logical_or"](other, self)

    def __eq__(self, other: Any) -> Tensor:  # type: ignore[override]
        return OPERATIONS["equal"](self, other)

    def __ne__(self, other: Any) -> Tensor:  # type: ignore[override]
        return OPERATIONS["not_equal"](self, other)

    def __lt__(self, other: Any) -> Tensor:
        return OPERATIONS["less"](self, other)

    def __le__(self, other: Any) -> Tensor:
        return OPERATIONS["less_equal"](self, other)

    def __gt__(self, other: Any) -> Tensor:
        return OPERATIONS["less"](other, self)

    def __ge__(self, other: Any) -> Tensor:
        return OPERATIONS["less_equal"](other, self)

    def _in_place(self, name: str, other: Any) -> Tensor:
        """`x += y` changes x itself where nothing is remembered, and means `x = x + y` where something is."""
        out = OPERATIONS[name](self, other)
        trained = self.requires_grad and self.is_leaf
        return out if out.requires_grad and not trained else self.assign(out)

    def __iadd__(self, other: Any) -> Tensor:
        return self._in_place("add", other)

    def __isub__(self, other: Any) -> Tensor:
        return self._in_place("subtract", other)

    def __imul__(self, other: Any) -> Tensor:
        return self._in_place("multiply", other)

    def __itruediv__(self, other: Any) -> Tensor:
        return self._in_place("divide", other)

    def __ipow__(self, other: Any) -> Tensor:
        return self._in_place("power", other)

    def __setitem__(self, key: Any, value: Any) -> None:
        self.assign(OPERATIONS["index_set"](self.detach(), key, value))

    def __getitem__(self, key: Any) -> Tensor:
        return OPERATIONS["index"](self, key)

    # ---- methods

    def to(self, dtype: Any) -> Tensor:
        """The same numbers in another dtype."""
        return OPERATIONS["cast"](self, dtype)

    def float(self) -> Tensor:
        return self.to("float32")

    def double(self) -> Tensor:
        return self.to("float64")

    def sum(self, axis: Any = None, *, keepdims: bool = False) -> Tensor:
        return OPERATIONS["sum"](self, axis, keepdims=keepdims)

    def mean(self, axis: Any = None, *, keepdims: bool = False) -> Tensor:
        return OPERATIONS["mean"](self, axis, keepdims=keepdims)

    def var(self, axis: Any = None, *, ddof: int = 0, keepdims: bool = False) -> Tensor:
        return OPERATIONS["var"](self, axis, ddof=ddof, keepdims=keepdims)

    def std(self, axis: Any = None, *, ddof: int = 0, keepdims: bool = False) -> Tensor:
        return OPERATIONS["std"](self, axis, ddof=ddof, keepdims=keepdims)

    def max(self, axis: Any = None, *, keepdims: bool = False) -> Tensor:
        return OPERATIONS["max"](self, axis, keepdims=keepdims)

    def min(self, axis: Any = None, *, keepdims: bool = False) -> Tensor:
        return OPERATIONS["min"](self, axis, keepdims=keepdims)

    def argmax(self, axis: int | None = None, *, keepdims: bool = False) -> Tensor:
        return OPERATIONS["argmax"](self, axis, keepdims=keepdims)

    def argmin(self, axis: int | None = None, *, keepdims: bool = False) -> Tensor:
        return OPERATIONS["argmin"](self, axis, keepdims=keepdims)

    def exp(self) -> Tensor:
        return OPERATIONS["exp"](self)

    def log(self) -> Tensor:
        return OPERATIONS["log"](self)

    def sqrt(self) -> Tensor:
        return OPERATIONS["sqrt"](self)

    def sin(self) -> Tensor:
        return OPERATIONS["sin"](self)

    def cos(self) -> Tensor:
        return OPERATIONS["cos"](self)

    def abs(self) -> Tensor:
        return OPERATIONS["abs"](self)

    def tanh(self) -> Tensor:
        return OPERATIONS["tanh"](self)

    def sigmoid(self) -> Tensor:
        return OPERATIONS["sigmoid"](self)

    def relu(self) -> Tensor:
        return OPERATIONS["relu"](self)

    def softmax(self, axis: int = -1) -> Tensor:
        return OPERATIONS["softmax"](self, axis)

    def clip(self, low: Any = None, high: Any = None) -> Tensor:
        return OPERATIONS["clip"](self, low, high)

    def reshape(self, *shape: Any) -> Tensor:
        return OPERATIONS["reshape"](self, shape[0] if len(shape) == 1 and not isinstance(shape[0], int) else shape)

    def view(self, *shape: Any) -> Tensor:
        """PyTorch's name of `reshape`."""
        return self.reshape(*shape)

    def flatten(self, start: int = 0, end: int = -1) -> Tensor:
        return OPERATIONS["flatten"](self, start, end)

    def squeeze(self, axis: Any = None) -> Tensor:
        return OPERATIONS["squeeze"](self, axis)

    def unsqueeze(self, axis: int) -> Tensor:
        return OPERATIONS["unsqueeze"](self, axis)

    def transpose(self, *axes: Any) -> Tensor:
        return OPERATIONS["transpose"](
            self, axes[0] if len(axes) == 1 and not isinstance(axes[0], int) else axes or None
        )

    def permute(self, *axes: Any) -> Tensor:
        """PyTorch's name of `transpose`."""
        return self.transpose(*axes)

    @property
    def T(self) -> Tensor:  # noqa: N802 - NumPy's name
        return OPERATIONS["transpose"](self)

    def swapaxes(self, a: int, b: int) -> Tensor:
        return OPERATIONS["swapaxes"](self, a, b)

    def broadcast_to(self, shape: Sequence[int]) -> Tensor:
        return OPERATIONS["broadcast_to"](self, shape)
