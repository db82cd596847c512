"""Nielsen's data, lists of pairs (column of pixels, what is wanted), as matrices with a row for each pair."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from numbers import Integral
from typing import Any

import numpy as np

from pellucid.book.arrays import as_floats
from pellucid.errors import DataError, DTypeError, RangeError, ShapeError

Pairs = Iterable[tuple[Any, Any]]


def listed(place: str, data: Pairs) -> list[tuple[Any, Any]]:
    """The pairs of a list or zip, which gives them only once.

    Raises: DataError when there are none, or they are no pairs; `place` begins the message
    """
    if isinstance(data, np.ndarray | str | bytes) or not isinstance(data, Iterable):
        raise DataError(
            f"{place}: got {_kind(data)}; give a list or zip of pairs (x, y), as load_data_wrapper has them"
        )
    pairs = list(data)
    if not pairs:
        raise DataError(
            f"{place}: there are no examples; a zip gives its pairs only once, so keep them: data = list(data)"
        )
    for pair in pairs:
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            raise DataError(
                f"{place}: among the examples is {_kind(pair)}; give pairs (x, y), as load_data_wrapper has them"
            )
    return pairs


def images(place: str, pairs: Sequence[tuple[Any, Any]], size: int, where: str = "") -> np.ndarray:
    """The columns of pixels as rows.

    where:  what asks for this size, for the message
    Shapes: x (size, 1) each → (N, size), float32 where all are, else float64
    Raises: ShapeError for an image of another shape
    """
    columns = [x for x, _ in pairs]
    rows = _view(columns, size)
    if rows is not None:
        return _floats(place, rows, "an image")
    return _rows(place, columns, size, "an image", where or f"the network's first layer has {size} neurons")


def vectors(place: str, pairs: Sequence[tuple[Any, Any]], size: int) -> np.ndarray:
    """The outputs that are wanted, as rows.

    Shapes: y (size, 1) each → (N, size)
    Raises: ShapeError for a label, or a vector of another shape
    """
    wanted = [y for _, y in pairs]
    if not np.ndim(wanted[0]):
        raise ShapeError(
            f"{place}: the output wanted of an example is the label {wanted[0]}, where a column ({size}, 1) is meant; "
            f"vectorized_result({wanted[0]}) makes one"
        )
    return _rows(place, wanted, size, "an output wanted", f"the network's last layer has {size} neurons")


def labels(place: str, pairs: Sequence[tuple[Any, Any]], classes: int) -> np.ndarray:
    """The labels, (N,) int64.

    Raises: ShapeError for a vector or anything else that is no whole number; RangeError for one that is no class
    """
    given = [y for _, y in pairs]
    for y in given:
        if np.ndim(y) or not isinstance(y, Integral | np.ndarray):
            what = f"of shape {np.shape(y)}" if np.ndim(y) else repr(y)
            raise ShapeError(
                f"{place}: what is wanted of an example is {what}, where a label such as 5 is meant; "
                "np.argmax gives the label of a vector, and validation_data and test_data have labels"
            )
    found = np.array(given, np.int64)
    if found.min() < 0 or found.max() >= classes:
        wrong = found[(found < 0) | (found >= classes)][0]
        raise RangeError(
            f"{place}: the label {wrong} is no output of the network, whose last layer has {classes} neurons"
        )
    return found


def column(place: str, x: Any, size: int, what: str, where: str) -> np.ndarray:
    """x as floats, if it is a column (size, 1). Raises: ShapeError"""
    shape = np.shape(x)
    if shape == (size, 1):
        return _floats(place, np.asarray(x), what)
    if shape == (size,):
        raise ShapeError(
            f"{place}: {what} is ({size},), where a column ({size}, 1) is meant; np.reshape(x, ({size}, 1)) makes one"
        )
    raise ShapeError(f"{place}: {what} is {shape}, but {where}; give a column ({size}, 1)")


def _view(columns: list[Any], size: int) -> np.ndarray | None:
    """The rows that columns are views of, where these lie one after the other in one array; else None.

    Note: those of `load_data_wrapper` do, and 157 MB need not be copied
    """
    base = getattr(columns[0], "base", None)
    if not isinstance(base, np.ndarray) or not base.flags.c_contiguous:
        return None
    item, shape, start = base.itemsize, (size, 1), _address(columns[0])
    for i, x in enumerate(columns):
        alike = type(x) is np.ndarray and x.base is base and x.dtype == base.dtype
        if not alike or x.shape != shape or x.strides[0] != item or _address(x) != start + i * size * item:
            return None
    first = (start - _address(base)) // item
    return base.reshape(-1)[first : first + len(columns) * size].reshape(-1, size)


def _address(x: np.ndarray) -> int:
    return x.__array_interface__["data"][0]


def _rows(place: str, columns: list[Any], size: int, what: str, where: str) -> np.ndarray:
    try:
        found = np.array(columns)
    except ValueError:  # of several shapes
        found = np.zeros(0)
    if found.shape != (len(columns), size, 1):
        for x in columns:
            column(place, x, size, what, where)
    return _floats(place, found.reshape(len(columns), size), what)


def _floats(place: str, x: np.ndarray, what: str) -> np.ndarray:
    if x.dtype.kind not in "buif":
        raise DTypeError(f"{place}: {what} has values of type {x.dtype}; give numbers")
    return as_floats(x)


def _kind(value: Any) -> str:
    return f"an array {value.shape}" if isinstance(value, np.ndarray) else f"a {type(value).__name__}"
