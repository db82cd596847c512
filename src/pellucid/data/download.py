"""Downloads that can be interrupted at any moment.

What has arrived is kept in a `.part` file and gone on with; a file gets its name only when it is whole and
its md5 is right.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from pellucid.data.lock import locked
from pellucid.data.places import Progress, RemoteFile, md5_of
from pellucid.errors import DataError

TIMEOUT = 30.0
"""Seconds without a single byte after which a mirror is given up."""

CHUNK = 2**16
PROGRAM = "pellucid (a deep-learning library; it downloads a data set once and keeps it)"


def download(
    place: str, file: RemoteFile, mirrors: Sequence[str], folder: Path, progress: Progress | None = None
) -> Path:
    """The file in `folder`, from the first of the mirrors (addresses that end in /) that has it.

    Raises: DataError when no mirror has it, with what each one said, or when the folder cannot be written to
    """
    target = folder / file.name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with locked(folder / f".{file.name}.lock"):
            if not target.exists():  # another process may have brought it while this one waited
                _from_any(place, file, mirrors, target, progress)
    except OSError as error:
        fault = f"cannot write to {folder} ({error.strerror})"
        raise DataError(f"{place}: {fault}; set PELLUCID_CACHE to a folder that you can write to") from error
    return target


class _MirrorError(Exception):
    """Why one mirror did not do."""


def _from_any(place: str, file: RemoteFile, mirrors: Sequence[str], target: Path, progress: Progress | None) -> None:
    part = target.with_name(target.name + ".part")
    faults = []
    for mirror in mirrors:
        try:
            _fetch(mirror + file.name, file, part, progress)
        except _MirrorError as fault:
            faults.append(f"{mirror}{file.name}: {fault}")
        else:
            part.replace(target)
            return
    remedy = f"put it into {target.parent}, or set PELLUCID_DATA to a folder that has {place}/{file.name}"
    raise DataError(f"{place}: {file.name} could not be downloaded ({'; '.join(faults)}); {remedy}")


def _fetch(url: str, file: RemoteFile, part: Path, progress: Progress | None) -> None:
    """Completes `part` and checks it. A wrong one is deleted, and begun anew if it began in an older try."""
    resumed = part.exists() and part.stat().st_size > 0
    fault = _complete(url, file, part, progress)
    if fault is None:
        return
    part.unlink()
    if not resumed:
        raise _MirrorError(fault)
    _fetch(url, file, part, progress)


def _complete(url: str, file: RemoteFile, part: Path, progress: Progress | None) -> str | None:
    """Adds to `part` what is missing; then says what is wrong with the whole, if anything."""
    have = part.stat().st_size if part.exists() else 0
    if have < file.size:
        with _ask(url, have) as response, part.open("ab" if response.status == 206 else "wb") as out:
            have = out.tell()
            while have <= file.size and (piece := _read(response)):
                out.write(piece)
                have += len(piece)
                if progress is not None:
                    progress(file.name, min(have, file.size), file.size)
            out.flush()
            os.fsync(out.fileno())
    if have < file.size:
        raise _MirrorError(f"broke off after {have:,} of {file.size:,} bytes")
    if have > file.size:
        return f"sent more than the {file.size:,} bytes expected"
    md5 = md5_of(part)
    return None if md5 == file.md5 else f"sent a damaged file (md5 {md5}, expected {file.md5})"


def _ask(url: str, have: int) -> HTTPResponse:
    """The answer to a request for what follows the first `have` bytes, or for everything (status 200)."""
    request = Request(url, headers={"User-Agent": PROGRAM} | ({"Range": f"bytes={have}-"} if have else {}))
    try:
        response: HTTPResponse = urlopen(request, timeout=TIMEOUT)
    except HTTPError as error:
        error.close()
        raise _MirrorError(f"HTTP {error.code} {error.reason}") from error
    except URLError as error:
        raise _MirrorError(str(getattr(error.reason, "strerror", None) or error.reason)) from error
    except (OSError, HTTPException, ValueError) as error:
        raise _MirrorError(_words(error)) from error
    if response.status == 206 and not response.headers.get("Content-Range", "").startswith(f"bytes {have}-"):
        response.close()
        raise _MirrorError("answered with another range than was asked for")
    return response


def _read(response: HTTPResponse) -> bytes:
    try:
        return response.read(CHUNK)
    except (OSError, HTTPException) as error:
        raise _MirrorError(_words(error)) from error


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__
