"""Arrays in, arrays out: the books' programs know NumPy alone, and Pellucid's operations know Tensors.

What a program gives (arrays, lists, numbers) becomes Tensors, and what comes out becomes arrays of the program's own,
which it may write into. Where one of the inputs is a Tensor, or a function is being compiled, Tensors come out.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from pellucid.ops.dtype import cast
from pellucid.tensor import DTYPES, Tensor, context


def on_tensors(*inputs: Any) -> bool:
    """Whether Tensors are to come out: one comes in, or a function is being compiled."""
    return context.trace is not None or any(isinstance(x, Tensor) for x in inputs)


def on_arrays(function: Callable[..., Tensor]) -> Callable[..., Any]:
    """A function of Tensors as one of arrays, lists and numbers too. All its arguments are such values.

    >>> on_arrays(lambda x: x * 2)([1.0, 2.0])
    array([2., 4.])
    """

    @wraps(function)
    def wrapped(*args: Any, **named: Any) -> Any:
        out = function(*map(tensor_of, args), **{name: tensor_of(x) for name, x in named.items()})
        return out if on_tensors(*args, *named.values()) else array_of(out)

    return wrapped


def tensor_of(x: Any) -> Tensor:
    """A Tensor as it is; a copy of anything else in the dtype that NumPy gives it: Python's floats are float64."""
    return x if isinstance(x, Tensor) else Tensor(widened(x))


def widened(x: Any) -> np.ndarray:
    """x as an array in a dtype that Tensors have: int8 becomes int64, float16 float32; integers stay integers."""
    array = np.asarray(x)
    if array.dtype not in DTYPES and array.dtype.kind in "iuf":
        wider = np.int64 if array.dtype.kind != "f" else np.float32 if array.dtype.itemsize < 4 else np.float64
        array = array.astype(wider)
    return array


def array_of(x: Tensor) -> Any:
    """A Tensor's value as an array that may be written into; one number as NumPy's number."""
    array = np.array(x.numpy())
    return array if array.ndim else array[()]


def as_floats(x: Any) -> np.ndarray:
    """x as an array of float32, if it is one, and of float64 otherwise."""
    array = np.asarray(x)
    return array if array.dtype == np.float32 else array.astype(np.float64, copy=False)


def floats(x: Tensor) -> Tensor:
    """Floats as they are; integers as float64, which is what NumPy's functions make of them."""
    return x if x.dtype.kind == "f" else cast(x, "float64")


def floats_alike(*inputs: Any) -> list[Tensor]:
    """All as Tensors of the one float dtype that NumPy would compute in: float32 meets float64 in float64."""
    given = [x if type(x) in (int, float) else tensor_of(x) for x in inputs]  # a plain number takes the others' dtype
    dtype = np.result_type(*(x.dtype if isinstance(x, Tensor) else x for x in given))
    return [cast(tensor_of(x), dtype if dtype.kind == "f" else "float64") for x in given]
