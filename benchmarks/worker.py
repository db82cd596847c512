"""One process: one library, one job. Reads a command a line (JSON) from standard input and answers each with a line.

    {"epochs": 3}     → {"seconds": [...], "losses": [...]}, a number an epoch
    {"memory": true}  → {"baseline": bytes in use after the imports, "peak": the most since then}

Whatever else a library prints goes to standard error.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.libraries import LIBRARIES, Order
from benchmarks.problem import Job, digits, synthetic

PR_SET_PDEATHSIG = 1  # in <linux/prctl.h>


def main() -> None:
    end_with_the_driver()
    job = Job(**json.loads(sys.argv[1]))
    confine(job.threads)
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def answer(**what: Any) -> None:
        print(json.dumps(what), file=answers, flush=True)

    serve(job, answer)


def end_with_the_driver() -> None:
    """Have Linux kill this process when its driver dies: standing still, it could not notice by itself."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def serve(job: Job, answer: Callable[..., None]) -> None:
    """Build what the job says, tell that it is ready, then do commands until there are no more."""
    workload, library = job.task(), LIBRARIES[job.library]
    library.load()
    baseline = memory_in_use()
    problem = (digits if job.real else synthetic)(workload, job.dtype)
    runner = library.runner(workload, problem, job.dtype, job.threads)
    order = pellucids_order(len(problem.x)) if job.real else random_order(len(problem.x))
    answer(ready=True)
    for line in sys.stdin:
        command = json.loads(line)
        if "memory" in command:
            answer(baseline=baseline, peak=memory_peak())
        else:
            seconds, losses = runner.epochs(command["epochs"], order)
            answer(seconds=seconds, losses=losses)


def random_order(count: int) -> Order:
    rng = np.random.default_rng(2)
    return lambda epoch: rng.permutation(count)


def pellucids_order(count: int) -> Order:
    """What the Trainer draws by itself in its first fit."""
    from pellucid.data.order import epoch_order

    return lambda epoch: epoch_order(count, seed=0, epoch=epoch, shuffle=True)


def environment(threads: int) -> dict[str, str]:
    """What a worker starts with: every library's own way to be told its number of threads."""
    names = ("PELLUCID_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    return {**os.environ, **dict.fromkeys(names, str(threads))}


def confine(threads: int) -> None:
    """Let this process have as many cores as threads, so that a library that cannot be told has no more either."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])


def memory_in_use() -> int | None:
    """Bytes of memory that this process has in use, from where on the peak is counted; None but on Linux."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return None
    return _memory("VmRSS")


def memory_peak() -> int | None:
    """The most bytes that it had in use."""
    return _memory("VmHWM") if Path("/proc/self/clear_refs").exists() else None


def _memory(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))


if __name__ == "__main__":
    main()
