"""RESULTS.md: every program's numbers beside the book's. Never written by hand."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from benchmarks.figures import number
from benchmarks.markdown import plain, table
from benchmarks.report import count
from book import record
from book.contents import by_chapter
from book.gathered import Program, Row

HEAD = ["program", "number", "the book", "Pellucid", "picture", "seconds"]


def write(programs: Sequence[Program], file: Path) -> Path:
    """Programs are linked to their sources."""

    def source(name: str) -> str:
        return Path(os.path.relpath(record.file(name), file.parent)).as_posix()

    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_suffix(".new")
    beside.write_text(text(programs, source), encoding="utf-8")
    return beside.replace(file)


def text(programs: Sequence[Program], link: Callable[[str], str]) -> str:
    """link: where a program's name leads to"""
    return "\n\n".join(sections(programs, link)) + "\n"


def sections(programs: Sequence[Program], link: Callable[[str], str]) -> Iterator[str]:
    yield "# The books' experiments, number by number"
    yield "Written by `python -m book`, which `make book` calls; do not edit."
    yield "\n".join(f"- {line}" for line in where(programs))
    yield "\n".join(f"- {line}" for line in verdict(programs))
    known = {program.name: program for program in programs}
    for title, names in by_chapter(list(known)).items():
        yield f"## {title}"
        yield table(HEAD, [row for name in names for row in rows(known[name], link(name))], left=5)
        notes = [f"- {name}: {plain(note)}" for name in names for note in known[name].notes]
        if notes:
            yield "What differs from the book:"
            yield "\n".join(notes)


def where(programs: Sequence[Program]) -> Iterator[str]:
    """When, on what and with what it ran; the settings."""
    runs = [run for program in programs for run in program.records if run.where]
    if not runs:
        yield "Nothing has been run"
        return
    quick = ", **with quick settings: a trial, less is computed than in the book**" if runs[0].quick else ""
    dates = sorted({run.where["date"] for run in runs})
    yield f"Run {' to '.join(dict.fromkeys((dates[0], dates[-1])))}{quick}"
    yield f"Machine: {'; '.join(dict.fromkeys(_machine(run) for run in runs))}"
    yield f"Versions: {_versions(runs)}"
    seconds = number(sum(run.seconds for run in runs))
    yield f"{count(len(runs), 'run')}, each in a process of its own, {seconds} seconds in all, imports not counted"
    yield (
        "Where chance matters: the mean over the seeds 0, 1, ... ± their standard deviation; "
        "the seconds are the mean of a run"
    )


def _machine(run: record.Record) -> str:
    machine = run.where["machine"]
    size = f"{count(machine['cores'], 'core')}, {machine['memory_bytes'] / 2**30:.0f} GiB"
    return f"{machine['processor']}, {size}, {machine['system']}"


def _versions(runs: Sequence[record.Record]) -> str:
    """Of each thing its version, or its versions where the runs had several."""
    found: dict[str, dict[str, None]] = {}
    for run in runs:
        for name, text in {**run.where["versions"], "kernels for": run.where["native"]["isa"]}.items():
            found.setdefault(name, {})[str(text)] = None
    return ", ".join(f"{name} {' and '.join(texts)}" for name, texts in found.items())


def verdict(programs: Sequence[Program]) -> Iterator[str]:
    """How many numbers are met, of how many programs; then all that is not, and what is lacking."""
    found = [row for program in programs for row in program.rows]
    met = sum(not row.fault for row in found)
    ran = sum(bool(program.records) for program in programs)
    yield f"**{met} of {count(len(found), 'number')} met; {ran} of {count(len(programs), 'program')} have run**"
    yield from (f"**{plain(fault)}**" for program in programs for fault in program.faults())
    lacking = [program.name for program in programs if not program.records]
    if lacking:
        yield f"No record, or one of an older source: {', '.join(lacking)}"
    yield from (
        f"{program.name} has run with {program.missing}" for program in programs if program.records and program.missing
    )


def rows(program: Program, link: str) -> list[list[str]]:
    """A program's lines of the table: its name, picture and time beside its first number."""
    seeds = f", {program.wanted} seeds" if program.wanted > 1 else ""
    name = f"[{program.name}]({link}){seeds}"
    time = "—" if program.seconds is None else number(program.seconds)
    pictures = ", ".join(f"`{picture}`" for picture in program.pictures) or "—"
    lines = [[plain(row.what), plain(row.book), ours(row)] for row in program.rows]
    lines += [["", "", f"**{plain(failure)}**"] for failure in program.failures]
    lines = lines or [["", "", program.missing or "no number"]]
    first, *others = lines
    return [[name, *first, pictures, time], *(["", *line, "", ""] for line in others)]


def ours(row: Row) -> str:
    return plain(row.text) + (f" **({row.fault})**" if row.fault else "")
