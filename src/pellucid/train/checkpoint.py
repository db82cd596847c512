"""Weights and checkpoints in files: safetensors, with JSON beside the arrays in the same file.

One file, so that weights, optimiser, generator and position cannot come from different moments: it is written
beside and renamed, and whoever kills the process finds the old one whole or the new one whole.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from pellucid.errors import CheckpointError
from pellucid.nn.module import Module
from pellucid.train.files import write_bytes

KEY = "pellucid"  # under which the JSON stands in the metadata of the file


def save(model: Module, path: str | Path) -> None:
    """Write a model's weights to a safetensors file, under the keys of its `state_dict`.

    Raises: CheckpointError when the folder is not there or cannot be written to
    """
    write_arrays(path, model.state_dict())


def load(model: Module, path: str | Path) -> Module:
    """Read a model's weights from a safetensors file, Pellucid's or another library's with the same keys.

    Raises: CheckpointError when the file is missing, damaged, or does not fit; the model is unchanged then
    """
    arrays, _ = read_arrays(path)
    try:
        model.load_state_dict(arrays)
    except CheckpointError as error:
        raise CheckpointError(f"load: {path} does not fit this model: {error}") from None
    return model


def write_arrays(path: str | Path, arrays: Mapping[str, Any], notes: Mapping[str, Any] | None = None) -> None:
    """Write named arrays, and notes that JSON can hold, to one safetensors file."""
    from safetensors.numpy import save as to_bytes

    plain = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    metadata = None if notes is None else {KEY: json.dumps(notes)}
    try:
        write_bytes(path, to_bytes(plain, metadata))
    except OSError as error:
        raise CheckpointError(f"save: {path} cannot be written ({error.strerror}); nothing was changed") from None


def read_arrays(
    path: str | Path, advice: str = "give a file that save wrote, or another copy of it"
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The arrays and the notes of a safetensors file.

    advice: what a damaged file's message ends with
    Raises: CheckpointError when it is missing or damaged
    """
    from safetensors import SafetensorError, safe_open

    if not Path(path).is_file():
        raise CheckpointError(f"load: there is no file {path}; give a .safetensors file or the folder of a run")
    _refuse_pickle(path)
    try:
        with safe_open(str(path), framework="numpy") as file:
            notes = json.loads((file.metadata() or {}).get(KEY, "{}"))
            return {name: file.get_tensor(name) for name in file.keys()}, notes  # noqa: SIM118
    except (SafetensorError, OSError, ValueError) as error:
        raise CheckpointError(
            f"load: {path} is damaged or no safetensors file ({str(error).rstrip('.')}); {advice}"
        ) from None


def _refuse_pickle(path: str | Path) -> None:
    """Raises: CheckpointError for what torch.save writes: a zip file with a pickle in it, or a bare pickle"""
    try:
        with Path(path).open("rb") as file:
            start = file.read(9)
    except OSError:  # told where the file is read
        return
    # A safetensors file starts with its header's length in 8 bytes, which may begin with these too, and then a brace.
    if start.startswith((b"PK\x03\x04", b"\x80")) and start[8:9] != b"{":
        raise CheckpointError(
            f"load: {path} is a pickle, as PyTorch writes it, which can run code when it is read; "
            "in PyTorch write its state_dict with safetensors.torch.save_file, and load that file"
        )


def join(parts: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """{"model": {"w": 1}} as {"model.w": 1}."""
    return {f"{part}.{name}": value for part, values in parts.items() for name, value in values.items()}


def part(arrays: Mapping[str, np.ndarray], name: str) -> dict[str, np.ndarray]:
    """The values under `name.`, without it: what `join` has joined."""
    return {key.removeprefix(f"{name}."): value for key, value in arrays.items() if key.startswith(f"{name}.")}
