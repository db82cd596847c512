"""RESULTS.md: everything in results.json, for people. Never written by hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from statistics import median

from benchmarks import latency, workloads
from benchmarks.figures import number, ratios
from benchmarks.flops import training_step
from benchmarks.libraries import LIBRARIES
from benchmarks.markdown import table
from benchmarks.results import Record, Results

OURS = "pellucid"


def write(results: Results, folder: Path) -> Path:
    file = folder / "RESULTS.md"
    file.write_text("\n\n".join(sections(results)) + "\n", encoding="utf-8")
    return file


def sections(results: Results) -> Iterator[str]:
    yield "# Pellucid side by side with other libraries"
    yield "Written by `python -m benchmarks`; do not edit. `python -m benchmarks --report` draws the plots anew."
    yield where(results)
    for threads in thread_counts(results):
        yield f"## A training step, {count(threads, 'thread')}"
        yield from training(results, threads)
    yield from _section("## In float64", float64(results))
    yield from _section("## As networks and batches grow", growth(results))
    yield from _section("## One image", one_image(results))
    yield from _section("## Imports", imports(results))
    yield from _section("## Memory", memory(results))
    yield from _section("## Not measured", not_measured(results))


def _section(title: str, blocks: Iterator[str]) -> Iterator[str]:
    """The title and what stands under it, if there is anything."""
    found = list(blocks)
    yield from [title, *found] if found else []


def where(results: Results) -> str:
    """The machine, the versions, and how it was measured."""
    head = results.head
    machine, native, settings = head["machine"], head["native"], head["settings"]
    versions = ", ".join(f"{name} {text}" for name, text in head["versions"].items())
    size = f"{count(machine['cores'], 'core')}, {machine['memory_bytes'] / 2**30:.0f} GiB"
    turns = f"{count(settings['rounds'], 'round')} in turn"
    lines = [
        f"Measured {head['date']}" + (", **a quick run: a trial, not a measurement**" if settings["quick"] else ""),
        f"Machine: {machine['processor']}, {size}, {machine['system']}; load at the start {machine['load']:.2f}",
        f"Versions: {versions}; Pellucid's kernels for {native['isa']}, built by {native['compiler']}",
        f"Each library in a process of its own, one running at a time, {turns}",
        "Times are medians; ratios are taken within each round, and their median is given with the least and the most",
        *(_ceiling(record) for record in results.of("ceiling")),
    ]
    return "\n".join(f"- {line}" for line in lines)


def _ceiling(record: Record) -> str:
    isas = ", ".join(f"{isa} {value / 1e9:.0f}" for isa, value in record["isas"].items())
    return (
        f"Ceiling of {count(record['threads'], 'thread')}: {record['float32'] / 1e9:.0f} GFLOP/s in float32 ({isas}), "
        f"{record['float64'] / 1e9:.0f} in float64"
    )


# ---- training


def thread_counts(results: Results) -> list[int]:
    return sorted({record["threads"] for record in results.of("training")}, reverse=True)


def training(results: Results, threads: int) -> Iterator[str]:
    yield "Microseconds a step: mini-batch, forward, backward and update, everything included."
    yield times(results, "training", threads)
    yield "How many times as long as Pellucid:"
    yield compared(results, "training", threads)
    if results.one("ceiling", threads=threads):
        yield "Operations in products and convolutions of a step, and Pellucid's share of the ceiling:"
        yield shares(results, threads)
    yield "Seconds of the first epoch, compiling included:"
    yield first_epochs(results, threads)


def times(results: Results, part: str, threads: int) -> str:
    """Microseconds a step, the shortest of each line in bold."""
    rows = []
    for name, by_library in _lines(results, part, threads).items():
        middles = {library: median(record["rounds"]) * 1e6 for library, record in by_library.items()}
        best = min(middles.values())
        cells = {x: f"**{number(y)}**" if y == best else number(y) for x, y in middles.items()}
        rows.append([_title(name), *(cells.get(library, "—") for library in _libraries(results, part, threads))])
    return table(["", *_titles(results, part, threads)], rows)


def compared(results: Results, part: str, threads: int) -> str:
    """Each other library's time by Pellucid's, round by round: the median ratio, and the least and the most."""
    others = [library for library in _libraries(results, part, threads) if library != OURS]
    rows = []
    for name, by_library in _lines(results, part, threads).items():
        cells = [_ratio(by_library.get(OURS), by_library.get(other)) for other in others]
        rows.append([name, *cells])
    return table(["", *(LIBRARIES[other].title for other in others)], rows)


def _ratio(ours: Record | None, other: Record | None) -> str:
    if ours is None or other is None:
        return "—"
    found = ratios(other["rounds"], ours["rounds"])
    return f"{number(found.middle)} ({number(found.least)}–{number(found.most)})"


def shares(results: Results, threads: int) -> str:
    ceiling = results.one("ceiling", threads=threads)
    assert ceiling is not None, "the caller has looked"
    rows = []
    for name, by_library in _lines(results, "training", threads).items():
        if OURS in by_library:
            operations = training_step(workloads.find(name))
            floor, taken = operations / ceiling["float32"], median(by_library[OURS]["rounds"])
            cells = [number(operations / 1e6), number(floor * 1e6), number(taken * 1e6), f"{100 * floor / taken:.0f} %"]
            rows.append([name, *cells])
    return table(["", "MFLOP", "floor, µs", "Pellucid, µs", "share"], rows)


def first_epochs(results: Results, threads: int) -> str:
    rows = []
    for name, by_library in _lines(results, "training", threads).items():
        cells = {library: number(record["first_epoch"]) for library, record in by_library.items()}
        rows.append([name, *(cells.get(library, "—") for library in _libraries(results, "training", threads))])
    return table(["", *_titles(results, "training", threads)], rows)


def _lines(results: Results, part: str, threads: int) -> dict[str, dict[str, Record]]:
    """By workload and library, what has figures."""
    found: dict[str, dict[str, Record]] = {}
    for record in results.of(part, threads=threads):
        if record.get("rounds"):
            found.setdefault(record["workload"], {})[record["library"]] = record
    return found


def _libraries(results: Results, part: str, threads: int) -> list[str]:
    """Those with any figures, in the order of the table of libraries."""
    found = {library for by_library in _lines(results, part, threads).values() for library in by_library}
    return [library for library in LIBRARIES if library in found]


def _titles(results: Results, part: str, threads: int) -> list[str]:
    return [LIBRARIES[library].title for library in _libraries(results, part, threads)]


def _title(name: str) -> str:
    return f"{name} {workloads.find(name).title}" if name in workloads.TABLE else name


# ---- the other parts


def float64(results: Results) -> Iterator[str]:
    for threads in sorted({record["threads"] for record in results.of("float64")}):
        yield f"Microseconds a step, {count(threads, 'thread')}:"
        yield times(results, "float64", threads)


GROWTH = {
    "batch": "784-50-10, by the size of the batch",
    "width": "784-width-10, batch 100, by the width of the hidden layer",
    "depth": "784-100-...-100-10, batch 100, by the number of hidden layers",
}


def growth(results: Results) -> Iterator[str]:
    for what, title in GROWTH.items():
        sizes: dict[int, dict[str, Record]] = {}
        for record in results.of("growth", what=what):
            if record.get("rounds"):
                sizes.setdefault(record["size"], {})[record["library"]] = record
        rows = [
            [
                str(size),
                *(_time(found.get(library)) for library in (OURS, "torch")),
                _ratio(found.get(OURS), found.get("torch")),
            ]
            for size, found in sorted(sizes.items())
        ]
        if rows:
            yield f"Microseconds a step of {title}:"
            yield table([what, "Pellucid", "PyTorch", "ratio"], rows)


def _time(record: Record | None) -> str:
    return "—" if record is None else number(median(record["rounds"]) * 1e6)


def one_image(results: Results) -> Iterator[str]:
    rows = [
        [latency.WAYS[record["what"]][0], number(median(record["rounds"]) * 1e6)]
        for record in results.of("latency")
        if record["rounds"]
    ]
    if rows:
        yield "Microseconds of a call with one image, 784-50-10, from a NumPy array to a NumPy array; one thread:"
        yield table(["", "µs"], rows)


def imports(results: Results) -> Iterator[str]:
    rows = [[r["what"], number(median(r["rounds"]) * 1000)] for r in results.of("startup") if r["rounds"]]
    if rows:
        yield "Milliseconds of an import in a fresh process:"
        yield table(["", "ms"], rows)


def memory(results: Results) -> Iterator[str]:
    rows = [
        [LIBRARIES[r["library"]].title, _mebibytes(r["baseline"]), _mebibytes(r["peak"] - r["baseline"])]
        for r in results.of("memory")
        if "peak" in r
    ]
    if rows:
        yield "MiB in use after the imports, and how many more it became at most while W5 was trained:"
        yield table(["", "imported", "training"], rows)


def _mebibytes(count: int) -> str:
    return f"{count / 2**20:,.0f}"


def not_measured(results: Results) -> Iterator[str]:
    """Each reason once, with what it concerns."""
    reasons: dict[str, list[str]] = {}
    for record in results.records:
        reason = record.get("skipped") or record.get("failed")
        if reason:
            what = " ".join(str(record[key]) for key in ("library", "workload", "what") if key in record)
            concerned = reasons.setdefault(reason, [])
            if what not in concerned:
                concerned.append(what)
    if reasons:
        yield "\n".join(f"- {', '.join(concerned)}: {reason}" for reason, concerned in reasons.items())


def count(number: int, thing: str) -> str:
    """
    >>> count(2, "core")
    '2 cores'
    """
    return f"{number} {thing}{'s' * (number != 1)}"
