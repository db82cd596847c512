"""Pickle files of arrays, read without giving them any power.

A pickle is a program that may call anything. Here it may call what stands in one short table: the names under
which NumPy pickles an array lead to stand-ins that take down what they are given, and real arrays are made at
the end from plain bytes. NumPy's own `__setstate__` never runs: a made-up state can crash it.
"""

from __future__ import annotations

import io
import math
import os
import pickle
import struct
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from pellucid.data.bounded import MAX_BYTES, read_whole
from pellucid.data.places import existing_file
from pellucid.errors import DataError

DTYPES = {"b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"}
MAX_DEPTH = 32


def load_pickle(path: str | os.PathLike[str], *, max_bytes: int = MAX_BYTES) -> Any:
    """What a pickle file holds, gzip or plain, from Python 2 or 3: arrays of numbers, numbers, strings, and
    dictionaries, lists and tuples of them.

    Raises: DataError when it holds anything else, is damaged, or unpacks to more than `max_bytes` bytes
    """
    file = existing_file("load_pickle", path)
    content = read_whole(file, "load_pickle", max_bytes)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # a text with unknown escapes is damaged
            return _made(_Unpickler(io.BytesIO(content), encoding="latin1").load(), {})
    except _RefusedError as error:
        admitted = "only numbers, text, arrays of numbers, and containers of them are read"
        raise DataError(f"load_pickle: {file} holds {error}; {admitted}") from error
    except _STUMBLES as error:
        raise DataError(f"load_pickle: {file} is damaged or not a pickle ({error}); get the file again") from error


# In any of these ways the unpickler stumbles over a damaged file.
_STUMBLES = (
    pickle.UnpicklingError,
    struct.error,
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    TypeError,
    ValueError,
    Warning,
)


class _RefusedError(Exception):
    """Something that this reader does not admit."""


class _Unpickler(pickle._Unpickler):
    """The one written in Python: for a made-up note number the one in C makes a table of that length."""

    def find_class(self, module: str, name: str) -> Any:
        known = module.replace("numpy._core", "numpy.core")  # NumPy 2 renamed it
        try:
            return _ADMITTED[known, name]
        except KeyError:
            raise _RefusedError(f"a reference to {module}.{name}") from None


class _DType:
    """Stands in for numpy.dtype: a code such as "f4" and a byte order."""

    def __init__(self, code: str, align: bool = False, copy: bool = False) -> None:
        if code not in DTYPES:
            raise _RefusedError(f"values of type {code!r}")
        self.dtype = np.dtype(code)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        order = state[1]
        if order not in ("<", ">", "|", "="):
            raise ValueError(f"byte order {order!r}")
        self.dtype = self.dtype.newbyteorder(order)


class _Array:
    """Stands in for numpy.ndarray: its dtype, shape and bytes, as they come."""

    dtype: np.dtype
    shape: tuple[int, ...]
    order: str
    content: bytes

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _version, shape, dtype, fortran, content = state
        self.take(content, dtype, shape, "F" if fortran else "C")

    def take(self, content: Any, dtype: Any, shape: Any, order: str) -> _Array:
        if not isinstance(dtype, _DType):
            raise _RefusedError("an array whose type is not numbers")
        # Python 2 wrote bytes as text, which comes here as latin-1: one letter a byte.
        self.content = content.encode("latin1") if isinstance(content, str) else memoryview(content).tobytes()
        self.dtype, self.shape, self.order = dtype.dtype, tuple(shape), order
        return self

    def made(self) -> np.ndarray:
        if len(self.content) != self.dtype.itemsize * math.prod(self.shape):
            raise ValueError(f"an array {self.shape} of {self.dtype} with {len(self.content):,} bytes")
        array = np.frombuffer(self.content, self.dtype).reshape(self.shape, order=self.order)  # type: ignore[call-overload]
        return array.astype(self.dtype.newbyteorder("="), order="C")


class _Function:
    """A function that a pickle may call but not change: a plain one would take attributes from it."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function

    def __call__(self, *arguments: Any) -> Any:
        return self.function(*arguments)

    def __setstate__(self, state: Any) -> None:
        raise _RefusedError("a changed function")


def _reconstruct(_subtype: Any, _shape: Any, _code: Any) -> _Array:
    return _Array()


def _from_buffer(content: Any, dtype: Any, shape: Any, order: str) -> _Array:
    return _Array().take(content, dtype, shape, order)


def _scalar(dtype: Any, content: Any) -> Any:
    return _Array().take(content, dtype, (), "C").made()[()]


def _encode(text: str, encoding: str) -> bytes:
    if encoding != "latin1":
        raise _RefusedError(f"text in the encoding {encoding!r}")
    return text.encode("latin1")


def _no_bytes() -> bytes:
    return b""


_ADMITTED: dict[tuple[str, str], Any] = {
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _DType,
    ("numpy.core.multiarray", "_reconstruct"): _Function(_reconstruct),
    ("numpy.core.multiarray", "scalar"): _Function(_scalar),
    ("numpy.core.numeric", "_frombuffer"): _Function(_from_buffer),
    ("_codecs", "encode"): _Function(_encode),
    ("__builtin__", "bytes"): _Function(_no_bytes),
    ("collections", "OrderedDict"): dict,
}


def _made(value: Any, known: dict[int, Any], depth: int = 0) -> Any:
    """The same value with arrays for their stand-ins. What stands in two places is made once."""
    if depth > MAX_DEPTH:
        raise _RefusedError(f"containers more than {MAX_DEPTH} deep")
    if id(value) not in known:
        known[id(value)] = _made_anew(value, known, depth + 1)
    return known[id(value)]


def _made_anew(value: Any, known: dict[int, Any], depth: int) -> Any:
    match value:
        case _Array():
            return value.made()
        case dict():
            return {_key(key): _made(item, known, depth) for key, item in value.items()}
        case list():
            return [_made(item, known, depth) for item in value]
        case tuple():
            return tuple(_made(item, known, depth) for item in value)
        case None | bool() | int() | float() | str() | bytes() | np.generic():
            return value
    raise _RefusedError(f"a {type(value).__name__.lstrip('_')}")


def _key(key: Any) -> str | int:
    if not isinstance(key, str | int):
        raise _RefusedError(f"a dictionary whose key is a {type(key).__name__}")
    return key
