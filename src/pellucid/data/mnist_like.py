"""MNIST and the data sets that come in the same four files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, overload

import numpy as np

from pellucid.data.dataset import ArrayDataset
from pellucid.data.idx import read_idx
from pellucid.data.known_sets import entry, fetch
from pellucid.data.places import existing_folder
from pellucid.data.safe_pickle import load_pickle
from pellucid.errors import DataError

Pair = tuple[ArrayDataset, ArrayDataset]
Triple = tuple[ArrayDataset, ArrayDataset, ArrayDataset]

VALIDATION = 10_000
"""The last so many training examples are the validation part, as in Nielsen's mnist.pkl.gz."""


@overload
def mnist(validation: Literal[False] = False) -> Pair: ...
@overload
def mnist(validation: Literal[True]) -> Triple: ...
def mnist(validation: bool = False) -> Pair | Triple:
    """The 70,000 handwritten digits of MNIST: (train, test), or (train, validation, test) on request.

    Shapes:    x (60000, 1, 28, 28) and (10000, 1, 28, 28) uint8, t (N,) int64
    Units:     pixels in 0..255, the stroke is bright
    Raises:    DataError when the files are neither here nor to be downloaded, or damaged
    Note:      found in `PELLUCID_DATA`/mnist or the cache, else downloaded once (11 MB)
    Reference: Y. LeCun, C. Cortes, C. Burges, The MNIST database of handwritten digits
    """
    return _official("mnist", validation)


@overload
def fashion_mnist(validation: Literal[False] = False) -> Pair: ...
@overload
def fashion_mnist(validation: Literal[True]) -> Triple: ...
def fashion_mnist(validation: bool = False) -> Pair | Triple:
    """The 70,000 pieces of clothing of Fashion-MNIST, like MNIST: (train, test), or with validation.

    Shapes:    x (60000, 1, 28, 28) and (10000, 1, 28, 28) uint8, t (N,) int64
    Units:     pixels in 0..255, the piece is bright
    Raises:    DataError when the files are neither here nor to be downloaded, or damaged
    Note:      found in `PELLUCID_DATA`/fashion-mnist or the cache, else downloaded once (31 MB)
    Reference: H. Xiao, K. Rasul, R. Vollgraf, 2017, Fashion-MNIST: a novel image dataset for benchmarking
    """
    return _official("fashion-mnist", validation)


def idx_folder(path: str | os.PathLike[str], *, classes: Sequence[str] | None = None, name: str | None = None) -> Pair:
    """(train, test) from a folder with MNIST's four file names, each gzip or plain.

    Shapes: x (N, 1, H, W), t (N,) int64
    Raises: DataError when a file is missing or damaged, images and labels do not fit, or a label has no class
    """
    folder = existing_folder("idx_folder", path)
    name = name or folder.name
    return (
        _part(folder, "train", classes, f"{name} train"),
        _part(folder, "t10k", classes, f"{name} test"),
    )


def nielsen_mnist(path: str | os.PathLike[str]) -> Triple:
    """(train, validation, test) from the mnist.pkl.gz of Nielsen's book, read safely.

    Shapes:    x (N, 784) float32, t (N,) int64; N is 50000, 10000, 10000
    Units:     pixels in 0..1
    Raises:    DataError when the file is missing or damaged, or holds other than three pairs of arrays
    Reference: M. Nielsen, 2015, Neural Networks and Deep Learning
    """
    parts = load_pickle(path)
    if not (isinstance(parts, tuple | list) and len(parts) == 3 and all(_is_pair(part) for part in parts)):
        raise DataError(f"nielsen_mnist: {path} does not hold three pairs of arrays (N, 784) and (N,)")
    names = ("mnist train", "mnist validation", "mnist test")
    train, validation, test = (
        ArrayDataset(x.astype(np.float32, copy=False), t, classes=entry("mnist").classes, name=name)
        for (x, t), name in zip(parts, names, strict=True)
    )
    return train, validation, test


def _official(name: str, validation: bool) -> Pair | Triple:
    train, test = idx_folder(fetch(name), classes=entry(name).classes, name=name)
    if not validation:
        return train, test
    held_out = train.subset(np.arange(len(train) - VALIDATION, len(train)))
    held_out.name = f"{name} validation"
    return train.subset(np.arange(len(train) - VALIDATION)), held_out, test


def _part(folder: Path, prefix: str, classes: Sequence[str] | None, name: str) -> ArrayDataset:
    images = read_idx(_gzip_or_plain(folder, f"{prefix}-images-idx3-ubyte"))
    labels = read_idx(_gzip_or_plain(folder, f"{prefix}-labels-idx1-ubyte"))
    if images.ndim != 3 or images.dtype != np.uint8:
        raise DataError(f"{name}: images are {images.shape} {images.dtype}; give (N, H, W) uint8")
    if labels.ndim != 1 or labels.dtype.kind not in "iu":
        raise DataError(f"{name}: labels are {labels.shape} {labels.dtype}; give (N,) integers")
    return ArrayDataset(images[:, np.newaxis], labels, classes=classes, name=name)


def _gzip_or_plain(folder: Path, file: str) -> Path:
    for candidate in (folder / f"{file}.gz", folder / file):
        if candidate.exists():
            return candidate
    raise DataError(f"idx_folder: {folder} has no {file}, plain or .gz; put the file there")


def _is_pair(part: object) -> bool:
    match part:
        case (np.ndarray(ndim=2) as x, np.ndarray(ndim=1) as t):
            return x.shape[1] == 784 and x.dtype.kind == "f" and t.dtype.kind in "iu"
    return False
