"""The runs of a program together: its numbers over the seeds, what was not met, and what failed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any

from book import figures, record
from book.record import Record
from pellucid.book import chapters


@dataclass(frozen=True)
class Row:
    """A number over the seeds.  ours, met: one for each seed that came to it"""

    what: str
    book: str
    ours: list[Any]
    met: list[bool]

    @property
    def text(self) -> str:
        return figures.over_seeds(self.ours, figures.digits(self.book))

    @property
    def fault(self) -> str:
        """What is to be said where it is not, or not always, as the book has it."""
        if all(self.met):
            return ""
        return f"met with {sum(self.met)} of {len(self.met)} seeds" if any(self.met) else "not met"


@dataclass(frozen=True)
class Program:
    """wanted: with how many seeds it should have run"""

    name: str
    summary: str
    wanted: int
    records: list[Record]

    @property
    def rows(self) -> list[Row]:
        """Each number with its namesakes of the other seeds; the second of a name in a run is not the first."""
        rows: dict[tuple[str, int], Row] = {}
        for run in self.records:
            seen: list[str] = []
            for number in run.numbers:
                what = number["what"]
                row = rows.setdefault((what, seen.count(what)), Row(what, number["book"], [], []))
                row.ours.append(number["ours"])
                row.met.append(number["met"])
                seen.append(what)
        return list(rows.values())

    @property
    def seconds(self) -> float | None:
        """Of a run that came to its end, on average."""
        whole = [run.seconds for run in self.records if not run.failed]
        return mean(whole) if whole else None

    @property
    def notes(self) -> list[str]:
        return list(dict.fromkeys(note for run in self.records for note in run.notes))

    @property
    def pictures(self) -> list[str]:
        return list(dict.fromkeys(picture for run in self.records for picture in run.pictures))

    @property
    def failures(self) -> list[str]:
        """Each reason once, with the seeds."""
        reasons: dict[str, list[int]] = {}
        for run in self.records:
            if run.failed:
                reasons.setdefault(run.failed, []).append(run.seed)
        return [
            f"failed: {reason}" + (f" (with seed {', '.join(map(str, seeds))})" if self.wanted > 1 else "")
            for reason, seeds in reasons.items()
        ]

    @property
    def missing(self) -> str:
        if not self.records:
            return "no record"
        lacking = self.wanted - len(self.records)
        return f"{len(self.records)} of {self.wanted} seeds" if lacking else ""

    def faults(self) -> Iterator[str]:
        """All that keeps the program from being as the book has it, a line each."""
        yield from (f"{self.name}: {failure}" for failure in self.failures)
        for row in self.rows:
            if row.fault:
                yield f"{self.name}: {row.what}: {row.text}, the book: {row.book}: {row.fault}"


def seeds(name: str, quick: bool) -> int:
    return 1 if quick else chapters.seeds(name)


def gather(out: Path, quick: bool, names: Sequence[str]) -> list[Program]:
    """These programs with the records that there are of them."""
    found = []
    for name in names:
        wanted = seeds(name, quick)
        records = [record.kept(out, name, seed, quick) for seed in range(wanted)]
        found.append(Program(name, chapters.summary(name), wanted, [run for run in records if run is not None]))
    return found
