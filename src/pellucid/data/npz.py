"""Arrays in an .npz file of NumPy."""

from __future__ import annotations

import os
import zipfile
import zlib
from pathlib import Path

import numpy as np

from pellucid.data.bounded import MAX_BYTES
from pellucid.data.dataset import ArrayDataset
from pellucid.data.places import existing_file
from pellucid.errors import DataError


def load_npz(
    path: str | os.PathLike[str], *, max_bytes: int = 4 * MAX_BYTES
) -> tuple[ArrayDataset, ArrayDataset | None]:
    """(train, test) from the arrays x_train, t_train, x_test, t_test, or (all, None) from the arrays x and t.

    y may stand for t, and an array `classes` of strings may name the classes. Grey uint8 images (N, H, W)
    become (N, 1, H, W).

    Raises: DataError when arrays are missing, the file is damaged or needs pickle, or unpacks to more than
            `max_bytes`
    """
    file = existing_file("load_npz", path)
    arrays = _read(file, max_bytes)
    if "x" in arrays:
        return _part(file, arrays, ""), None
    return _part(file, arrays, "_train"), _part(file, arrays, "_test")


def _read(file: Path, max_bytes: int) -> dict[str, np.ndarray]:
    try:
        _check_size(file, max_bytes)
        with np.load(file, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except DataError:
        raise
    # What a damaged zip file, or a damaged array within it, leads to.
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, MemoryError, RuntimeError) as error:
        raise DataError(f"load_npz: {file} is damaged or not an npz file ({error}); get the file again") from error
    except ValueError as error:
        raise DataError(f"load_npz: {file} holds an array that cannot be read ({error}); save plain numbers") from error
    except OSError as error:
        raise DataError(f"load_npz: {file} cannot be read ({error}); check the file") from error


def _check_size(file: Path, max_bytes: int) -> None:
    with zipfile.ZipFile(file) as archive:
        size = sum(member.file_size for member in archive.infolist())
    if size > max_bytes:
        fault = f"unpacks to {size:,} bytes, more than max_bytes={max_bytes:,}"
        raise DataError(f"load_npz: {file} {fault}; raise it if you trust the file")


def _part(file: Path, arrays: dict[str, np.ndarray], suffix: str) -> ArrayDataset:
    target = next((name for name in (f"t{suffix}", f"y{suffix}") if name in arrays), None)
    if f"x{suffix}" not in arrays or target is None:
        wanted = "x and t, or x_train, t_train, x_test and t_test"
        raise DataError(f"load_npz: {file} has the arrays {', '.join(arrays) or 'none'}; save {wanted}")
    x, classes = arrays[f"x{suffix}"], arrays.get("classes")
    if x.ndim == 3 and x.dtype == np.uint8:
        x = x[:, np.newaxis]
    names = None if classes is None else [str(name) for name in classes.ravel()]
    return ArrayDataset(x, arrays[target], classes=names, name=f"{file.name}{suffix.replace('_', ' ')}")
