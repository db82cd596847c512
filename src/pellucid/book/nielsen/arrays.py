"""Functions of Tensors, to be called with arrays and numbers as well."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from pellucid.tensor import Tensor, no_grad


def on_arrays(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same function, which gives arrays for arrays and Tensors for Tensors.

    Note: whole numbers and Python floats become float64, as in NumPy; one number comes back as NumPy's
    """

    @wraps(function)
    def for_both(*inputs: Any) -> Any:
        if any(isinstance(x, Tensor) for x in inputs):
            return function(*inputs)
        with no_grad():
            result = np.array(function(*(Tensor(as_floats(x)) for x in inputs)).numpy())
        return result if result.ndim else result[()]

    return for_both


def as_floats(x: Any) -> np.ndarray:
    """x as an array of float32, if it is one, and of float64 otherwise."""
    x = np.asarray(x)
    return x if x.dtype == np.float32 else x.astype(np.float64, copy=False)
