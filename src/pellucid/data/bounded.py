"""Reading no more than was agreed, from plain and gzip files alike: a small file may unpack to terabytes."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from pellucid.errors import DataError

MAX_BYTES = 2**30
"""The most bytes that one unpacked file may have unless the caller allows more: 1 GiB, twenty times MNIST."""

CHUNK = 2**20


@contextmanager
def opened(path: Path, place: str) -> Iterator[BinaryIO]:
    """The file, unpacked if its first bytes say gzip, whatever its name says.

    Raises: DataError from the block's own reads, when the file cannot be read or its gzip stream is damaged.
    """
    try:
        with path.open("rb") as plain:
            if plain.peek(2)[:2] != b"\x1f\x8b":
                yield plain
                return
            with gzip.GzipFile(fileobj=plain) as unpacked:
                yield cast(BinaryIO, unpacked)
    except EOFError as error:
        raise DataError(f"{place}: {path} is truncated inside its gzip stream; get the file again") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{place}: {path} is a damaged gzip file ({error}); get the file again") from error
    except OSError as error:
        raise DataError(f"{place}: {path} cannot be read ({error.strerror}); check the file") from error


def read_up_to(stream: BinaryIO, count: int) -> bytearray:
    """At most `count` bytes, in pieces, so that memory follows what is there and not what a header claims."""
    content = bytearray()
    while len(content) < count and (piece := stream.read(min(CHUNK, count - len(content)))):
        content += piece
    return content


def read_whole(path: Path, place: str, max_bytes: int = MAX_BYTES) -> bytearray:
    """All of a file, unpacked. Raises: DataError when it has more than `max_bytes` bytes."""
    with opened(path, place) as stream:
        content = read_up_to(stream, max_bytes + 1)
    if len(content) > max_bytes:
        fault = f"unpacks to more than {max_bytes:,} bytes"
        raise DataError(f"{place}: {path} {fault}; raise max_bytes if you trust the file")
    return content
