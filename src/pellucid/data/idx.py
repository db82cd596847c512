"""The idx format of MNIST and its relatives, read strictly.

Two zero bytes, a byte for the type, a byte for the number of dimensions, each dimension as a 32-bit number,
then the values in C order; all of it big-endian.

Reference: Y. LeCun, C. Cortes, C. Burges, The MNIST database of handwritten digits
"""

from __future__ import annotations

import math
import os
import struct
from pathlib import Path
from typing import BinaryIO

import numpy as np

from pellucid.data.bounded import MAX_BYTES, opened, read_up_to
from pellucid.data.places import existing_file
from pellucid.errors import DataError

TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
MAX_DIMENSIONS = 32


def read_idx(path: str | os.PathLike[str], *, max_bytes: int = MAX_BYTES) -> np.ndarray:
    """The array in an idx file, gzip or plain, in this machine's byte order.

    Raises: DataError when the file is missing, damaged, truncated, too long, little-endian,
            or claims more than `max_bytes` bytes of values.
    """
    file = existing_file("read_idx", path)
    with opened(file, "read_idx") as stream:
        dtype = _read_type(stream, file)
        shape = _read_shape(stream, file, dtype, max_bytes)
        size = dtype.itemsize * math.prod(shape)
        # One byte more than is due: it shows a file that goes on, and makes gzip check its checksum.
        content = read_up_to(stream, size + 1)
    if len(content) != size:
        fault = f"is truncated after {len(content):,}" if len(content) < size else "goes on after all"
        raise DataError(f"read_idx: {file} {fault} of the {size:,} bytes of {_claim(shape)}; get the file again")
    return np.frombuffer(content, dtype).reshape(shape).astype(dtype.newbyteorder("="), copy=False)


def _read_type(stream: BinaryIO, file: Path) -> np.dtype:
    magic = bytes(read_up_to(stream, 2)), bytes(read_up_to(stream, 1))
    if magic[0] == b"\0\0" and magic[1] and magic[1][0] in TYPES:
        return np.dtype(TYPES[magic[1][0]])
    start = b"".join(magic) + bytes(read_up_to(stream, 1))
    if start[2:] == b"\0\0" and start[1] in TYPES:
        raise DataError(f"read_idx: {file} is little-endian; write its header and values in big-endian order")
    expected = "00 00, a type in 08 09 0b 0c 0d 0e and the number of dimensions"
    raise DataError(f"read_idx: {file} is not idx: it begins with {start.hex(' ') or 'nothing'}, not {expected}")


def _read_shape(stream: BinaryIO, file: Path, dtype: np.dtype, max_bytes: int) -> tuple[int, ...]:
    count = int.from_bytes(read_up_to(stream, 1))
    if not 1 <= count <= MAX_DIMENSIONS:
        raise DataError(f"read_idx: {file} has {count} dimensions; 1 to {MAX_DIMENSIONS} can be read")
    header = read_up_to(stream, 4 * count)
    if len(header) < 4 * count:
        raise DataError(f"read_idx: {file} is truncated inside its header; get the file again")
    shape = struct.unpack(f">{count}I", header)
    if _size(shape, dtype) > max_bytes:
        if _size(struct.unpack(f"<{count}I", header), dtype) <= max_bytes:
            raise DataError(f"read_idx: {file} has little-endian dimensions; write them in big-endian order")
        limit = f"more than max_bytes={max_bytes:,}; raise it if you trust the file"
        raise DataError(f"read_idx: {file} claims {_size(shape, dtype):,} bytes for {_claim(shape)}, {limit}")
    return shape


def _size(shape: tuple[int, ...], dtype: np.dtype) -> int:
    # A dimension of zero counts as one here: NumPy cannot hold (0, 2**32, 2**32) either.
    return dtype.itemsize * math.prod(max(length, 1) for length in shape)


def _claim(shape: tuple[int, ...]) -> str:
    return "×".join(str(length) for length in shape) + " values"
