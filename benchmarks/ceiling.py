"""The multiply-add ceiling: how many floating-point operations a second the machine can do at best.

Until the kernels measure it themselves (independent multiply-adds in registers), it is the best of some products that
fit into the caches, each thread of the benchmark a process of its own. That is a few per cent below the ceiling.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import Any

import numpy as np

SHAPES = ((96, 64, 64), (96, 128, 64), (192, 128, 64), (192, 256, 128), (240, 256, 256), (480, 384, 384))
SECONDS = 0.15  # for each shape


def ceiling(threads: int, dtype: str = "float32", isa: str | None = None) -> float:
    """Operations a second, a multiply-add being two, of so many threads together."""
    environment = dict(os.environ) if isa is None else {**os.environ, "PELLUCID_ISA": isa}
    command = [sys.executable, "-m", "benchmarks.ceiling", dtype]
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    running = [
        subprocess.Popen([*command, *map(str, cores[i : i + 1])], env=environment, stdout=subprocess.PIPE, text=True)
        for i in range(threads)
    ]
    return sum(json.loads(process.communicate()[0]) for process in running)


def measure(threads: int, isas: list[str]) -> dict[str, Any]:
    """The ceiling of each instruction set, and of float64 for the one that is chosen."""
    found = {isa: ceiling(threads, isa=isa) for isa in isas}
    return {"threads": threads, "float32": ceiling(threads), "float64": ceiling(threads, "float64"), "isas": found}


def _best(dtype: str) -> float:
    """Of one thread, over all shapes."""
    from pellucid.engines import native

    best = 0.0
    for rows, depth, columns in SHAPES:
        x, w = np.ones((rows, depth), dtype), np.ones((depth, columns), dtype)
        operations, end = 2 * rows * depth * columns, time.perf_counter() + SECONDS
        repeats = max(1, 4_000_000 // operations)
        while time.perf_counter() < end:
            start = time.perf_counter()
            for _ in range(repeats):
                native.matmul(x, w)
            best = max(best, operations * repeats / (time.perf_counter() - start))
    return best


if __name__ == "__main__":
    if len(sys.argv) > 2:
        os.sched_setaffinity(0, {int(sys.argv[2])})
    print(_best(sys.argv[1]))
