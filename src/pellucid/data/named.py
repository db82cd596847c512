"""One way in to every data set: a name of the catalogue or a path."""

from __future__ import annotations

import os
from pathlib import Path

from pellucid.data.dataset import ArrayDataset
from pellucid.data.embedded import digits
from pellucid.data.folder import image_folder
from pellucid.data.known_sets import catalogue
from pellucid.data.mnist_like import fashion_mnist, idx_folder, mnist, nielsen_mnist
from pellucid.data.npz import load_npz
from pellucid.data.table import load_csv
from pellucid.errors import DataError, nearest

HELD_OUT = 0.2
"""The fraction that becomes the test part of data that come without one."""

Pair = tuple[ArrayDataset, ArrayDataset]


def load(source: str | os.PathLike[str]) -> Pair:
    """(train, test) from a name of the catalogue, or from a folder, an .npz, .csv or .pkl.gz file.

    A folder holds MNIST's four files, or train/ and test/ with class folders in each, or class folders.
    Where there is no test part, a fifth is held out by a fixed seed, with its share of every class. A name
    goes before a folder of that name; write ./mnist for the folder.

    Raises: DataError when there is no such name or path, or what is there cannot be read

    >>> train, test = load("digits")
    >>> len(train), len(test)
    (1437, 360)
    """
    by_name = {"digits": digits, "mnist": mnist, "fashion-mnist": fashion_mnist}
    if source in by_name:
        return by_name[str(source)]()
    path = Path(source).expanduser()
    if path.is_dir():
        return _from_folder(path)
    if not path.exists():
        raise _unknown(str(source))
    return _from_file(path)


def _from_folder(folder: Path) -> Pair:
    if any(folder.glob("train-images-idx3-ubyte*")):
        return idx_folder(folder)
    if not ((folder / "train").is_dir() and (folder / "test").is_dir()):
        return _held_out(image_folder(folder))
    train, test = image_folder(folder / "train"), image_folder(folder / "test")
    _check_alike(folder, train, test)
    return train, test


def _from_file(file: Path) -> Pair:
    if file.suffix == ".csv":
        return _held_out(load_csv(file))
    if file.suffix == ".npz":
        train, test = load_npz(file)
        return (train, test) if test is not None else _held_out(train)
    if file.name.endswith((".pkl", ".pkl.gz")):
        train, _, test = nielsen_mnist(file)
        return train, test
    raise DataError(f"data: {file} is of a kind that is not read; give a folder, an .npz, .csv or .pkl.gz file")


def _held_out(whole: ArrayDataset) -> Pair:
    if len(whole) < 2:
        raise DataError(
            f"{whole.name}: {len(whole)} example cannot be split into a training and a test part; give more"
        )
    train, test = whole.split(HELD_OUT if len(whole) > 2 else 1, stratified=whole.has_labels)
    train.name, test.name = f"{whole.name} train", f"{whole.name} test"
    return train, test


def _check_alike(folder: Path, train: ArrayDataset, test: ArrayDataset) -> None:
    if train.classes != test.classes:
        differing = ", ".join(sorted(set(train.classes or ()) ^ set(test.classes or ())))
        fault = f"class folders in one of train/ and test/ only: {differing}"
        raise DataError(f"data: {folder} has {fault}; give both the same")
    if train.x.shape[1:] != test.x.shape[1:]:
        shapes = f"images {train.x.shape[1:]} in train/ but {test.x.shape[1:]} in test/"
        raise DataError(f"data: {folder} has {shapes}; give both the same channels and size")


def _unknown(source: str) -> DataError:
    names = [known.name for known in catalogue()]
    hint = nearest(source, names, "; check the path")
    return DataError(f"data: {source} is neither a data set ({', '.join(names)}) nor a file or folder{hint}")
