"""Initial values: fill a Tensor in place, and give it back.

They draw from Pellucid's generator, so after `pellucid.seed(0)` a model starts with the same values every
time. A weight is (outputs, inputs, *kernel). Its fan-in is how many numbers are summed for one output, its
fan-out how many outputs one input reaches.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from pellucid.errors import OptionError, ShapeError
from pellucid.ops import random
from pellucid.ops.random import Generator
from pellucid.tensor import Tensor, no_grad

GAINS = {
    "linear": 1.0,
    "conv2d": 1.0,
    "conv_transpose2d": 1.0,
    "sigmoid": 1.0,
    "tanh": 5 / 3,
    "relu": math.sqrt(2),
    "selu": 3 / 4,
}


def _fill(tensor: Tensor, value: Any) -> Tensor:
    with no_grad():
        return tensor.assign(value)


def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Uniform between a and b."""
    return _fill(tensor, random.uniform(tensor.shape, a, b, dtype=tensor.dtype, generator=generator))


def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Normal with this mean and standard deviation."""
    return _fill(tensor, random.normal(tensor.shape, mean, std, dtype=tensor.dtype, generator=generator))


def constant_(tensor: Tensor, val: float) -> Tensor:
    """The same number everywhere."""
    return _fill(tensor, np.full(tensor.shape, val, tensor.dtype))


def zeros_(tensor: Tensor) -> Tensor:
    """0 everywhere: right for a bias; with weights all units of a layer would stay equal."""
    return constant_(tensor, 0.0)


def ones_(tensor: Tensor) -> Tensor:
    """1 everywhere."""
    return constant_(tensor, 1.0)


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """The factor by which an activation function shrinks the standard deviation of what passes through it.

    param: the negative slope of "leaky_relu", 0.01 when left out

    >>> calculate_gain("relu")
    1.4142135623730951
    """
    if nonlinearity == "leaky_relu":
        return math.sqrt(2 / (1 + (0.01 if param is None else param) ** 2))
    if nonlinearity not in GAINS:
        known = ", ".join((*GAINS, "leaky_relu"))
        raise OptionError(f"calculate_gain: there is no nonlinearity {nonlinearity!r}; there is {known}")
    return GAINS[nonlinearity]


def _fans(name: str, tensor: Tensor) -> tuple[int, int]:
    if tensor.ndim < 2:
        raise ShapeError(f"{name}: a Tensor {tensor.shape} has no fan-in; give a weight (outputs, inputs, ...)")
    kernel = math.prod(tensor.shape[2:])
    return tensor.shape[1] * kernel, tensor.shape[0] * kernel


def _uniform_std(tensor: Tensor, std: float, generator: Generator | None) -> Tensor:
    """Uniform with mean 0 and this standard deviation: a uniform ±b has b/√3."""
    bound = math.sqrt(3) * std
    return uniform_(tensor, -bound, bound, generator)


def _xavier_std(name: str, tensor: Tensor, gain: float) -> float:
    return gain * math.sqrt(2 / sum(_fans(name, tensor)))


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Xavier (Glorot), uniform: between equal variance forwards and backwards, for tanh and sigmoid.

    Math:      std = gain·√(2 / (fan_in + fan_out))
    Reference: X. Glorot, Y. Bengio, "Understanding the difficulty of training deep feedforward neural
               networks", 2010
    """
    return _uniform_std(tensor, _xavier_std("xavier_uniform_", tensor, gain), generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Xavier (Glorot), normal: see `xavier_uniform_`."""
    return normal_(tensor, 0.0, _xavier_std("xavier_normal_", tensor, gain), generator)


def _kaiming_std(name: str, tensor: Tensor, a: float, mode: str, nonlinearity: str) -> float:
    fans = dict(zip(("fan_in", "fan_out"), _fans(name, tensor), strict=True))
    if mode not in fans:
        raise OptionError(f"{name}: there is no mode {mode!r}; there is fan_in, fan_out")
    return calculate_gain(nonlinearity, a) / math.sqrt(fans[mode])


def kaiming_uniform_(
    tensor: Tensor,
    a: float = 0.0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """He (Kaiming), uniform: keeps the variance through rectified layers, which halve it.

    Math:      std = gain / √fan, gain = √(2 / (1 + a²)) for leaky_relu of slope a (0: ReLU)
    Reference: K. He, X. Zhang, S. Ren, J. Sun, "Delving deep into rectifiers", 2015
    """
    return _uniform_std(tensor, _kaiming_std("kaiming_uniform_", tensor, a, mode, nonlinearity), generator)


def kaiming_normal_(
    tensor: Tensor,
    a: float = 0.0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """He (Kaiming), normal: see `kaiming_uniform_`."""
    return normal_(tensor, 0.0, _kaiming_std("kaiming_normal_", tensor, a, mode, nonlinearity), generator)


def lecun_uniform_(tensor: Tensor, generator: Generator | None = None) -> Tensor:
    """LeCun, uniform: keeps the variance of linear layers.

    Math:      std = 1 / √fan_in
    Reference: Y. LeCun, L. Bottou, G. Orr, K.-R. Müller, "Efficient BackProp", 1998
    """
    return _uniform_std(tensor, 1 / math.sqrt(_fans("lecun_uniform_", tensor)[0]), generator)


def lecun_normal_(tensor: Tensor, generator: Generator | None = None) -> Tensor:
    """LeCun, normal: see `lecun_uniform_`."""
    return normal_(tensor, 0.0, 1 / math.sqrt(_fans("lecun_normal_", tensor)[0]), generator)


def orthogonal_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Orthogonal rows (or columns, whichever are fewer) of length `gain`: no direction grows or shrinks.

    Math:      the Q of a QR decomposition of normal numbers, with the signs that make R's diagonal positive;
               without these Q would not be uniform among the orthogonal matrices
    Reference: A. Saxe, J. McClelland, S. Ganguli, "Exact solutions to the nonlinear dynamics of learning
               in deep linear neural networks", 2014
    """
    _fans("orthogonal_", tensor)
    rows, columns = tensor.shape[0], math.prod(tensor.shape[1:])
    tall = (max(rows, columns), min(rows, columns))
    q, r = np.linalg.qr(random.normal(tall, dtype="float64", generator=generator).numpy())
    q = q * np.where(np.diag(r) < 0, -1.0, 1.0)
    matrix = q if rows >= columns else q.T
    return _fill(tensor, Tensor(gain * matrix.reshape(tensor.shape)))
