"""Explain: a plan in words, and where its time goes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pellucid.engines.native.engine import NativePlan
    from pellucid.engines.native.lower import Line


def explain(plan: NativePlan, arrays: Sequence[np.ndarray], runs: int) -> str:
    """The simplified graph, the groups, the memory, and each line of the plan with its time over some runs."""
    seconds = _times(plan, arrays, runs)
    groups = sum(group[0].primitive is not None for group in plan.groups)
    kibibytes = plan.assembled.arena_bytes / 1024
    head = [
        "simplified graph",
        str(plan.graph),
        "",
        f"{groups} groups, {len(plan.assembled.lines)} kernel calls, {kibibytes:,.0f} KiB for what lies between",
        "",
        f"{'µs':>9} {'share':>6} {'Gop/s':>7} {'GB/s':>6}  kernel",
    ]
    total = math.fsum(seconds) or 1.0
    return "\n".join([*head, *(_row(line, s, total) for line, s in zip(plan.assembled.lines, seconds, strict=True))])


def _row(line: Line, seconds: float, total: float) -> str:
    moved = sum(view.size * view.dtype.itemsize for view in line.views)
    rates = (line.work / seconds / 1e9, moved / seconds / 1e9) if seconds else (0.0, 0.0)
    numbers = f"{seconds * 1e6:9.2f} {100 * seconds / total:5.1f}% {rates[0]:7.1f} {rates[1]:6.1f}"
    return f"{numbers}  {line.kernel}: {line.what}"


def _times(plan: NativePlan, arrays: Sequence[np.ndarray], runs: int) -> list[float]:
    """Seconds of each line in the mean run, after one to warm up."""
    native = plan.native
    plan(arrays)
    native.timing = True
    native.times()
    try:
        for _ in range(runs):
            plan(arrays)
        return [nanoseconds / 1e9 / runs for nanoseconds in native.times()]
    finally:
        native.timing = False
