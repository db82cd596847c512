"""What layers check of their options and inputs, with the sentence that goes with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pellucid.errors import DTypeError, OptionError
from pellucid.tensor import Tensor

Pair = int | Sequence[int]


def whole(name: str, *, least: int = 1, **options: Any) -> None:
    """Refuse an option that is no whole number, or below `least`.

    Note: 28 / 2 is 14.0, which is the usual way to come here
    """
    for option, value in options.items():
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
            almost = isinstance(value, float) and value.is_integer() and value >= least
            hint = "; divide with // to keep it whole" if almost else ""
            raise OptionError(f"{name}: {option}={value!r} must be a whole number, {least} or more{hint}")


def pair(name: str, *, least: int = 1, **options: Pair) -> tuple[int, int]:
    """The one option given, as (rows, columns); a single number stands for both."""
    ((option, value),) = options.items()
    both = (value, value) if isinstance(value, int | float | np.number) else tuple(value)
    if len(both) != 2:
        raise OptionError(f"{name}: {option}={value!r} must be one whole number, or two: (rows, columns)")
    whole(name, least=least, **{option: both[0]})
    whole(name, least=least, **{option: both[1]})
    return int(both[0]), int(both[1])


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
