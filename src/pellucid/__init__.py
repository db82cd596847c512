"""Pellucid: a deep-learning library that you can see through.

`import pellucid` brings Tensors, operations and gradients; nn, optim, data, models and train come when they are
first asked for, so that it takes about as long as NumPy.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from pellucid.autodiff import backward, grad, gradients
from pellucid.checking import check_gradients, numerical_gradient
from pellucid.compile import compile
from pellucid.engines import engine, set_engine
from pellucid.ops.activation import log_softmax, relu, softmax
from pellucid.ops.arithmetic import add, clip, divide, maximum, minimum, multiply, negative, power, subtract
from pellucid.ops.comparison import (
    equal,
    isfinite,
    less,
    less_equal,
    logical_and,
    logical_not,
    logical_or,
    not_equal,
    where,
)
from pellucid.ops.convolution import conv2d
from pellucid.ops.creation import arange, full, ones, zeros
from pellucid.ops.dtype import cast
from pellucid.ops.elementwise import (
    abs,
    cos,
    erf,
    exp,
    expm1,
    floor,
    log,
    log1p,
    sigmoid,
    sign,
    sin,
    sqrt,
    tanh,
)
from pellucid.ops.im2col import col2im, im2col
from pellucid.ops.indexing import one_hot, take_along_axis
from pellucid.ops.linalg import matmul, outer
from pellucid.ops.random import Generator, default_generator, normal, seed, uniform
from pellucid.ops.reduction import argmax, argmin, max, mean, min, std, sum, var
from pellucid.ops.shape import (
    broadcast_to,
    concatenate,
    flatten,
    pad,
    reshape,
    squeeze,
    stack,
    swapaxes,
    transpose,
    unsqueeze,
)
from pellucid.tensor import Buffer, Parameter, Tensor, no_grad

if TYPE_CHECKING:
    from pellucid import book, data, models, nn, optim, train
    from pellucid.train.checkpoint import load, save

__version__ = "0.1.0"

_LATER = {name: f"pellucid.{name}" for name in ("book", "data", "models", "nn", "optim", "train")}


def __getattr__(name: str) -> Any:
    if name in _LATER:
        return import_module(_LATER[name])
    if name in ("load", "save"):
        return getattr(import_module("pellucid.train.checkpoint"), name)
    raise AttributeError(f"module 'pellucid' has no attribute {name!r}")
