"""The multiply-add ceiling: how many floating-point operations a second the machine can do at best.

Independent multiply-adds in registers, each thread of the benchmark a process of its own, all at the same time.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any


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


if __name__ == "__main__":
    from pellucid.engines.native.ceiling import flops_of_a_thread

    if len(sys.argv) > 2:
        os.sched_setaffinity(0, {int(sys.argv[2])})
    print(flops_of_a_thread(sys.argv[1]))
