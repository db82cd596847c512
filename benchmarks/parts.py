"""The parts of a run: each measures something, and puts it into the results as it goes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec

from benchmarks import ceiling, latency, machine, startup, workloads
from benchmarks.libraries import LIBRARIES
from benchmarks.problem import Job
from benchmarks.results import Record, Results
from benchmarks.turns import ROOT, Worker, WorkerError, measure


@dataclass(frozen=True)
class Run:
    """What the command line asks for."""

    results: Results
    say: Callable[[str], None]
    workloads: Sequence[str] = tuple(workloads.TABLE)
    libraries: Sequence[str] = tuple(LIBRARIES)
    threads: Sequence[int] = (1,)
    rounds: int = 5
    turn_seconds: float = 0.4
    quick: bool = False

    @property
    def most(self) -> int:
        """The number of threads for what is measured with one number only."""
        return max(self.threads)

    def steps(self, name: str) -> int | None:
        """The steps of an epoch: fewer than the workload's own when it must be quick."""
        return max(2, workloads.find(name).steps // 10) if self.quick else None

    def among(self, *libraries: str) -> list[str]:
        return [name for name in libraries if name in self.libraries]


def measure_ceiling(run: Run) -> None:
    isas = machine.describe()["native"]["isas"]
    for threads in run.threads:
        run.say(f"ceiling, {_threads(threads)}")
        run.results.put({"part": "ceiling", **ceiling.measure(threads, isas)})


def measure_training(run: Run) -> None:
    for threads in run.threads:
        for name in run.workloads:
            _side_by_side(run, "training", name, run.libraries, threads)


def measure_float64(run: Run) -> None:
    for name in (name for name in run.workloads if name in ("W1", "W3", "W6")):
        _side_by_side(run, "float64", name, run.among("pellucid", "torch", "jax"), run.most, "float64")


BATCHES, WIDTHS, DEPTHS = (1, 4, 16, 64, 256, 1024), (16, 64, 256, 1024, 2048), (1, 2, 4, 8, 16)


def growth_points(quick: bool) -> dict[str, dict[int, str]]:
    """By what grows, the number of it and the network: wider and deeper than 784-50-10, and other batches."""
    every = 2 if quick else 1
    return {
        "batch": {n: f"784-50-10@{n}" for n in BATCHES[::every]},
        "width": {n: f"784-{n}-10@100" for n in WIDTHS[::every]},
        "depth": {n: f"784-{'100-' * n}10@100" for n in DEPTHS[::every]},
    }


def measure_growth(run: Run) -> None:
    for what, points in growth_points(run.quick).items():
        for size, name in points.items():
            found = {"what": what, "size": size}
            _side_by_side(run, "growth", name, run.among("pellucid", "torch"), run.most, also=found)


def _side_by_side(
    run: Run,
    part: str,
    name: str,
    libraries: Iterable[str],
    threads: int,
    dtype: str = "float32",
    also: Record | None = None,
) -> None:
    """Measure the libraries that can, and note why the others cannot."""
    jobs, workload = [], workloads.find(name)
    # The figures that are quoted come from the most threads; the others have to be quick.
    brief = part != "training" or threads < run.most
    for library in libraries:
        job = Job(library, name, threads, dtype, run.steps(name))
        reason = LIBRARIES[library].why_not(workload, dtype)
        if reason is None:
            jobs.append(job)
        else:
            skipped = {"library": library, "workload": name, "threads": threads, "dtype": dtype}
            run.results.put({"part": part, **skipped, **(also or {}), "skipped": reason})
    measure(
        jobs,
        rounds=min(run.rounds, 3) if brief else run.rounds,
        turn_seconds=run.turn_seconds / 2 if part == "growth" else run.turn_seconds,
        keep=lambda record: run.results.put({"part": part, **record, **(also or {})}),
        say=lambda text: run.say(f"{part}, {_threads(threads)}: {text}"),
    )


def measure_latency(run: Run) -> None:
    needed = {way: packages for way, (_, library, packages, _) in latency.WAYS.items() if _wanted(run, library)}
    records: dict[str, Record] = {way: {"part": "latency", "what": way, "rounds": []} for way in needed}
    for way, packages in needed.items():
        _note_missing(records[way], packages)
    for number in range(min(run.rounds, 3)):
        for way, record in records.items():
            if "skipped" not in record:
                run.say(f"latency, round {number + 1}: {way}")
                _attempt(record, lambda way=way: float(_output("benchmarks.latency", way)))
            run.results.put(record)


def measure_startup(run: Run) -> None:
    records: list[Record] = [{"part": "startup", "what": title, "rounds": []} for title, _, _ in startup.IMPORTS]
    for record, (_, package, _) in zip(records, startup.IMPORTS, strict=True):
        _note_missing(record, [package])
    for number in range(run.rounds + 1):
        run.say(f"imports, round {number} of {run.rounds}")
        for record, (_, _, statement) in zip(records, startup.IMPORTS, strict=True):
            if "skipped" not in record and "failed" not in record:
                _attempt(record, lambda statement=statement: startup.import_seconds(statement))
            if number == 0:
                record["rounds"] = []  # this one has written the bytecode
            run.results.put(record)


def measure_memory(run: Run) -> None:
    """The most memory that two epochs of W5 need above what is in use after the imports."""
    workload = workloads.find("W5")
    for library in run.among("pellucid", "torch", "torch-compile", "jax"):
        run.say(f"memory: {library}")
        record: Record = {"part": "memory", "library": library, "workload": "W5", "threads": run.most}
        reason = LIBRARIES[library].why_not(workload, "float32")
        if reason is not None:
            run.results.put(record | {"skipped": reason})
            continue
        with Worker(Job(library, "W5", run.most, steps=2)) as worker:
            try:
                worker.answer()
                worker.ask(epochs=2)
                found = worker.ask(memory=True)
            except WorkerError as error:
                found = {"failed": str(error)}
        run.results.put(record | (found if found.get("baseline", 0) is not None else {"skipped": "needs Linux"}))


def _wanted(run: Run, library: str) -> bool:
    """Whether it is asked for: what is compared here only, comes with all the others."""
    return library in run.libraries or (library not in LIBRARIES and len(run.libraries) == len(LIBRARIES))


def _note_missing(record: Record, packages: Iterable[str]) -> None:
    for package in packages:
        if find_spec(package) is None:
            record["skipped"] = f"{package} is not installed; pip install {package}"


def _attempt(record: Record, take: Callable[[], float]) -> None:
    try:
        record["rounds"].append(take())
    except subprocess.CalledProcessError as error:
        lines = [line for line in error.stderr.splitlines() if line.strip()]
        record["failed"] = f"exit status {error.returncode}: {lines[-1] if lines else 'without a word'}"


def _output(module: str, *arguments: str) -> str:
    command = [sys.executable, "-m", module, *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def _threads(count: int) -> str:
    return f"{count} thread{'s' * (count > 1)}"


PARTS: dict[str, Callable[[Run], None]] = {
    "ceiling": measure_ceiling,
    "training": measure_training,
    "float64": measure_float64,
    "growth": measure_growth,
    "latency": measure_latency,
    "startup": measure_startup,
    "memory": measure_memory,
}
