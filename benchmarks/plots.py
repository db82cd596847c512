"""The plots of results.json, for the eye; not kept in git."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from benchmarks import latency, workloads
from benchmarks.figures import Spread, number, ratios
from benchmarks.flops import training_step
from benchmarks.libraries import LIBRARIES
from benchmarks.report import OURS, count, thread_counts
from benchmarks.results import Record, Results

COLOURS = dict(zip(LIBRARIES, ("#0b6e99", "#e07b39", "#b3541e", "#6a994e", "#8d6a9f", "#8a8d91"), strict=True))
GREY = "#8a8d91"
STYLE: Any = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e4e4e4",
    "figure.facecolor": "white",
    "legend.frameon": False,
}


def draw(results: Results, folder: Path) -> Iterator[Path]:
    """Every plot that there are figures for."""
    folder.mkdir(parents=True, exist_ok=True)
    figures: dict[str, Any] = {}
    with mpl.rc_context(STYLE):
        for threads in thread_counts(results):
            figures[f"steps-{threads}"] = lambda threads=threads: steps(results, threads)
            if results.one("ceiling", threads=threads):
                figures[f"ceiling-{threads}"] = lambda threads=threads: ceiling(results, threads)
        figures |= {"growth": lambda: growth(results), "around": lambda: around(results)}
        for name, make in figures.items():
            figure = make()
            if figure is not None:
                file = folder / f"{name}.png"
                figure.savefig(file, dpi=150)
                yield file


def steps(results: Results, threads: int) -> Figure:
    """A panel for each workload: how many times as long as Pellucid each library takes, with the spread."""
    found = _measured(results, threads)
    names = [name for name in workloads.TABLE if name in found]
    figure = Figure(figsize=(11, 1.2 + 2.4 * ((len(names) + 1) // 2)), layout="constrained")
    figure.suptitle(
        f"Time of a training step relative to Pellucid's, {count(threads, 'thread')} (left of 1: faster; right: slower)"
    )
    panels = figure.subplots((len(names) + 1) // 2, 2, squeeze=False, sharex=True)
    spreads = [_by_ours(found[name], library) for name in names for library in found[name]]
    for name, panel in zip(names, panels.flat, strict=False):
        _step_panel(panel, name, found[name])
    for panel in panels.flat[len(names) :]:
        panel.set_axis_off()
    left, right = min(x.least for x in spreads) / 1.3, max(3, *(x.most for x in spreads))
    panels[0, 0].set_xlim(left, right * (right / left) ** 0.45)  # room for the words
    return figure


def _by_ours(records: dict[str, Record], library: str) -> Spread:
    """How many times as long as Pellucid a library takes, or as the first of them where Pellucid is not there."""
    ours = records.get(OURS) or next(iter(records.values()))
    return ratios(records[library]["rounds"], ours["rounds"])


def _step_panel(panel: Any, name: str, records: dict[str, Record]) -> None:
    panel.set_title(f"{name}  {workloads.TABLE[name].title}", fontsize=9, loc="left")
    shown = [library for library in LIBRARIES if library in records][::-1]
    for row, library in enumerate(shown):
        found = _by_ours(records, library)
        panel.barh(row, found.middle - 1, left=1, color=COLOURS[library], height=0.6)
        panel.plot([found.least, found.most], [row, row], color="#333333", linewidth=1)
        if library == OURS:  # a bar of no length
            panel.plot(1, row, "o", color=COLOURS[library], markersize=5)
        time = f"{number(median(records[library]['rounds']) * 1e6)} µs"
        text = time if library == OURS else f"{number(found.middle)} ×   {time}"
        panel.annotate(text, (max(found.most, 1), row), (6, 0), textcoords="offset points", va="center", fontsize=8)
    panel.set_yticks(range(len(shown)), [LIBRARIES[library].title for library in shown])
    panel.grid(visible=False, axis="y")
    panel.set_xscale("log")
    panel.tick_params(labelbottom=True)
    panel.axvline(1, color="#333333", linewidth=0.8)
    _plain_log(panel.xaxis)


def ceiling(results: Results, threads: int) -> Figure:
    """Which part of the machine's multiply-adds each library uses."""
    record = results.one("ceiling", threads=threads)
    assert record is not None, "the caller has looked"
    found = _measured(results, threads)
    names = [name for name in workloads.TABLE if name in found]
    libraries = [library for library in LIBRARIES if any(library in found[name] for name in names)]
    figure = Figure(figsize=(11, 4.5), layout="constrained")
    axes = figure.subplots()
    width = 0.84 / len(libraries)
    for place, library in enumerate(libraries):
        for column, name in enumerate(names):
            if library in found[name]:
                share = _share(name, found[name][library], record["float32"])
                x = column + (place - (len(libraries) - 1) / 2) * width
                label = LIBRARIES[library].title if column == _first(names, found, library) else None
                axes.bar(x, share, width * 0.9, color=COLOURS[library], label=label)
                axes.annotate(f"{share:.0f}", (x, share), (0, 2), textcoords="offset points", ha="center", fontsize=7)
    axes.set_xticks(range(len(names)), [_wrapped(name) for name in names], fontsize=8)
    axes.grid(visible=False, axis="x")
    axes.set_ylabel("% of the ceiling")
    axes.set_title(
        f"Share of the multiply-add ceiling, {count(threads, 'thread')}, {record['float32'] / 1e9:.0f} GFLOP/s", pad=34
    )
    figure.legend(
        *axes.get_legend_handles_labels(), loc="upper center", ncols=len(libraries), bbox_to_anchor=(0.5, 0.93)
    )
    return figure


