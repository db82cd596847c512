"""Explain: a plan in words, and where its time goes."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from pellucid.engines.native.ceiling import flops_of_a_thread
from pellucid.engines.native.lower import PRODUCTS
from pellucid.engines.native.memory import View
from pellucid.engines.native.patterns import nbytes

if TYPE_CHECKING:
    from pellucid.engines.native.assemble import LineTask
    from pellucid.engines.native.engine import NativePlan
    from pellucid.engines.native.lower import Line

SECONDS, FEWEST = 0.25, 5  # how long to run for the whole, and again for the lines; the fastest run counts
WIDTH = 110


def explain(plan: NativePlan, arrays: Sequence[np.ndarray]) -> str:
    """The simplified graph, what it was fused into, the memory, and each line of the plan with its time.

    arrays: inputs to run it on; nothing is done with what comes out
    """
    operations = [node for node in plan.graph.nodes if node.primitive is not None]
    groups = [group for group in plan.groups if group[0].primitive is not None]
    phases, lines = plan.assembled.phases, plan.assembled.lines
    shared = sum(phase.shared for phase in phases) or "none"
    counts = f"{_count(len(groups), 'group')} as {_count(len(lines), 'kernel call')}, {_count(len(phases), 'phase')}"
    return "\n".join(
        [
            f"simplified: {_count(len(operations), 'operation')}",
            str(plan.graph),
            "",
            f"fused: {counts}, {shared} of them shared by all threads",
            "",
            "memory",
            *_memory(plan),
            "",
            *_time(plan, arrays),
        ]
    )


def _memory(plan: NativePlan) -> Iterator[str]:
    whole = plan.assembled
    for size, what in (
        (whole.arena_bytes, "for what lies between the operations, used again and again"),
        (whole.local_bytes, "for each thread"),
        (len(whole.constants), "of constants"),
        (sum(map(nbytes, plan.graph.inputs)), "of inputs, state included"),
        (sum(map(nbytes, plan.graph.outputs)), "of outputs, new state included"),
    ):
        yield f"{size / 1024:12,.1f} KiB {what}"


# ---- time


def _time(plan: NativePlan, arrays: Sequence[np.ndarray]) -> Iterator[str]:
    shared = any(phase.shared for phase in plan.assembled.phases)
    threads = import_module("pellucid._native").threads() if shared else 1
    whole, spent = _measured(plan, arrays)
    yield f"time: {whole * 1e6:,.2f} µs a run on {_count(threads, 'thread')}"
    yield from _against_the_limit(plan, whole, threads)
    yield ""
    yield f"{'µs':>9} {'share':>6} {'Gop/s':>7} {'limit':>5} {'GB/s':>6}  {'kernel':23} {'result':20} operations"
    seconds = iter(spent)
    for number, phase in enumerate(plan.assembled.phases, 1):
        lines = [(task, line, next(seconds)) for task in phase.tasks for line in task.lines]
        how = "shared by all threads" if phase.shared and threads > 1 else "on one thread"
        yield f"{_columns(math.fsum(s for _, _, s in lines), whole)}  phase {number}, {how}"
        for task, line, s in lines:
            yield _row(task, line, s, whole, threads)
    yield f"{_columns(max(whole - math.fsum(spent), 0.0), whole)}  the call itself, and threads that wait for others"
    yield ""
    yield "µs: of all threads, divided by their number. Gop/s, GB/s: of one thread while it works; a multiply-add is"
    yield "two. limit: of what a thread does with multiply-adds in registers. 4 × 25×10: in four blocks of rows."


def _against_the_limit(plan: NativePlan, seconds: float, threads: int) -> Iterator[str]:
    """How fast all products and convolutions are, and how fast they could be."""
    work: Counter[str] = Counter()
    for phase in plan.assembled.phases:
        for task in phase.tasks:
            for line in task.lines:
                if line.kernel.startswith(PRODUCTS):
                    work[str(line.writes[0].dtype)] += _work(task, line)
    for dtype, operations in work.items():
        reached, limit = operations / seconds / 1e9, flops_of_a_thread(dtype) * threads / 1e9
        yield (
            f"      {operations / 1e6:,.3g} MFLOP in {dtype} products, {reached:,.3g} GFLOP/s: "
            f"{100 * reached / limit:.0f} % of the {limit:,.0f} that {_count(threads, 'core')} can do"
        )


def _row(task: LineTask, line: Line, seconds: float, whole: float, threads: int) -> str:
    core = max(seconds * threads, 1e-12)  # of one thread that does it all
    operations, moved = _work(task, line), max(task.blocks, 1) * sum(map(_touched, line.views))
    limit = ""
    if line.kernel.startswith(PRODUCTS):
        limit = f"{100 * operations / core / flops_of_a_thread(str(line.writes[0].dtype)):.0f}%"
    blocks = f"{task.blocks} × " if task.blocks > 1 else ""
    result = f"{blocks}{_shape(line.writes[0])}"
    numbers = f"{operations / core / 1e9:7.1f} {limit:>5} {moved / core / 1e9:6.1f}"
    kernel = line.kernel.removesuffix("_float32").removesuffix("_float64")
    text = f"{_columns(seconds, whole)} {numbers}  {kernel:23} {result:20} {_operations(line.what)}"
    return text if len(text) <= WIDTH else text[: WIDTH - 1] + "…"


def _columns(seconds: float, whole: float) -> str:
    return f"{seconds * 1e6:9.2f} {100 * seconds / whole:5.1f}%"


def _measured(plan: NativePlan, arrays: Sequence[np.ndarray]) -> tuple[float, list[float]]:
    """Seconds of a run, and of each line in it: the fastest of many, each by itself."""
    run, native = plan.bound(arrays), plan.native
    whole = min(_repeated(run))
    best = [math.inf] * len(plan.assembled.lines)
    native.timing = True
    native.times()
    try:
        for _ in _repeated(run):
            best = list(map(min, best, native.times()))
    finally:
        native.timing = False
    return whole, [nanoseconds / 1e9 for nanoseconds in best]


def _repeated(run: Callable[[Sequence[np.ndarray]], Any]) -> Iterator[float]:
    """Run for a while; the seconds of each run."""
    runs, end = 0, time.perf_counter() + SECONDS
    while runs < FEWEST or time.perf_counter() < end:
        begin = time.perf_counter()
        run(())
        yield time.perf_counter() - begin
        runs += 1


# ---- words and numbers


def _work(task: LineTask, line: Line) -> int:
    return line.work * max(task.blocks, 1)


def _touched(view: View) -> int:
    """Bytes that are read or written; what is broadcast counts once."""
    return math.prod(n for n, s in zip(view.shape, view.strides, strict=True) if s) * view.dtype.itemsize


def _operations(names: str) -> str:
    """add add exp → add×2 exp"""
    return " ".join(name if n == 1 else f"{name}×{n}" for name, n in Counter(names.split()).items())


def _shape(view: View) -> str:
    shape = "×".join(map(str, view.shape)) or "1"
    return shape if view.dtype == np.float32 else f"{shape} {view.dtype}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1)}"
