"""What this machine can do at best: the limit that the speed of a kernel is measured against."""

from __future__ import annotations

import time
from functools import cache
from importlib import import_module

import numpy as np

COUNT = 1 << 25  # multiply-adds in a round: a fraction of a millisecond, short enough to be left alone by others
SECONDS = 0.02


@cache
def flops_of_a_thread(dtype: str) -> float:
    """Floating-point operations a second that one thread reaches with multiply-adds in registers, each counted as two.

    dtype: float32 or float64
    Note:  measured once, for about 20 ms, with the instruction set that the kernels use
    """
    native = import_module("pellucid._native")
    useless = np.empty(64, np.uint8)
    best, end = float("inf"), time.perf_counter() + SECONDS
    while time.perf_counter() < end or best == float("inf"):
        begin = time.perf_counter()
        native.call(f"ceiling_{dtype}", [useless], [COUNT])
        best = min(best, time.perf_counter() - begin)
    return 2 * COUNT / best


def flops(dtype: str) -> float:
    """The same for all threads together, if each has a core of its own."""
    return flops_of_a_thread(dtype) * import_module("pellucid._native").threads()
