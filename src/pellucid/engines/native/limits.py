"""Limits: from which size on it is worth the trouble. What one would turn to tune the engine for another machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass
class Limits:
    """Times are nanoseconds on one core, as `cost.py` estimates them, sizes are bytes."""

    sharing: float = 4_000.0  # a phase or a kernel call is shared among threads: waiting for each other costs some, too
    chain: float = 400.0  # a chain of blocks begins with a group
    two_blocks: float = 5_000.0  # a chain falls into blocks at all; many of them take much more
    block_bytes: int = 3 << 19  # that a block makes and reads, all in all: much of it is not needed at the same time
    whole_bytes: int = 1 << 19  # of a weight that every block may read whole
    recompute_bytes: int = 1 << 16  # of a value that is made anew; what is smaller stays in the cache anyway
    split_sum: int = 1 << 12  # numbers of a sum that is taken apart


LIMITS = Limits()


@contextmanager
def limits(**changes: float) -> Iterator[None]:
    """Plans that are made inside have other limits: for tests, and to try."""
    before = {name: getattr(LIMITS, name) for name in changes}
    vars(LIMITS).update(changes)
    try:
        yield
    finally:
        vars(LIMITS).update(before)
