"""Random Tensors, and dropout.

The state of a Generator is a Tensor: a compiled function takes it in, draws, and gives it back further on.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from pellucid import random as philox
from pellucid.errors import DTypeError, OptionError
from pellucid.graph import Primitive, Shape, Spec
from pellucid.operators import operation
from pellucid.ops.comparison import where
from pellucid.ops.elementwise import cos, log, sqrt
from pellucid.ops.shape import shape_of
from pellucid.tensor import Buffer, Tensor, apply, as_tensor, no_grad


class Generator:
    """A stream of random numbers: a seed and a position in its stream, held in one uint64 Tensor.

    >>> a, b = Generator(7), Generator(7)
    >>> bool((uniform((3,), generator=a) == uniform((3,), generator=b)).to("float32").sum() == 3)
    True
    """

    def __init__(self, seed: int = 0) -> None:
        self.state = Buffer(np.array([_checked(seed), 0], np.uint64))

    def seed(self, seed: int) -> None:
        """Start the stream of `seed` from its beginning."""
        self.state.assign(np.array([_checked(seed), 0], np.uint64))

    def uniform(self, shape: int | Sequence[int], dtype: Any) -> Tensor:
        """Uniform numbers in [0, 1); moves on by the blocks that they take."""
        dtype, sizes = np.dtype(dtype), shape_of("random", shape)
        if dtype.kind != "f":
            raise DTypeError(f"random: {dtype} numbers cannot be drawn; give float32 or float64")
        numbers = apply(random_uniform_p, self.state, shape=sizes, dtype=dtype)
        with no_grad():
            blocks = philox.blocks_needed(sizes, dtype)
            self.state.assign(self.state + Tensor(np.array([0, blocks], np.uint64)))
        return numbers


def _checked(seed: int) -> int:
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or not 0 <= seed < 2**64:
        raise OptionError(f"seed: got {seed!r}; give a whole number from 0 to 2**64 - 1")
    return int(seed)


def _uniform_spec(state: Spec, *, shape: Shape, dtype: np.dtype) -> tuple[Shape, np.dtype]:
    return shape, dtype


random_uniform_p = Primitive(
    "random_uniform",
    spec=_uniform_spec,
    value=lambda state, *, shape, dtype: philox.uniform(int(state[0]), int(state[1]), shape, dtype),
)

default_generator = Generator(0)


def seed(seed: int) -> None:
    """Start the default generator anew: initial values, dropout and everything drawn after are the same again.

    Raises: OptionError unless it is a whole number from 0 to 2**64 - 1
    """
    default_generator.seed(seed)


def uniform(
    shape: int | Sequence[int],
    low: float = 0.0,
    high: float = 1.0,
    *,
    dtype: Any = "float32",
    generator: Generator | None = None,
) -> Tensor:
    """Numbers drawn uniformly from [low, high).

    Raises: ShapeError for a shape that is none; DTypeError unless dtype is float32 or float64

    >>> uniform((2, 3)).shape
    (2, 3)
    """
    numbers = (generator or default_generator).uniform(shape, dtype)
    return numbers if (low, high) == (0, 1) else low + (high - low) * numbers


def normal(
    shape: int | Sequence[int],
    mean: float = 0.0,
    std: float = 1.0,
    *,
    dtype: Any = "float32",
    generator: Generator | None = None,
) -> Tensor:
    """Numbers drawn from the normal distribution.

    Math:      √(-2 log u) · cos(2π v) for uniform u in (0, 1] and v
    Reference: G. Box, M. Muller, "A note on the generation of random normal deviates", 1958
    """
    generator = generator or default_generator
    u, v = 1 - generator.uniform(shape, dtype), generator.uniform(shape, dtype)
    return mean + std * (sqrt(-2 * log(u)) * cos(2 * math.pi * v))


@operation
def dropout(x: Any, p: float = 0.5, training: bool = True, *, generator: Generator | None = None) -> Tensor:
    """Each element becomes 0 with probability p, and the others are divided by 1 - p, so that the mean stays.

    Gradient:  x̄ = ȳ/(1 - p) where an element stayed, 0 elsewhere
    Raises:    OptionError unless p is from 0 to 1
    Note:      nothing is done unless training
    Reference: N. Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", 2014
    """
    x = as_tensor(x)
    if not 0 <= p <= 1:
        raise OptionError(f"dropout: p={p} is no probability; give a number from 0 to 1")
    if not training or p == 0:
        return x
    if p == 1:
        return x * 0
    stays = (generator or default_generator).uniform(x.shape, x.dtype) >= p
    return where(stays, x * (1 / (1 - p)), 0.0)
