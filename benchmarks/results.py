"""results.json: what was measured, where and with what; written anew after each measurement."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Record = dict[str, Any]
KEY = ("part", "library", "workload", "threads", "dtype", "what")


@dataclass
class Results:
    """The head (machine, versions, date, settings) and a list of records, one for each thing that was measured."""

    file: Path
    head: Record = field(default_factory=dict)
    records: list[Record] = field(default_factory=list)

    def put(self, record: Record) -> None:
        """Take a record in, in the place of an older one of the same thing, and write the file."""
        same = [i for i, old in enumerate(self.records) if _key(old) == _key(record)]
        if same:
            self.records[same[0]] = record
        else:
            self.records.append(record)
        self.write()

    def write(self) -> None:
        """Beside the file, then renamed into place: a run that is broken off leaves what it had."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        beside = self.file.with_suffix(".new")
        lines = ",\n".join(f"  {json.dumps(record, ensure_ascii=False)}" for record in self.records)
        head = json.dumps(self.head, indent=1, ensure_ascii=False)
        beside.write_text(f'{{"head": {head},\n"records": [\n{lines}\n]}}\n', encoding="utf-8")
        beside.replace(self.file)

    def of(self, part: str, **wanted: Any) -> list[Record]:
        """The records of a part of the benchmarks that have these values."""
        return [r for r in self.records if r["part"] == part and all(r.get(k) == v for k, v in wanted.items())]

    def one(self, part: str, **wanted: Any) -> Record | None:
        return next(iter(self.of(part, **wanted)), None)


def read(file: Path) -> Results:
    """Raises: FileNotFoundError when nothing was measured yet"""
    stored = json.loads(file.read_text(encoding="utf-8"))
    return Results(file, stored["head"], stored["records"])


def _key(record: Record) -> tuple[Any, ...]:
    return tuple(record.get(name) for name in KEY)
