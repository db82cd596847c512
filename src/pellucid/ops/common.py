"""What the elementwise operations share: shape rules, and making their inputs agree.

Primitives take inputs of one shape and one dtype. What the user may mix (shapes that broadcast, numbers, dtypes)
is made to agree here, with explicit `broadcast_to` and `cast` operations, so that their gradients are undone in
one place and an engine sees simple operations only.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pellucid.errors import DTypeError, ShapeError
from pellucid.graph import Shape, Spec
from pellucid.ops.dtype import cast
from pellucid.ops.shape import broadcast_to
from pellucid.tensor import Tensor, as_tensor


def same(x: Spec, *others: Spec, **options: Any) -> tuple[Shape, np.dtype]:
    """The shape rule of elementwise primitives: like the inputs, which must agree."""
    for other in others:
        if (other.shape, other.dtype) != (x.shape, x.dtype):
            raise ShapeError(
                f"elementwise: inputs must agree, got {x.shape} {x.dtype} and {other.shape} {other.dtype}; "
                "broadcast and cast them first"
            )
    return x.shape, x.dtype


def truth(x: Spec, *others: Spec, **options: Any) -> tuple[Shape, np.dtype]:
    """The shape rule of comparisons: like `same`, but what comes out is bool."""
    return same(x, *others)[0], np.dtype(bool)


def floating(x: Any) -> Tensor:
    """x as a Tensor of floats; integers and bools become float32."""
    x = as_tensor(x)
    return x if x.dtype.kind == "f" else cast(x, "float32")


def numbers(name: str, *tensors: Tensor) -> None:
    """Refuse bools, for which NumPy has no such operation.

    Raises: DTypeError
    """
    if any(x.dtype == bool for x in tensors):
        raise DTypeError(f"{name}: takes numbers, got bool; cast it with .to('int64')")


def common_dtype(name: str, *tensors: Tensor) -> np.dtype:
    """The dtype that mixed inputs meet in: the widest float if there is one, else the widest integer.

    Note: NumPy would take int64 with float32 to float64; here float32 stays float32.
    """
    dtypes = {x.dtype for x in tensors}
    floats = [d for d in dtypes if d.kind == "f"]
    dtype = np.result_type(*(floats or dtypes))
    if not floats and dtype.kind == "f":
        raise DTypeError(
            f"{name}: {' and '.join(sorted(map(str, dtypes)))} have no common integer dtype; cast one of them"
        )
    return dtype


def agree(name: str, *values: Any) -> list[Tensor]:
    """The values as Tensors of one dtype and one shape.

    Raises: ShapeError when the shapes do not broadcast
    """
    like = next((x for x in values if isinstance(x, Tensor)), None)
    tensors = [as_tensor(x, like=like) for x in values]
    dtype = common_dtype(name, *tensors)
    shape = common_shape(name, *(x.shape for x in tensors))
    return [broadcast_to(cast(x, dtype), shape) for x in tensors]


def common_shape(name: str, *shapes: Shape) -> Shape:
    """The shape that these broadcast to.

    Raises: ShapeError when they do not
    """
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        given = " and ".join(map(str, shapes))
        raise ShapeError(
            f"{name}: shapes {given} do not broadcast; from the last axis backwards, sizes must be equal or 1"
        ) from None
