"""Casts between dtypes."""

from __future__ import annotations

from typing import Any

import numpy as np

from pellucid.errors import DTypeError
from pellucid.graph import Primitive
from pellucid.operators import operation
from pellucid.tensor import DTYPES, Tensor, apply, as_tensor


@operation
def cast(x: Any, dtype: Any) -> Tensor:
    """The same numbers in another dtype; floats are cut off towards zero when they become integers.

    Gradient: x̄ = ȳ, cast back; none through integers and bools
    Raises:   DTypeError for a dtype that is not supported

    >>> cast([1.9, -1.9], "int64")
    Tensor([ 1 -1], int64)
    """
    x = as_tensor(x)
    try:
        known = None if dtype is None else np.dtype(dtype)  # NumPy takes None for float64
    except TypeError:
        known = None
    if known is None or known not in DTYPES:
        raise DTypeError(f"cast: there is no dtype {dtype!r}; give one of {', '.join(map(str, DTYPES))}")
    return x if x.dtype == known else apply(cast_p, x, dtype=known)


cast_p = Primitive(
    "cast",
    spec=lambda x, *, dtype: (x.shape, dtype),
    value=lambda x, *, dtype: x.astype(dtype),
    gradients=[lambda g, y, x, *, dtype: cast(g, x.dtype)],
)
