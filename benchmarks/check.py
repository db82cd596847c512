"""The same mathematics? The losses of every library on the embedded digits, from the same weights in the same order.

In float64, so that what differs is not the order of sums. The book adds 1e-7 inside its logarithm, which is the most
that is left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from benchmarks import workloads
from benchmarks.libraries import LIBRARIES
from benchmarks.problem import Job
from benchmarks.turns import Worker, WorkerError

EPOCHS, STEPS = 3, 4
TOLERANCE = 1e-6  # how far the losses may be apart, relatively


@dataclass(frozen=True)
class Compared:
    """A library's losses, and how far they are from the first library's, relatively; or why there are none."""

    library: str
    losses: list[float]
    distance: float = 0.0
    fault: str = ""


def compare(
    workload: str, libraries: Sequence[str], *, steps: int = STEPS, batch: int | None = None
) -> Iterator[Compared]:
    """Train with each library for some epochs; the first one is what the others are compared with."""
    expected: list[float] = []
    for library in libraries:
        reason = LIBRARIES[library].why_not(workloads.find(workload), "float64")
        if reason:
            yield Compared(library, [], fault=reason)
            continue
        with Worker(Job(library, workload, 1, "float64", steps, batch, real=True)) as worker:
            try:
                worker.answer()
                losses = worker.ask(epochs=EPOCHS)["losses"]
            except WorkerError as error:
                yield Compared(library, [], fault=str(error))
                continue
        expected = expected or losses
        yield Compared(library, losses, max(abs(a / b - 1) for a, b in zip(losses, expected, strict=True)))


def run(names: Sequence[str], libraries: Sequence[str], say: Callable[[str], None]) -> bool:
    """Compare all and tell; whether every library that could run came close."""
    good = True
    for name in names:
        for found in compare(name, libraries):
            title = f"{name} {LIBRARIES[found.library].title:22}"
            if found.fault:
                say(f"{title} skipped: {found.fault}")
                continue
            say(f"{title} {'  '.join(f'{loss:.7f}' for loss in found.losses)}  differs by {found.distance:.0e}")
            good &= found.distance < TOLERANCE
    return good
