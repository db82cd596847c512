"""Where files of data are: on mirrors, in the user's own folder, in the cache; and checks on paths that a user gave."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pellucid.errors import DataError

Progress = Callable[[str, int, int], None]
"""Called as progress(file name, bytes so far, bytes in all)."""


@dataclass(frozen=True)
class RemoteFile:
    """A file that mirrors serve: its name, its size in bytes and its md5 in hexadecimal."""

    name: str
    size: int
    md5: str


def data_folder() -> Path | None:
    """The folder that `PELLUCID_DATA` names, which holds mnist/ and fashion-mnist/; None where it is not set.

    Raises: DataError when it names something else; a typing mistake must not start a download.
    """
    named = os.environ.get("PELLUCID_DATA")
    return existing_folder("PELLUCID_DATA", named) if named else None


def cache_folder() -> Path:
    """Where downloads are kept: `PELLUCID_CACHE`, else `XDG_CACHE_HOME`/pellucid, else ~/.cache/pellucid."""
    if named := os.environ.get("PELLUCID_CACHE"):
        return Path(named).expanduser()
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "pellucid"


def existing_file(place: str, path: str | os.PathLike[str]) -> Path:
    """The path, if a file is there. `place` begins the message if not."""
    found = Path(path).expanduser()
    if found.is_dir():
        raise DataError(f"{place}: {found} is a folder; give the path of a file")
    if not found.exists():
        raise DataError(f"{place}: there is no file {found}; check the path")
    return found


def existing_folder(place: str, path: str | os.PathLike[str]) -> Path:
    """The path, if a folder is there. `place` begins the message if not."""
    found = Path(path).expanduser()
    if not found.exists():
        raise DataError(f"{place}: there is no folder {found}; check the path")
    if not found.is_dir():
        raise DataError(f"{place}: {found} is a file; give the path of a folder")
    return found


def md5_of(path: Path) -> str:
    """The md5 of a file, in hexadecimal. It finds damage; it is no defence against an attacker."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
