"""The books' files of weights: pickles of a dictionary of arrays, such as sample_weight.pkl.

They are read by a reader that admits numbers and arrays and nothing else, since an ordinary pickle may run anything.

Reference: K. Saitoh, "Deep Learning from Scratch", 2016, sections 3.6 and 7.5
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Mapping
from typing import Any

import numpy as np

from pellucid.data import load_pickle
from pellucid.errors import DataError
from pellucid.train.files import write_bytes

PROTOCOL = 4  # which the books' Python can read


def save_params(params: Mapping[str, Any], file_name: str | os.PathLike[str] = "params.pkl") -> None:
    """Put the arrays into a file that the books' own programs can read; the whole file or nothing.

    Raises: DataError when params holds anything but numbers; OSError when the folder is missing or full
    """
    arrays = {str(key): np.asarray(value) for key, value in params.items()}
    for key, array in arrays.items():
        if array.dtype.kind not in "fiu":
            raise DataError(f"save_params: params[{key!r}] is {array.dtype}; give arrays of numbers")
    write_bytes(os.fspath(file_name), pickle.dumps(arrays, PROTOCOL))


def load_params(file_name: str | os.PathLike[str] = "params.pkl") -> dict[str, np.ndarray]:
    """The arrays of such a file by name, in the order in which they were saved.

    Raises: DataError when the file is missing, damaged, or holds anything but a dictionary of arrays of numbers
    """
    found = load_pickle(file_name)
    if not isinstance(found, dict):
        raise DataError(f"load_params: {os.fspath(file_name)} holds no dictionary of arrays but a {_kind(found)}")
    for key, value in found.items():
        if not isinstance(key, str) or not isinstance(value, np.ndarray):
            raise DataError(
                f"load_params: {os.fspath(file_name)} holds {key!r}: {_kind(value)}; only arrays by name are weights"
            )
    return found


def _kind(value: Any) -> str:
    return type(value).__name__
