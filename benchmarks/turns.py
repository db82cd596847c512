"""Jobs measured in turn: each a process, one of them running while the others stand still."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any, Self

from benchmarks.problem import Job
from benchmarks.worker import environment

Record = dict[str, Any]
MOST_EPOCHS = 200  # of a turn
ROOT = Path(__file__).parent.parent


class WorkerError(Exception):
    """A worker has ended; the message says with what words."""


class Worker:
    """A process that stands still until it is asked for something."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.log = tempfile.TemporaryFile("w+", errors="replace")  # noqa: SIM115 - closed with the worker
        # A process group of its own: Ctrl-C is for the driver alone, stopping is for the worker and what it starts, and
        # if the driver dies, the system wakes the group and hangs it up.
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", json.dumps(asdict(job))],
            env=environment(job.threads),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
            cwd=ROOT,
            process_group=0,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._signal(signal.SIGKILL)
        with suppress(BrokenPipeError):  # what it has not read is not wanted any more
            self.process.communicate()
        self.log.close()

    def ask(self, **command: Any) -> Record:
        """Wake the worker, let it do one command, and have it stand still again."""
        self._signal(signal.SIGCONT)
        assert self.process.stdin is not None, "it was asked for"
        with suppress(BrokenPipeError):  # the answer tells why
            self.process.stdin.write(json.dumps(command) + "\n")
            self.process.stdin.flush()
        return self.answer()

    def answer(self) -> Record:
        """What it says next.

        Raises: WorkerError when it has ended instead
        """
        assert self.process.stdout is not None, "it was asked for"
        line = self.process.stdout.readline()
        if not line:
            raise self._ended()
        self._signal(signal.SIGSTOP)
        return json.loads(line)

    def _signal(self, number: int) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)

    def _ended(self) -> WorkerError:
        code = self.process.wait()
        self.log.seek(0)
        lines = [line.strip() for line in self.log if line.strip()]
        ending = f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"
        return WorkerError(f"{ending}: {lines[-1][:300] if lines else 'without a word'}")


def measure(
    jobs: Sequence[Job],
    *,
    rounds: int,
    turn_seconds: float,
    keep: Callable[[Record], None],
    say: Callable[[str], None],
) -> None:
    """Measure jobs side by side; `keep` gets a job's record each time there is more in it.

    The first epoch, in which a library compiles what it compiles, is kept apart. In each round every job then has one
    turn, of as many epochs as make it long enough; the turn's figure is the median of its epochs, in seconds a step.
    A job that fails keeps what it has, and the reason.
    """
    records = {job: {**asdict(job), "rounds": []} for job in jobs}
    with ExitStack() as stack:
        workers: list[Worker] = []
        for job in jobs:
            say(f"{job.workload} {job.library}: first epoch")
            worker = stack.enter_context(Worker(job))
            if _first(worker, records[job], turn_seconds):
                workers.append(worker)
            keep(records[job])
        for number in range(rounds if workers else 0):
            say(f"{jobs[0].workload}: round {number + 1} of {rounds}")
            for worker in list(workers):
                if not _turn(worker, records[worker.job]):
                    workers.remove(worker)
                keep(records[worker.job])
            workers = workers[1:] + workers[:1]  # nobody is always first


def _first(worker: Worker, record: Record, turn_seconds: float) -> bool:
    """The first epoch, and another to see how many a turn needs; whether it could."""
    try:
        worker.answer()
        first = worker.ask(epochs=1)
        second = worker.ask(epochs=1)
    except WorkerError as error:
        record["failed"] = str(error)
        return False
    epochs = min(MOST_EPOCHS, math.ceil(turn_seconds / second["seconds"][0]))
    record |= {
        "steps": worker.job.task().steps,
        "first_epoch": first["seconds"][0],
        "epochs": epochs,
        "losses": first["losses"],
    }
    return True


def _turn(worker: Worker, record: Record) -> bool:
    try:
        answer = worker.ask(epochs=record["epochs"])
    except WorkerError as error:
        record["failed"] = str(error)
        return False
    record["rounds"].append(median(answer["seconds"]) / record["steps"])
    return True
