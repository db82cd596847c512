"""What of a Module is saved, and taking it over again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from pellucid.errors import CheckpointError
from pellucid.tensor import Buffer, Parameter, Tensor, no_grad

if TYPE_CHECKING:
    from pellucid.nn.module import Module

SHOWN = 6  # keys that a message names


class LoadReport(NamedTuple):
    """The keys that a module has and the arrays had not, and the other way round."""

    missing_keys: list[str]
    unexpected_keys: list[str]


def named_state(module: Module, prefix: str = "") -> Iterator[tuple[str, Tensor]]:
    """All parameters and buffers under PyTorch's keys, in its order; a shared one under each of its names."""
    for kind in (Parameter, Buffer):
        yield from ((prefix + name, tensor) for name, tensor in module._own(kind))
    for name, child in module._children():
        yield from named_state(child, f"{prefix}{name}.")


def load_state(module: Module, arrays: Mapping[str, Any], strict: bool) -> LoadReport:
    """Put the arrays into the parameters and buffers, after all of them have been found to fit."""
    slots = dict(named_state(module))
    report = LoadReport([key for key in slots if key not in arrays], [key for key in arrays if key not in slots])
    if strict and any(report):
        raise CheckpointError(f"load_state_dict: {_differences(report)}; strict=False loads the others")
    values = {key: _as_array(key, arrays[key]) for key in slots if key in arrays}
    wrong = [key for key, value in values.items() if value.shape != slots[key].shape]
    if wrong:
        sizes = _listed([f"{key} has {values[key].shape} where the model has {slots[key].shape}" for key in wrong])
        raise CheckpointError(f"load_state_dict: {sizes}; build the model with the sizes that were saved")
    with no_grad():
        for key, value in values.items():
            slots[key].assign(Tensor(value, slots[key].dtype))
    return report


def _differences(report: LoadReport) -> str:
    missing = [f"missing {_listed(report.missing_keys)}"] if report.missing_keys else []
    unexpected = [f"unexpected {_listed(report.unexpected_keys)}"] if report.unexpected_keys else []
    return "; ".join(missing + unexpected)


def _listed(words: list[str]) -> str:
    more = f" and {len(words) - SHOWN} more" if len(words) > SHOWN else ""
    return ", ".join(words[:SHOWN]) + more


def _as_array(key: str, value: Any) -> np.ndarray:
    """A NumPy array, Tensor or PyTorch tensor as an array of numbers."""
    try:
        array = np.asarray(value.detach() if hasattr(value, "detach") else value)
    except (TypeError, ValueError, RuntimeError):
        array = np.asarray(None)
    if array.dtype.kind not in "biuf":
        raise CheckpointError(f"load_state_dict: {key} is a {type(value).__name__} that makes no array of numbers")
    return array
