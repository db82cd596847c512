"""The README's section "How fast it is", between two markers; put there by `python -m benchmarks --readme`."""

from __future__ import annotations

from pathlib import Path

from benchmarks import report
from benchmarks.results import Results

README = Path(__file__).parent.parent / "README.md"
FIRST, LAST = "<!-- benchmarks -->", "<!-- /benchmarks -->"
BEFORE = "## How it is built"  # where the section goes when it is not there yet


def refresh(results: Results, file: Path = README) -> Path:
    """Replace what stands between the markers, or bring the whole section in.

    Raises: ValueError for a quick run's results, which are none, and for a README without a place for them
    """
    if results.head["settings"]["quick"]:
        raise ValueError("readme: these are a quick run's results; run `make bench`")
    text, block = file.read_text(encoding="utf-8"), f"{FIRST}\n{section(results)}\n{LAST}"
    if FIRST in text and LAST in text:
        start, rest = text.split(FIRST, 1)
        new = start + block + rest.split(LAST, 1)[1]
    elif BEFORE in text:
        new = text.replace(BEFORE, f"## How fast it is\n\n{block}\n\n{BEFORE}", 1)
    else:
        raise ValueError(f"readme: there is neither {FIRST} nor {BEFORE!r} in {file}")
    file.write_text(new, encoding="utf-8")
    return file


def section(results: Results) -> str:
    """The times at the most threads, and where they were taken."""
    threads = report.thread_counts(results)[0]
    machine = results.head["machine"]
    return f"""\
Microseconds a training step, everything included (mini-batch, forward, backward, update), on
{report.count(threads, "thread")} of {machine["processor"]} with {report.count(machine["cores"], "core")}, \
{results.head["date"][:10]}:

{report.times(results, "training", threads)}

`make bench` measures all of it anew; [benchmarks/RESULTS.md](benchmarks/RESULTS.md) has the versions, the spread,
memory, imports, and how it was measured."""
