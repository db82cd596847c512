"""State as a flat dictionary of NumPy arrays, taken out and put back: all of it or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from pellucid.errors import CheckpointError
from pellucid.optim.groups import RULES
from pellucid.tensor import Buffer, Tensor

NEVER_NEGATIVE = {"step", "initial_lr", *RULES}


def take(buffers: Mapping[str, Buffer]) -> dict[str, np.ndarray]:
    """A copy of every Buffer's array."""
    return {name: np.array(buffer.numpy()) for name, buffer in buffers.items()}


def fitting(owner: str, buffers: Mapping[str, Buffer], arrays: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """The arrays, when there is one of the right shape for each Buffer and no other.

    Raises: CheckpointError when not, or when a rate or a count is not a number that can be one
    """
    place = f"{owner}: the state"
    new = {name: np.asarray(array) for name, array in arrays.items()}
    for name, buffer in buffers.items():
        if name not in new:
            raise CheckpointError(f"{place} has no {name}; it belongs to other parameters or options")
        if new[name].shape != buffer.shape or new[name].dtype.kind not in "fiu":
            raise CheckpointError(
                f"{place} has {name} as {new[name].dtype} {new[name].shape}, "
                f"but {buffer.dtype} {buffer.shape} is needed"
            )
        if name.split(".")[0] in NEVER_NEGATIVE and not 0 <= new[name] < np.inf:
            raise CheckpointError(f"{place} has {name} = {new[name]}, but a finite number, 0 or more, is needed")
    for name in new:
        if name not in buffers:
            raise CheckpointError(f"{place} has {name}, which has no place here; it belongs to other options")
    return new


def put(buffers: Mapping[str, Buffer], arrays: Mapping[str, np.ndarray]) -> None:
    """Give every Buffer its array."""
    for name, buffer in buffers.items():
        buffer.assign(Tensor(arrays[name], buffer.dtype))