def _share(name: str, record: Record, most: float) -> float:
    return 100 * training_step(workloads.find(name)) / most / median(record["rounds"])


def _first(names: Sequence[str], found: dict[str, dict[str, Record]], library: str) -> int:
    """The first column in which the library is, which gives the legend its entry."""
    return next(i for i, name in enumerate(names) if library in found[name])


def _wrapped(name: str) -> str:
    first, *rest = workloads.TABLE[name].title.split(", ")
    return "\n".join([name, first, rest[0]])


def growth(results: Results) -> Figure | None:
    """Three panels: the time of a step as the batch, the width and the depth grow."""
    records = [record for record in results.of("growth") if record.get("rounds")]
    if not records:
        return None
    figure = Figure(figsize=(11, 3.8), layout="constrained")
    panels = figure.subplots(1, 3)
    figure.suptitle(f"Time of a training step, {count(records[0]['threads'], 'thread')}")
    words = {
        "batch": "784-50-10: batch",
        "width": "batch 100: width of the hidden layer",
        "depth": "100 wide: hidden layers",
    }
    for panel, (what, title) in zip(panels, words.items(), strict=True):
        for library in (OURS, "torch"):
            points = sorted(
                (r["size"], median(r["rounds"]) * 1e6) for r in records if (r["what"], r["library"]) == (what, library)
            )
            if points:
                panel.plot(*zip(*points, strict=True), "o-", color=COLOURS[library], label=LIBRARIES[library].title)
        panel.set(xscale="log", yscale="log", xlabel=title)
        panel.set_xticks(sorted({r["size"] for r in records if r["what"] == what}), minor=False)
        panel.xaxis.set_minor_locator(NullLocator())
        panel.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        _plain_log(panel.yaxis)
    panels[0].set_ylabel("µs a step")
    panels[0].legend()
    return figure


def around(results: Results) -> Figure | None:
    """Three panels of bars: the latency of one image, imports, memory."""
    bars = {
        "One image through 784-50-10, µs": [
            (latency.WAYS[r["what"]][0], median(r["rounds"]) * 1e6) for r in results.of("latency") if r["rounds"]
        ],
        "Import, ms": [(r["what"], median(r["rounds"]) * 1e3) for r in results.of("startup") if r["rounds"]],
        "Memory that W5 needs, MiB": [
            (LIBRARIES[r["library"]].title, (r["peak"] - r["baseline"]) / 2**20)
            for r in results.of("memory")
            if "peak" in r
        ],
    }
    bars = {title: found for title, found in bars.items() if found}
    if not bars:
        return None
    figure = Figure(figsize=(4.4 * len(bars), 3.2), layout="constrained")
    for panel, (title, found) in zip(figure.subplots(1, len(bars), squeeze=False).flat, bars.items(), strict=True):
        panel.set_title(title, fontsize=10, loc="left")
        for row, (name, value) in enumerate(found[::-1]):
            panel.barh(row, value, color=COLOURS[OURS] if "Pellucid" in name else GREY, height=0.7)
            panel.annotate(number(value), (value, row), (4, 0), textcoords="offset points", va="center", fontsize=8)
        panel.set_yticks(range(len(found)), [name for name, _ in found[::-1]], fontsize=8)
        panel.set_xlim(0, 1.18 * max(value for _, value in found))
        panel.grid(visible=False, axis="y")
    return figure


def _measured(results: Results, threads: int) -> dict[str, dict[str, Record]]:
    found: dict[str, dict[str, Record]] = {}
    for record in results.of("training", threads=threads):
        if record.get("rounds"):
            found.setdefault(record["workload"], {})[record["library"]] = record
    return found


def _plain_log(axis: Any) -> None:
    """Ticks at 1, 2, 5, 10, ... in place of powers of ten."""
    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter(lambda value, _: f"{value:,g}")
    axis.set_minor_locator(NullLocator())
