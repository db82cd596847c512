"""New Tensors of given numbers: zeros, ones, one number everywhere, a range."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pellucid.errors import DTypeError, OptionError, ShapeError
from pellucid.ops.shape import shape_of
from pellucid.tensor import Tensor, to_array


def zeros(shape: int | Sequence[int], dtype: Any = "float32") -> Tensor:
    """0 everywhere.

    Raises: ShapeError for a shape that is none; DTypeError for a dtype that Tensors do not have

    >>> zeros((2, 3)).shape
    (2, 3)
    """
    return _filled("zeros", shape, 0, dtype)


def ones(shape: int | Sequence[int], dtype: Any = "float32") -> Tensor:
    """1 everywhere.

    Raises: as `zeros`

    >>> ones(3, "int64")
    Tensor([1 1 1], int64)
    """
    return _filled("ones", shape, 1, dtype)


def full(shape: int | Sequence[int], value: Any, dtype: Any = None) -> Tensor:
    """One number everywhere, in its own dtype (a Python float is a float32) or the given one.

    Raises: as `zeros`; ShapeError when the value is not one number

    >>> full((2,), 0.5)
    Tensor([0.5 0.5], float32)
    """
    return _filled("full", shape, value, dtype)


def arange(start: float, stop: float | None = None, step: float = 1, dtype: Any = None) -> Tensor:
    """The numbers from `start` to below `stop` in equal steps; arange(n) counts from 0.

    dtype:  int64 when all that is given is whole, else float32, when left out
    Raises: OptionError for a step of 0 or what is no finite number; DTypeError as `zeros`

    >>> arange(3), arange(1, 2, 0.25)
    (Tensor([0 1 2], int64), Tensor([1.   1.25 1.5  1.75], float32))
    """
    start, stop = (0, start) if stop is None else (start, stop)
    given = (start, stop, step)
    if not all(isinstance(x, int | float | np.number) and np.isfinite(x) for x in given) or step == 0:
        raise OptionError(f"arange: start, stop and step are {given}; give finite numbers and a step that is not 0")
    array = np.arange(start, stop, step)
    return Tensor(array, _known("arange", dtype) or ("float32" if array.dtype.kind == "f" else "int64"))


def _filled(name: str, shape: int | Sequence[int], value: Any, dtype: Any) -> Tensor:
    sizes, number = shape_of(name, shape), to_array(value, _known(name, dtype))
    if number.size != 1:
        raise ShapeError(f"{name}: the value has shape {number.shape}; give one number")
    return Tensor(np.full(sizes, number.reshape(())))


def _known(name: str, dtype: Any) -> np.dtype | None:
    try:
        return None if dtype is None else np.dtype(dtype)
    except TypeError:
        raise DTypeError(
            f"{name}: dtype={dtype!r} is no dtype; give one such as 'float32', and a shape of several sizes as (2, 3)"
        ) from None
