"""What data sets there are by name, where each one is on this machine, and how it gets there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pellucid.data.places import Progress, RemoteFile, cache_folder, data_folder, md5_of
from pellucid.errors import DataError


@dataclass(frozen=True)
class Location:
    """Where a data set is. An absent one would be downloaded into `folder`."""

    kind: Literal["embedded", "PELLUCID_DATA", "cache", "absent"]
    folder: Path


@dataclass(frozen=True)
class FileCheck:
    """What `verify` found of one file: its path, its md5 (None where there is no file) and the right one."""

    path: Path
    md5: str | None
    expected: str

    @property
    def state(self) -> Literal["ok", "damaged", "absent"]:
        if self.md5 is None:
            return "absent"
        return "ok" if self.md5 == self.expected else "damaged"


@dataclass(frozen=True)
class Entry:
    """A data set of the catalogue. Without mirrors it is embedded in the package."""

    name: str
    description: str
    source: str
    classes: tuple[str, ...]
    files: tuple[RemoteFile, ...]
    mirrors: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """Bytes of all its files, as downloaded."""
        return sum(file.size for file in self.files)

    def locate(self) -> Location:
        """Where all of its files are: in the folder `PELLUCID_DATA` names, else in the cache."""
        if not self.mirrors:
            return Location("embedded", Path(__file__).parent)
        given, cached = data_folder(), cache_folder() / self.name
        if given is not None and self._complete(given / self.name):
            return Location("PELLUCID_DATA", given / self.name)
        return Location("cache" if self._complete(cached) else "absent", cached)

    def _complete(self, folder: Path) -> bool:
        return all((folder / file.name).is_file() for file in self.files)


def catalogue() -> tuple[Entry, ...]:
    """Every data set that has a name.

    >>> [entry.name for entry in catalogue()]
    ['digits', 'mnist', 'fashion-mnist']
    """
    return ENTRIES


def entry(name: str) -> Entry:
    """The data set of that name. Raises: DataError when there is none."""
    found = {known.name: known for known in ENTRIES}
    if name not in found:
        raise DataError(f"data: there is no data set {name!r}; there are {', '.join(found)}")
    return found[name]


def fetch(name: str, progress: Progress | None = None) -> Path:
    """The folder that holds the data set's files, downloaded if they are not there, and whole.

    Raises: DataError when a file can neither be found nor downloaded, or is damaged
    """
    wanted = entry(name)
    where = wanted.locate()
    if where.kind == "absent":
        from pellucid.data.download import download  # and with it the library for HTTP, which takes its time

        for file in wanted.files:
            download(name, file, wanted.mirrors, where.folder, progress)
    for check in verify(name):
        if check.state == "damaged":
            fault = f"{check.path.name} is damaged (md5 {check.md5}, expected {check.expected})"
            raise DataError(f"{name}: {fault}; delete {check.path} to download it again")
    return where.folder


def verify(name: str) -> list[FileCheck]:
    """What is there of a data set, file by file; downloads nothing."""
    wanted = entry(name)
    folder = wanted.locate().folder
    return [
        FileCheck(path, md5_of(path) if path.is_file() else None, file.md5)
        for file in wanted.files
        for path in [folder / file.name]
    ]


def _quartet(*sizes_and_md5s: tuple[int, str]) -> tuple[RemoteFile, ...]:
    names = ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")
    return tuple(RemoteFile(f"{name}-ubyte.gz", *known) for name, known in zip(names, sizes_and_md5s, strict=True))


DIGITS = tuple("0123456789")
CLOTHES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip

ENTRIES = (
    Entry(
        "digits",
        "1,797 handwritten digits, 8×8 pixels, in the package itself",
        "E. Alpaydin, C. Kaynak, Optical Recognition of Handwritten Digits, UCI, 1998; CC BY 4.0",
        DIGITS,
        (RemoteFile("digits.npz", 46_193, "c176ad444e8a5beed036f4f6ca8dd978"),),
    ),
    Entry(
        "mnist",
        "70,000 handwritten digits, 28×28 pixels",
        "Y. LeCun, C. Cortes, C. Burges, The MNIST database of handwritten digits",
        DIGITS,
        _quartet(
            (9_912_422, "f68b3c2dcbeaaa9fbdd348bbdeb94873"),
            (28_881, "d53e105ee54ea40749a09fcbcd1e9432"),
            (1_648_877, "9fb629c4189551a2d022fa330f9573f3"),
            (4_542, "ec29112dd5afa0611ce80d1b7f02629c"),
        ),
        (
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
        ),
    ),
    Entry(
        "fashion-mnist",
        "70,000 pieces of clothing, 28×28 pixels",
        "H. Xiao, K. Rasul, R. Vollgraf, Fashion-MNIST, 2017; MIT licence",
        CLOTHES,
        _quartet(
            (26_421_880, "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
            (29_515, "25c81989df183df01b3e8a0aad5dffbe"),
            (4_422_102, "bef4ecab320f06d8554ea6380940ec79"),
            (5_148, "bb300cfdad3c16e7a12a480ee83cd310"),
        ),
        (
            # Plain HTTP is all that this address offers; the md5 tells whether the file is the right one.
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
            "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        ),
    ),
)
