"""What layers check of their inputs, with the sentence that goes with it."""

from __future__ import annotations

import numpy as np

from pellucid.errors import DTypeError
from pellucid.tensor import Tensor


def same_dtype(x: Tensor, weight: Tensor) -> None:
    """Refuse an input of another dtype than the weights; for images, tell how to scale them."""
    if x.dtype == weight.dtype:
        return
    if x.dtype == np.uint8:
        raise DTypeError("got uint8, pixels from 0 to 255; scale them to 0..1 with nn.functional.scale_pixels(x) first")
    raise DTypeError(
        f"got {x.dtype}, but the weights are {weight.dtype}; "
        f"convert the input with x.to('{weight.dtype}'){_or_the_model(x)}"
    )


def _or_the_model(x: Tensor) -> str:
    return f", or the model with model.to('{x.dtype}')" if x.dtype.kind == "f" else ""
