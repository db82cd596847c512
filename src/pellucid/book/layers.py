"""The books' layers: forward and backward, under the books' names.

Gradients come from the operations (`pellucid.book.layer`), so no layer writes its own. On Tensors, as inside
`pellucid.compile`, the same `forward` gives Tensors.

Reference: K. Saitoh, "Deep Learning from Scratch", 2016, chapters 5 and 6
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from pellucid.book import functions
from pellucid.book.arrays import array_of, floats_alike, on_tensors, tensor_of
from pellucid.book.layer import Layer, given
from pellucid.errors import OptionError, ShapeError, TraceError
from pellucid.ops import activation, elementwise
from pellucid.ops.linalg import matmul
from pellucid.ops.loss import cross_entropy
from pellucid.ops.normalization import standardize
from pellucid.ops.reduction import mean, var
from pellucid.ops.shape import flatten, reshape
from pellucid.tensor import Tensor, context


class MulLayer:
    """x · y. Its gradients are written out: plain numbers stay plain numbers, and integers integers.

    >>> apples, tax = MulLayer(), MulLayer()
    >>> round(tax.forward(apples.forward(100, 2), 1.1), 6)
    220.0
    >>> dprice, dtax = tax.backward(1)
    >>> apples.backward(dprice), dtax
    ((2.2, 110.00000000000001), 200)
    """

    def __init__(self) -> None:
        self.x: Any = None
        self.y: Any = None

    def forward(self, x: Any, y: Any) -> Any:
        self.x, self.y = _number_or_array(x), _number_or_array(y)
        return self.x * self.y

    def backward(self, dout: Any) -> tuple[Any, Any]:
        """The gradients by x and by y."""
        return dout * self.y, dout * self.x


class AddLayer:
    """x + y.

    >>> both = AddLayer()
    >>> both.forward(200, 450), both.backward(1.1)
    (650, (1.1, 1.1))
    """

    def forward(self, x: Any, y: Any) -> Any:
        return _number_or_array(x) + _number_or_array(y)

    def backward(self, dout: Any) -> tuple[Any, Any]:
        """The gradients by x and by y."""
        return dout * 1, dout * 1


def _number_or_array(x: Any) -> Any:
    """A list as an array: [1, 2] * 3 and [1] + [2] would mean something else."""
    return np.asarray(x) if isinstance(x, list | tuple) else x


class Relu(Layer):
    """x where it is above 0, else 0. `mask` is True where x is 0 or below."""

    def __init__(self) -> None:
        self.mask: Any = None

    def forward(self, x: Any) -> Any:
        if not on_tensors(x):
            self.mask = given(x) <= 0
        return self._forward(activation.relu, x)

    def backward(self, dout: Any) -> Any:
        (dx,) = self._backward(dout)
        return dx


class Sigmoid(Layer):
    """1 / (1 + e^-x). `out` is what forward gave."""

    def __init__(self) -> None:
        self.out: Any = None

    def forward(self, x: Any) -> Any:
        self.out = self._forward(elementwise.sigmoid, x)
        return self.out

    def backward(self, dout: Any) -> Any:
        (dx,) = self._backward(dout)
        return dx


class Affine(Layer):
    """x·W + b. Images are taken as rows of numbers, and their gradient comes back in their shape.

    Shapes: x (N, D), (N, C, H, W) or (D,), W (D, M), b (M,) → (N, M) or (M,)
    """

    def __init__(self, W: Any, b: Any) -> None:
        self.W, self.b = W, b
        self.x: Any = None
        self.original_x_shape: tuple[int, ...] | None = None
        self.dW: Any = None
        self.db: Any = None

    def forward(self, x: Any) -> Any:
        x = given(x)
        self.original_x_shape = x.shape
        self.x = x.reshape(x.shape[0], math.prod(x.shape[1:])) if x.ndim > 2 else x
        return self._forward(_affine, x, self.W, self.b)

    def backward(self, dout: Any) -> Any:
        dx, self.dW, self.db = self._backward(dout)
        return dx


def _affine(x: Tensor, W: Tensor, b: Tensor) -> Tensor:
    rows = flatten(x, 1) if x.ndim > 2 else x
    if W.ndim != 2 or x.ndim == 0 or rows.shape[-1] != W.shape[0]:
        raise ShapeError(f"Affine: x {x.shape} and W {W.shape} do not fit; W must be (D, M) for x (N, D)")
    if b.shape not in ((), (W.shape[1],)):
        raise ShapeError(f"Affine: b is {b.shape} but W {W.shape} has {W.shape[1]} columns; give ({W.shape[1]},)")
    return matmul(rows, W) + b


class SoftmaxWithLoss(Layer):
    """Softmax and cross_entropy_error in one. Keeps `loss`, the probabilities `y`, and `t`.

    Shapes: x (N, C) or (C,), t one-hot of x's shape or labels (N,) → ()
    Note:   the loss has the book's 1e-7 and the gradient, (y - t)/N, has not: both as in the book. Unlike there,
            dout counts, and one example without a batch axis is divided by 1, not by its number of classes
    """

    def __init__(self) -> None:
        self.loss: Any = None
        self.y: Any = None
        self.t: Any = None

    def forward(self, x: Any, t: Any) -> Any:
        x = tensor_of(x) if on_tensors(t) else x
        target = functions.fitting_target("SoftmaxWithLoss", tensor_of(x), tensor_of(t))
        self.t = given(t)
        self.y = functions.softmax(x)
        self.loss = functions.cross_entropy_error(self.y, t)
        exact = self._forward(lambda x: cross_entropy(x, target), x)
        if isinstance(exact, Tensor) and exact.requires_grad:
            self.loss = exact + (self.loss - exact).detach()  # the one's value with the other's slope
        return self.loss

    def backward(self, dout: Any = 1) -> Any:
        (dx,) = self._backward(dout)
        return dx


class Dropout(Layer):
    """In training each number is 0 with probability dropout_ratio; else all are scaled by 1 - dropout_ratio.

    mask: what is kept (True), of x's shape; drawn by NumPy's global generator at each forward when it is left out
    Raises: OptionError for a ratio outside 0..1; TraceError when a mask is to be drawn inside a compiled function
    """

    def __init__(self, dropout_ratio: float = 0.5, *, mask: Any = None) -> None:
        if not 0 <= dropout_ratio <= 1:
            raise OptionError(f"Dropout: dropout_ratio={dropout_ratio} is no probability; give a number from 0 to 1")
        self.dropout_ratio = dropout_ratio
        self.mask, self._given = mask, mask is not None

    def draw(self, shape: tuple[int, ...]) -> np.ndarray:
        """A new mask of that shape, as the book draws it."""
        return np.random.rand(*shape) > self.dropout_ratio

    def forward(self, x: Any, train_flg: bool = True) -> Any:
        if not train_flg:
            return self._forward(lambda x: x * (1.0 - self.dropout_ratio), x)
        if not self._given:
            if context.trace is not None:
                raise TraceError(
                    "Dropout: a compiled function would use one mask for ever; draw it outside, and give "
                    "Dropout(ratio, mask=mask)"
                )
            self.mask = self.draw(given(x).shape)
        mask = tensor_of(self.mask)
        if mask.shape != np.shape(x):
            raise ShapeError(f"Dropout: x is {np.shape(x)} but mask is {mask.shape}; the shapes must agree")
        return self._forward(lambda x: x * mask, x)

    def backward(self, dout: Any) -> Any:
        (dx,) = self._backward(dout)
        return dx


class BatchNormalization(Layer):
    """Every number brought to mean 0 and variance 1 over the batch, then scaled by gamma and shifted by beta.

    While training, running_mean and running_var follow those of the batches; otherwise they take their place.

    Math:   y = (x - mean)/√(var + 1e-6)·gamma + beta; running ← momentum·running + (1 - momentum)·batch's
    Shapes: x (N, D) or (N, C, H, W), all others (D,), D = C·H·W for images
    Raises: ShapeError when gamma or beta is not (D,)
    Note:   images are normalised pixel by pixel, which is a slip of the book's; a convolution's batch
            normalisation is meant to share mean and variance over a channel, as `nn.BatchNorm2d` does. The running
            variance is the batch's divided by N, and starts at 0, as in the book. Inside a compiled function the
            running values are Tensors of its own: make the layer there, and return them
    """

    EPSILON = 10e-7

    def __init__(
        self, gamma: Any, beta: Any, momentum: float = 0.9, running_mean: Any = None, running_var: Any = None
    ) -> None:
        self.gamma, self.beta, self.momentum = gamma, beta, momentum
        self.running_mean, self.running_var = running_mean, running_var
        self.input_shape: tuple[int, ...] | None = None
        self.dgamma: Any = None
        self.dbeta: Any = None

    def forward(self, x: Any, train_flg: bool = True) -> Any:
        x = given(x)
        self.input_shape = x.shape
        self._check(math.prod(x.shape[1:]))
        if train_flg:
            return self._forward(self._by_batch, x, self.gamma, self.beta)
        return self._forward(self._by_running, x, self.gamma, self.beta, self.running_mean, self.running_var)

    def backward(self, dout: Any) -> Any:
        dx, self.dgamma, self.dbeta, *_ = self._backward(dout)
        return dx

    def _check(self, size: int) -> None:
        if self.running_mean is None:
            self.running_mean, self.running_var = np.zeros(size), np.zeros(size)
        for name in ("gamma", "beta", "running_mean", "running_var"):
            shape = np.shape(getattr(self, name))
            if shape not in ((), (size,)):
                raise ShapeError(
                    f"BatchNormalization: x {self.input_shape} has {size} numbers an example but {name} is {shape}; "
                    f"give ({size},)"
                )

    def _by_batch(self, x: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
        rows = reshape(x, (x.shape[0], -1))
        middle, spread = mean(rows, 0), var(rows, 0)
        self.running_mean = self._moved(self.running_mean, middle)
        self.running_var = self._moved(self.running_var, spread)
        return reshape(standardize(rows, middle, spread, gamma, beta, self.EPSILON), x.shape)

    def _by_running(self, x: Tensor, gamma: Tensor, beta: Tensor, mean: Tensor, var: Tensor) -> Tensor:
        rows = reshape(x, (x.shape[0], -1))
        return reshape(standardize(rows, mean, var, gamma, beta, self.EPSILON), x.shape)

    def _moved(self, running: Any, new: Tensor) -> Any:
        """The running value a bit closer to the new one: an array, or a Tensor where it is one or is compiled."""
        if on_tensors(running):
            running, new = floats_alike(running, new.detach())
            return running * self.momentum + new * (1 - self.momentum)
        return self.momentum * running + (1 - self.momentum) * array_of(new)
