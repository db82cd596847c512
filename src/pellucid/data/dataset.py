"""A data set in memory: an array of inputs and an array of targets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from pellucid.data.order import epoch_order
from pellucid.errors import DataError, OptionError


class ArrayDataset:
    """Inputs `x` and targets `t`, one row of each an example.

    Shapes: x (N, ...), t (N,) labels 0, 1, 2 ... or (N, ...) numbers to be fitted. Images are (N, C, H, W).
    Units:  uint8 images hold pixels in 0..255; other inputs are as given
    Raises: DataError when the lengths differ, a label is negative or has no class, or a number is not finite
    Note:   the arrays are kept, not copied; integer targets become int64

    >>> dataset = ArrayDataset([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [1, 1, 0], classes=["same", "differ"])
    >>> dataset
    ArrayDataset(3 examples, x (2,) float64, t () int64, 2 classes)
    >>> x, t = dataset[:2]
    >>> x.shape, t.tolist()
    ((2, 2), [1, 1])
    """

    def __init__(
        self, x: ArrayLike, t: ArrayLike, *, classes: Sequence[str] | None = None, name: str | None = None
    ) -> None:
        self.name = name
        self.x = _numbers("x", x, self._place)
        self.t = _targets(t, self._place)
        self.classes = None if classes is None else tuple(str(label) for label in classes)
        if len(self.x) != len(self.t):
            counts = f"x has {len(self.x):,} examples but t has {len(self.t):,}"
            raise DataError(f"{self._place}: {counts}; x {self.x.shape}, t {self.t.shape}")
        if self.has_labels:
            self._check_labels()
        elif self.classes is not None:
            raise DataError(f"{self._place}: classes need t to be integer labels (N,), not {_kind(self.t)}")

    @property
    def has_labels(self) -> bool:
        """Whether the targets are labels, not numbers to be fitted."""
        return self.t.dtype == np.int64 and self.t.ndim == 1

    @property
    def class_count(self) -> int | None:
        """How many classes there are: by `classes`, else by the largest label; None without labels."""
        if not self.has_labels:
            return None
        return len(self.classes) if self.classes is not None else int(self.t.max(initial=-1)) + 1

    def subset(self, indices: ArrayLike) -> ArrayDataset:
        """The examples at these positions (or where a mask is true), as a data set of its own."""
        x, t = self[np.asarray(indices)]
        return ArrayDataset(x, t, classes=self.classes, name=self.name)

    def split(self, held_out: float, *, seed: int = 0, stratified: bool = False) -> tuple[ArrayDataset, ArrayDataset]:
        """Two data sets: the rest, and a random part held out; each keeps the order of the examples.

        `held_out` is the size of that part, as a fraction (a float below 1) or as a count (an int).
        `stratified` gives every class its share in both.

        >>> train, validation = ArrayDataset(np.zeros((10, 2)), np.arange(10) % 2).split(0.4, stratified=True)
        >>> len(train), len(validation), np.bincount(validation.t).tolist()
        (6, 4, [2, 2])
        """
        count = self._count_of(held_out)
        order = epoch_order(len(self), seed=seed, shuffle=True)
        if stratified:
            order = self._interleaved(order)
        return self.subset(np.sort(order[count:])), self.subset(np.sort(order[:count]))

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, index: Any) -> tuple[np.ndarray, np.ndarray]:
        return self.x[index], self.t[index]

    def __repr__(self) -> str:
        parts = [f"{len(self):,} examples", f"x {self.x.shape[1:]} {self.x.dtype}"]
        parts += [f"t {self.t.shape[1:]} {self.t.dtype}"]
        parts += [f"{len(self.classes)} classes"] if self.classes is not None else []
        return f"ArrayDataset({self.name + ': ' if self.name else ''}{', '.join(parts)})"

    @property
    def _place(self) -> str:
        return self.name or "ArrayDataset"

    def _check_labels(self) -> None:
        limit = np.iinfo(np.int64).max if self.classes is None else len(self.classes) - 1
        wrong = np.flatnonzero((self.t < 0) | (self.t > limit))
        if len(wrong):
            label = f"label {self.t[wrong[0]]} of example {wrong[0]} is out of range"
            allowed = "at least 0" if self.classes is None else f"0 to {limit}"
            raise DataError(f"{self._place}: {label}; labels are {allowed}, numbers to be fitted are floats")

    def _count_of(self, held_out: float) -> int:
        fraction = isinstance(held_out, float) and 0 < held_out < 1
        count = round(held_out * len(self)) if fraction else held_out
        if not isinstance(count, int | np.integer) or not 1 <= count < len(self):
            fault = f"holding out {held_out!r} of {len(self):,} examples leaves no two parts"
            raise OptionError(f"{self._place}: {fault}; give a fraction such as 0.2 or a count such as 100")
        return int(count)

    def _interleaved(self, order: np.ndarray) -> np.ndarray:
        """The same order with the classes mixed evenly, so that every stretch holds its share of each."""
        if not self.has_labels:
            raise OptionError(f"{self._place}: stratified needs integer labels (N,), not t {_kind(self.t)}")
        labels = self.t[order]
        by_class = np.argsort(labels, kind="stable")
        _, first, sizes = np.unique(labels[by_class], return_index=True, return_counts=True)
        rank = np.empty(len(order))
        rank[by_class] = (np.arange(len(order)) - np.repeat(first, sizes) + 0.5) / np.repeat(sizes, sizes)
        return order[np.argsort(rank, kind="stable")]


def _kind(array: np.ndarray) -> str:
    return f"{array.shape} {array.dtype}"


def _numbers(what: str, values: ArrayLike, place: str) -> np.ndarray:
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise DataError(f"{place}: {what} has rows of differing shapes; make them equal") from error
    if array.dtype.kind not in "biuf" or array.ndim == 0:
        raise DataError(f"{place}: {what} is {_kind(array)}; give an array of numbers with a row an example")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        row = np.argwhere(~np.isfinite(array))[0]
        fault = f"{what} of example {row[0]} holds {array[tuple(row)]}"
        raise DataError(f"{place}: {fault}; only finite numbers will do")
    return array


def _targets(values: ArrayLike, place: str) -> np.ndarray:
    array = _numbers("t", values, place)
    if array.dtype == np.uint64 and array.max(initial=0) > np.iinfo(np.int64).max:
        raise DataError(f"{place}: t holds {array.max()}, too large for an int64 label")
    return array if array.dtype.kind == "f" else array.astype(np.int64, copy=False)
